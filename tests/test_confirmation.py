"""When a close verdict on speed stands: on fresh processes that say the same, by undisturbed pairs."""

import random
from contextlib import contextmanager
from dataclasses import replace

import pytest

from fixtures import confirmation
from fixtures.pairs import Pairs
from fixtures.probes import conditions
from reports.speed import CONFIRMATIONS, speedup
from tests.samples.build import row


class Worker:
    def __init__(self, seconds):
        self.seconds, self.spent_s = seconds, 0.0

    def call(self, command, timeout):
        return {"ns": self.seconds * 1e9, "cpu_ns": self.seconds * 1e9}


@pytest.fixture
def machine(monkeypatch):
    """Says of every pair whether it was disturbed."""
    state = {"disturbed": False}
    monkeypatch.setattr(conditions, "snapshot", lambda device="cpu": {})
    monkeypatch.setattr(conditions, "taint", lambda before, after: "steal" if state["disturbed"] else "")
    return state


def measured(machine, first, fresh, disturbed=(), method="quick", each=8):
    """The row of a case that runs at `first` times the original's speed, and at `fresh[i]` in its i-th confirming process."""
    pairs = Pairs(Worker(1.0 / first), Worker(1.0), random.Random(0), 9.0)
    for _ in range(20):
        pairs.one()
    speeds = iter(enumerate(fresh))

    @contextmanager
    def new():
        number, speed = next(speeds)
        pairs.candidate, machine["disturbed"] = Worker(1.0 / speed), number in disturbed
        yield

    process = confirmation.confirm(pairs, method, each, new, lambda text: None)
    return row("m", method, times=replace(pairs.times(), process=process))


def test_four_processes_that_say_the_same_confirm_a_close_verdict(machine):
    found = measured(machine, 1.1, [1.09, 1.12, 1.08, 1.1])
    assert speedup(found).verdict == "faster"
    assert sorted(set(found.times.process)) == [0, 1, 2, 3, 4]
    assert speedup(measured(machine, 0.9, [0.91, 0.9, 0.92, 0.9])).verdict == "slower"


@pytest.mark.parametrize("other", [1.0, 1.015, 0.9])
def test_the_first_process_that_does_not_agree_ends_it(machine, other):
    found = measured(machine, 1.1, [1.1, other, 1.1, 1.1])
    assert speedup(found).verdict == "unsure"
    assert max(found.times.process) == 2


def test_a_disturbed_process_confirms_nothing_however_it_reads(machine):
    found = measured(machine, 1.1, [1.1, 1.1, 1.1, 1.1], disturbed={1})
    assert speedup(found).verdict == "unsure"
    assert max(found.times.process) == 2


def test_disturbed_pairs_do_not_hide_a_process_that_disagrees(machine, monkeypatch):
    """Five pairs of the second process read 1.3x but were disturbed; the three that count read 1.0x."""
    pairs = Pairs(Worker(1.0 / 1.1), Worker(1.0), random.Random(0), 9.0)
    for _ in range(20):
        pairs.one()

    @contextmanager
    def new():
        yield
        # What the pairs of this process were is rewritten before it is judged.
        for index in range(len(pairs.candidate_s) - 8, len(pairs.candidate_s)):
            last = index >= len(pairs.candidate_s) - 5
            pairs.candidate_s[index] = 1.0 / 1.3 if last else 1.0
            if last:
                pairs.tainted[str(index)] = "steal"

    process = confirmation.confirm(pairs, "quick", 8, new, lambda text: None)
    assert max(process) == 1
    assert speedup(row("m", "quick", times=replace(pairs.times(), process=process))).verdict == "unsure"


def test_a_far_verdict_needs_no_confirmation_except_of_the_original_against_itself(machine):
    assert measured(machine, 2.0, []).times.process == ()
    assert speedup(measured(machine, 2.0, [])).verdict == "faster"
    found = measured(machine, 2.0, [2.0, 1.0], method="original")
    assert speedup(found).verdict == "unsure"


def test_a_close_verdict_of_a_record_that_was_never_confirmed_is_unsure(machine):
    times = measured(machine, 1.1, [1.1] * CONFIRMATIONS).times
    assert speedup(row("m", "quick", times=replace(times, process=()))).verdict == "unsure"
    assert (
        speedup(row("m", "quick", times=replace(times, process=tuple(i % 3 for i in range(len(times.candidate_s)))))).verdict
        == "unsure"
    )


@pytest.mark.parametrize(("pair_s", "each"), [(0.001, 20), (0.1, 15), (0.25, 6), (30.0, 6)])
def test_slow_calls_are_confirmed_with_fewer_pairs(pair_s, each):
    assert confirmation.pairs_each(pair_s, 6.0) == each


def test_fresh_processes_that_would_not_fit_are_not_started(tmp_path):
    for pid, size in (("11", 7_000_000), ("12", 6_000_000)):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "status").write_text(f"Name:\tpython\nVmRSS:\t{size} kB\n", encoding="utf-8")
    for free, said in ((13_000_001, ""), (12_000_000, "two more processes need 13.0 GB, 12.0 GB are free")):
        (tmp_path / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {free} kB\n", encoding="utf-8")
        assert confirmation.lacking_memory(11, 12, proc=tmp_path) == said
    assert confirmation.lacking_memory(11, 13, proc=tmp_path) == ""
