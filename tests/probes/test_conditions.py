"""What happened around a round, read from written-down /proc files."""

import os
import time

import pytest

from fixtures.probes import conditions

CPU = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
BEFORE = {
    "monotonic_s": 10.0,
    "steal_s": {"cpu0": 1.0, "cpu1": 5.0},
    "throttled": 3,
    "context_switches": 100,
    "load_average": 1.0,
}


def after(**changed):
    return {**BEFORE, "monotonic_s": 11.0, **changed}


def test_an_undisturbed_round_is_not_tainted():
    assert conditions.taint(BEFORE, after()) is None
    assert conditions.taint(BEFORE, after(steal_s={"cpu0": 1.04, "cpu1": 5.0})) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"steal_s": {"cpu0": 1.06, "cpu1": 5.0}}, "hypervisor"),
        ({"throttled": 4}, "throttled"),
        ({"foreign_gpu_processes": [4242]}, "another process used the GPU"),
    ],
)
def test_a_disturbed_round_is_tainted_with_the_reason(changed, reason):
    assert reason in conditions.taint(BEFORE, after(**changed))


def test_a_record_keeps_what_changed_between_two_snapshots():
    found = conditions.between(BEFORE, after(steal_s={"cpu0": 1.0, "cpu1": 5.5}, context_switches=160))
    assert found == {"load_average": 1.0, "steal_share": 0.5, "context_switches": 60, "throttled": 0}


def test_a_snapshot_reads_steal_and_switches_of_our_cores(tmp_path):
    stat = tmp_path / "stat"
    stat.write_text(f"cpu  9 9 9 9 9 9 9 9 0 0\ncpu{CPU} 1 0 2 300 4 0 0 50 0 0\ncpu9999 0 0 0 0 0 0 0 99 0 0\nctxt 1234\n")
    found = conditions.snapshot(stat=stat)
    assert found["steal_s"] == {f"cpu{CPU}": pytest.approx(50 / os.sysconf("SC_CLK_TCK"))}
    assert found["context_switches"] == 1234


def test_free_cores_are_the_idle_share_while_we_slept(tmp_path, monkeypatch):
    stat = tmp_path / "stat"
    stat.write_text(f"cpu{CPU} 100 0 0 100 0 0 0 0 0 0\n")
    # 30 ticks busy, 60 idle, 10 waiting for a disk: 70 % of one core is free.
    monkeypatch.setattr(conditions.time, "sleep", lambda seconds: stat.write_text(f"cpu{CPU} 130 0 0 160 10 0 0 0 0 0\n"))
    assert conditions.free_cores(stat=stat) == pytest.approx(0.7)


def test_watching_for_free_cores_does_not_spin():
    began = time.process_time()
    assert 0 <= conditions.free_cores(0.2) <= conditions.cores()
    assert time.process_time() - began < 0.05


def test_our_own_processes_are_not_foreign():
    assert not conditions._is_foreign(os.getpid())
    assert conditions._is_foreign(os.getppid())
    assert not conditions._is_foreign(2**22 + 1)  # not visible here: it cannot be judged
