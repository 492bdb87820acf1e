"""What a long run shows, on a real pseudo-terminal and in a log; and that nothing wakes up while a call is timed."""

import os
import pty
import re
import select
import threading
import time
from types import SimpleNamespace

import pytest

from fixtures.live_line import LiveLine
from fixtures.progress import Progress, cut
from fixtures.remaining import left_s, rough
from tests.samples.build import row

CASES = ["m:original:cpu", "m:onnx:cpu", "m:prune50:cpu"]


class Reporter:
    """pytest's terminal reporter, as far as the progress uses it."""

    def __init__(self, stream=None, markup=False):
        self._tw = SimpleNamespace(hasmarkup=markup, _file=stream)
        self.lines = []

    def ensure_newline(self):
        pass

    def write_line(self, text):
        self.lines.append(text)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.delenv("CI", raising=False)
    ours, theirs = pty.openpty()

    def shown():
        text = b""
        while select.select([ours], [], [], 0.1)[0]:  # the kernel hands on what was written a little later
            text += os.read(ours, 1 << 16)
        return text.decode()

    with os.fdopen(theirs, "w") as stream:
        yield SimpleNamespace(stream=stream, shown=shown)
    os.close(ours)


def progress(terminal, **more):
    expected = {"m:original:cpu": 20.0, "m:onnx:cpu": 20.0, "m:prune50:cpu": 60.0}
    return Progress(Reporter(terminal.stream, markup=True), None, CASES, **{"quiet": False, "expected": expected, **more})


def test_a_terminal_shows_the_case_its_phase_and_how_long_the_rest_will_take(terminal):
    found = progress(terminal)
    found.begin("m:original:cpu")
    found.say("building: onnx")
    assert re.search(r"\[1/3\] m:original:cpu building: onnx 0 s \| 0 s so far, about 2 min left", terminal.shown())
    found.end(row("m", "original", status="unavailable", reason="no CUDA", seconds=2.0))
    assert terminal.shown().endswith("[1/3] m:original:cpu unavailable: no CUDA (2.0 s)\r\r\n")
    found.begin("m:onnx:cpu")
    assert "[2/3] m:onnx:cpu starting" in terminal.shown()


def test_the_line_runs_on_while_something_untimed_is_awaited_and_rests_otherwise(terminal):
    line = LiveLine(os.dup(terminal.stream.fileno()), lambda width: "line", tick_s=0.01)
    with line.ticking():
        time.sleep(0.2)
    assert terminal.shown().count("line") > 3
    # Nothing may wake up while a call is timed: there is no thread left that could.
    assert "progress" not in [thread.name for thread in threading.enumerate()]
    time.sleep(0.05)
    assert terminal.shown() == ""


def test_a_phase_by_itself_starts_no_thread(terminal):
    found = progress(terminal)
    before = threading.active_count()
    found.begin("m:onnx:cpu")
    found.say("timing")
    assert threading.active_count() == before
    with found.waiting():
        assert threading.active_count() == before + 1
        found.say("step 3/300")
    assert threading.active_count() == before


def test_a_log_gets_finished_lines_only_and_quiet_nothing(terminal, monkeypatch):
    monkeypatch.setenv("CI", "true")
    found = progress(terminal)
    assert found.live is None
    found.begin("m:onnx:cpu")
    found.say("timing")
    assert found.reporter.lines == []
    found.end(row("m", "onnx", status="failed", reason="it hung", seconds=3.0))
    assert found.reporter.lines == ["[1/3] m:onnx:cpu failed: it hung (3.0 s); about 1 min left"]
    quiet = progress(terminal, quiet=True)
    quiet.begin("m:onnx:cpu")
    quiet.end(row("m", "onnx", status="failed", reason="it hung"))
    assert (quiet.reporter.lines, terminal.shown()) == ([], "")


def finish(progress, case, seconds=0.01, **row_fields):
    model, method, device = case.split(":")
    progress.begin(case)
    progress.end(row(model, method, device, seconds=seconds, **row_fields))


NO_GPU = {"status": "unavailable", "reason": "no GPU"}


def test_the_cases_that_a_device_cannot_run_are_one_line_with_their_number_and_reasons(monkeypatch):
    monkeypatch.setenv("CI", "true")
    cases = [
        f"{model}:{method}:{device}" for model in "mn" for device in ("cpu", "cuda") for method in ("original", "bf16", "onnx")
    ]
    found = Progress(Reporter(), None, cases, quiet=False, expected={})
    for case in cases[:3]:
        finish(found, case, seconds=4.0, status="failed", reason="it hung")
    finish(found, "m:original:cuda", **NO_GPU)
    finish(found, "m:bf16:cuda", **NO_GPU)
    finish(found, "m:onnx:cuda", status="not-applicable", reason="no kernels")
    assert len(found.reporter.lines) == 3  # held back until it is known that there are no more
    finish(found, "n:original:cpu", seconds=4.0, status="failed", reason="it hung")
    assert found.reporter.lines[3:] == [
        "[ 4-6/12] m on cuda 2 unavailable: no GPU; 1 not-applicable: no kernels",
        "[ 7/12] n:original:cpu failed: it hung (4.0 s)",
    ]
    finish(found, "n:original:cuda", **NO_GPU)
    found.close()
    assert found.reporter.lines[5:] == ["[ 8/12] n:original:cuda unavailable: no GPU (0.0 s)"]
    found.close()
    assert len(found.reporter.lines) == 6


def test_what_took_time_to_find_out_has_a_line_of_its_own(monkeypatch):
    monkeypatch.setenv("CI", "true")
    found = Progress(Reporter(), None, CASES, quiet=False, expected={})
    finish(found, "m:onnx:cpu", seconds=9.0, status="not-applicable", reason="only 10.6 % is in linear layers")
    assert found.reporter.lines == ["[1/3] m:onnx:cpu not-applicable: only 10.6 % is in linear layers (9.0 s)"]


def test_the_live_line_never_wraps(terminal):
    found = progress(terminal)
    found.begin("m:onnx:cpu")
    found.phase = "building: " + "x" * 300
    for width in (40, 60, 80, 200):
        assert len(found.text(width)) < width
    assert found.text(80).endswith("left")
    assert cut("abcdef", 4) == "abc…"


def test_what_is_left_follows_the_pace_of_the_finished_cases():
    expected = {"a": 30.0, "b": 60.0, "c": 0.0}
    assert left_s(expected, {}, ["a", "b", "c"]) == 90
    assert left_s(expected, {}, ["a", "b"], running_s=10) == 80
    assert left_s(expected, {}, ["a", "b"], running_s=100) == 60
    # 30 s were expected and 90 taken, with 30 s of belief: (90 + 30) / (30 + 30) = 2.
    assert left_s(expected, {"a": 90.0}, ["b", "c"]) == 120
    # Re-used and impossible rows take no time and say nothing about the pace.
    assert left_s(expected, {"a": 0.01, "c": 0.0}, ["b"]) == 60
    assert left_s(expected, {}, ["unheard-of"]) is None


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59, "59 s"), (59.6, "1 min"), (290, "5 min"), (3900, "1 h 05 min")])
def test_durations_are_no_finer_than_the_estimate(seconds, text):
    assert rough(seconds) == text
