"""How a row is timed and its memory told, against workers whose every call is known."""

from __future__ import annotations

import os
import random
import time
from types import SimpleNamespace

import pytest

from fixtures import timing
from fixtures.describe import describe_memory
from fixtures.pairs import Pairs
from fixtures.probes import conditions
from fixtures.worker import session
from reports.record import PairedTimes


class Row:
    def __init__(self, batch=1):
        case = SimpleNamespace(id="m:x:cpu", device="cpu", method=SimpleNamespace(name="x"))
        self.case, self.conditions = case, {"batch": batch}
        self.measurements, self.absent, self.warnings, self.times = {}, {}, [], None

    def add(self, name, value, unit, direction, role, n=1, **more):
        self.measurements[name] = SimpleNamespace(value=value, unit=unit, n=n, **more)


class Worker:
    """The first call takes a second, the next ones `call_s`."""

    def __init__(self, call_s):
        self.call_s, self.calls, self.spent_s, self.pid = call_s, [], 0.0, os.getpid()

    def call(self, command, **asked):
        self.calls.append(command)
        spent = self.call_s if "warm" in self.calls else 1.0
        return {"ns": spent * 1e9, "cpu_ns": spent * 1e9}


class Benchmark:
    disabled = False

    def pedantic(self, target, setup, teardown, rounds, iterations):
        for _ in range(rounds):
            setup()
            target()
            teardown()


@pytest.fixture
def timed(monkeypatch):
    monkeypatch.setattr(conditions, "snapshot", lambda device="cpu": {})
    monkeypatch.setattr(conditions, "between", lambda before, after: {})
    monkeypatch.setattr(conditions, "taint", lambda before, after: "")
    options = SimpleNamespace(seed=0, case_timeout=9.0, case_seconds=0.01)
    bench = SimpleNamespace(options=options, say=lambda text: None, warm=lambda worker: worker.call("warm"))
    candidate, reference, row = Worker(0.001), Worker(0.004), Row(batch=4)
    timing.take_times(row, bench, Benchmark(), candidate, reference)
    return row, candidate, reference


def test_both_sides_are_warm_before_the_first_timed_call_m1(timed):
    row, candidate, reference = timed
    assert (candidate.calls[0], reference.calls[0]) == ("warm", "warm")
    assert max(row.times.candidate_s) == 0.001  # neither cold call of a second is among the samples
    assert max(row.times.original_s) == 0.004


def test_a_row_has_twenty_pairs_or_more_and_an_interval_m3(timed):
    row, _, _ = timed
    assert len(row.times.candidate_s) == len(row.times.original_s) >= 20
    assert row.measurements["latency"].low <= row.measurements["latency"].value <= row.measurements["latency"].high


def test_a_batch_of_four_is_told_per_sample_in_seconds_m21(timed):
    row, _, _ = timed
    assert row.measurements["latency"].value == pytest.approx(0.001 / 4)
    assert row.measurements["latency_batch"].value == pytest.approx(0.001)
    assert row.measurements["throughput"].value == pytest.approx(4000)
    assert {row.measurements[name].unit for name in ("latency", "latency_batch")} == {"s"}


def test_who_runs_first_is_drawn_for_every_pair():
    pairs = Pairs(Worker(0.001), Worker(0.001), random.Random(0), 9.0)
    for _ in range(40):
        pairs.before()
        pairs.call_candidate()
        pairs.after()
    assert 0 < sum(pairs.original_first) < 40


def test_one_pair_of_slow_calls_is_pilot_enough_and_quick_ones_have_six():
    for call_s, number in ((5.1, 1), (4.9, timing.PILOT_PAIRS)):
        quick, slow = Worker(0.5), Worker(call_s)
        for worker in (quick, slow):
            worker.call("warm")
        pairs = Pairs(quick, slow, random.Random(0), 9.0)
        timing.pilot(pairs)
        assert len(pairs.original_s) == number


def test_a_warm_up_ends_with_a_call_that_takes_longer_than_it_may():
    class Slow:
        def run(self, batch):
            time.sleep(0.02)

    state = {"session": Slow(), "batch": None}
    assert session.warm(state, 3, 0.0, most=0.01)["calls"] == 1
    assert session.warm(state, 3, 0.0, most=9.0)["calls"] == 3


def test_a_timed_call_prepares_nothing_m34():
    """Inputs are made when the artifact is loaded; a session that would make them inside a call fails here."""

    class Session:
        def prepare(self, batch):
            raise AssertionError("inputs were prepared inside the timed region")

        def run(self, prepared):
            assert prepared == "prepared"

    state = {"session": Session(), "batch": "prepared"}
    assert session.run(state)["ns"] > 0
    assert session.warm(state, 3, 0.0, 60.0)["calls"] == 3
    assert len(session.loop(state, 2)["ns"]) == 2


def test_the_column_of_ram_is_what_the_model_adds_and_the_absolute_peak_has_a_name_of_its_own_m19():
    row = Row()
    phases = {
        "imports": {"rss_bytes": 300, "peak_bytes": 310, "anonymous_bytes": 1},
        "load": {"rss_bytes": 700, "peak_bytes": 900, "anonymous_bytes": 1},
        "steady": {"rss_bytes": 720, "peak_bytes": 730, "anonymous_bytes": 1},
    }
    describe_memory(row, {"phases": phases, "exact": True, "resident_bytes": 710, "vram": None})
    assert row.measurements["ram"].value == 900 - 300
    assert row.measurements["ram"].primary
    assert row.measurements["ram_peak"].value == 900
    assert not hasattr(row.measurements["ram_peak"], "primary")
    # M14: without a GPU there is no VRAM, and nothing else stands in for it
    assert "vram" not in row.measurements
    assert row.absent["vram"] == "measured on the GPU only"


def test_disturbed_calls_are_no_part_of_the_latency_while_enough_others_are_left():
    calls = (1.0,) * 8 + (9.0,) * 4
    for disturbed, median, said in ((4, 1.0, "4 disturbed ones left out"), (0, 1.0, "12 calls")):
        row = Row()
        row.times = PairedTimes(calls, calls, (True,) * 12, {str(11 - index): "steal" for index in range(disturbed)}, calls)
        timing.add_latency(row)
        assert row.measurements["latency"].value == median
        assert row.measurements["latency"].n == 12 - disturbed
        assert said in row.measurements["latency"].note
    row.times = PairedTimes(calls, calls, (True,) * 12, {str(index): "steal" for index in range(8)}, calls)
    timing.add_latency(row)  # four undisturbed calls give no interval
    assert row.measurements["latency"].n == 12
    assert "8 of them disturbed" in row.measurements["latency"].note
