"""The benchmark of the gate on a machine: it goes on where it stopped, and its summary counts what its file holds."""

import json
import math
import random
from contextlib import contextmanager

import pytest

from fixtures.against_speed import decided
from fixtures.errors import Unsupported
from reports.gate_statistics import LOOKS
from tests import gate_machine_summary, gate_on_machine
from tests.gate_machine_summary import ALPHA, TOLERANCE, alarm, resampled, summary
from tests.gate_on_machine import INJECTED, main, plan, read, write


@pytest.fixture(autouse=True)
def few_resampled_runs(monkeypatch):
    monkeypatch.setattr(gate_machine_summary, "RUNS", 20)


def row(case="m:onnx:cpu", share=0.0, change=0.0, fresh=(), seed=0, noise=0.005, baseline=1.0):
    draw = random.Random(seed)
    first = [math.log1p(change) + draw.gauss(0, noise) for _ in range(40)]
    confirmations = [[math.log1p(one) + draw.gauss(0, noise) for _ in range(16)] for one in fresh]
    before = [baseline] * 40
    now = [baseline * math.exp(value) for value in first]
    return {
        "case": case,
        "share": share,
        "first": first,
        "confirmations": confirmations,
        "times": [{"now_s": now, "before_s": before}],
        "verdict": {"slowdown": 1 + change},
        "cpu": 1.19,
        "load_average": 0.5,
        "machine": "Some CPU, 2 cores",
        "left_out": 1,
    }


def test_what_was_taken_is_never_taken_again():
    whole = plan(10, 2, [])
    assert sorted(whole) == sorted([0.0] * 10 + [share for share in INJECTED for _ in range(2)])
    left = plan(10, 2, whole[:7])
    assert sorted(left) == sorted(whole[7:])
    assert plan(10, 2, whole) == []


def test_asking_for_more_later_adds_only_the_difference():
    taken = plan(4, 0, [])
    assert plan(6, 1, taken).count(0.0) == 2


def test_the_first_look_that_decides_ends_the_pairs_though_more_were_recorded():
    slow = [math.log(1.1)] * 40
    assert decided(slow, TOLERANCE, ALPHA) == ("confirm", LOOKS[0])
    assert decided([0.001, -0.001] * 20, TOLERANCE, ALPHA) == ("done", LOOKS[0])
    assert decided([0.2, -0.2] * 13, TOLERANCE, ALPHA) == ("more", 26)


def test_a_recorded_false_alarm_is_counted_and_one_that_fresh_processes_refute_is_not():
    rows = [row(seed=seed) for seed in range(20)]
    assert "0 false alarms in 20 comparisons" in "\n".join(summary(rows))
    rows.append(row(change=0.1, fresh=(0.1,) * 5))
    rows.append(row(change=0.1, fresh=(-0.01,)))
    text = "\n".join(summary(rows))
    assert "1 false alarms in 22 comparisons" in text
    assert "2 were confirmed on fresh processes" in text


def test_what_was_injected_is_counted_apart_and_beside_the_median_rule():
    slowed = [row(share=0.20, change=0.20, fresh=(0.2,) * 5, seed=seed) for seed in range(3)]
    assert cells([row(), *slowed], "20%") == ["3", "3 of 3", "0 of 3", "3 of 3", "1.200x", "1.190x"]
    unseen = [row(share=0.05, change=0.05, fresh=(0.05,) * 5, seed=seed) for seed in range(3)]
    assert cells([row(), *unseen], "5%") == ["3", "3 of 3", "0 of 3", "0 of 3", "1.050x", "1.190x"]


def cells(rows, share):
    """The table's line of that share, without its first cell."""
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in summary(rows)[0].splitlines()]
    return next(line[1:] for line in table if line[0] == share)


def test_the_median_rule_against_an_earlier_run_sees_the_machine_change():
    rows = [row(), row(baseline=1.3), row(baseline=1.0)]
    assert list(gate_machine_summary.between_runs(rows)) == [True, False]


def test_resampled_runs_of_noisy_processes_raise_alarms():
    """Processes that differ by 10 % for as long as they live: the resampling must see what that does."""
    noisy = [row(seed=seed, change=random.Random(seed).choice((0.1, 0.12))) for seed in range(8)]
    assert resampled(noisy, runs=3).startswith("3 of 3 runs")
    assert resampled([row(seed=seed) for seed in range(8)], runs=20).startswith("0 of 20 runs")


def test_the_file_is_read_back_and_one_that_is_not_ours_is_left_as_it_is(tmp_path):
    path = tmp_path / "pairs.json"
    write(path, [row()])
    assert read(path) == json.loads(json.dumps([row()]))
    path.write_text("{")
    with pytest.raises(SystemExit, match="name another file with --pairs"):
        main(["--pairs", str(path), "--summary"])
    assert path.read_text() == "{"


def test_a_summary_of_nothing_says_so(tmp_path, capsys):
    main(["--pairs", str(tmp_path / "none.json"), "--summary"])
    assert "no comparison of unchanged code yet" in capsys.readouterr().out


class Named:
    def __init__(self, name):
        self.id = name


def test_the_case_with_the_fewest_comparisons_is_next_and_an_unsupported_one_is_left_out(monkeypatch, capsys):
    def one(head, base, share, number, case):
        if case.id == "b":
            raise Unsupported("no Linear layer")
        return {"case": case.id, "share": share}

    monkeypatch.setattr(gate_on_machine, "one", one)
    rows, listed = [{"case": "a", "share": 0.0}], [Named("a"), Named("b"), Named("c")]
    assert gate_on_machine.next_comparison(None, None, 0.0, rows, listed)["case"] == "c"
    assert [case.id for case in listed] == ["a", "c"]
    assert "without b: no Linear layer" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="not one of the cases"):
        gate_on_machine.next_comparison(None, None, 0.0, rows, [Named("b")])


def test_a_suspicion_is_never_confirmed_by_the_recording_that_raised_it():
    slow, quiet = [math.log(1.1)] * 40, [0.0] * 40
    draw = random.Random(0)
    assert not any(alarm(draw, {"case": [slow, quiet]}) for _ in range(200))
    assert any(alarm(draw, {"case": [slow, slow]}) for _ in range(20))
    assert "nothing can be resampled" in resampled([{"case": "case", "first": slow}])


def test_the_page_says_what_the_file_holds_and_where_it_was_taken(tmp_path, capsys):
    path, written = tmp_path / "pairs.json", tmp_path / "docs" / "page.md"
    write(path, [row(seed=seed) for seed in range(3)] + [row(share=0.1, change=0.1, fresh=(0.1,) * 5)])
    main(["--pairs", str(path), "--summary", "--page", str(written)])
    text = written.read_text()
    assert "| 10%        | 1           | 1 of 1       |" in text
    assert "- unchanged: 0 false alarms in 3 comparisons of 1 cases" in text
    assert "- machine: Some CPU, 2 cores" in text
    assert "- load average 0.5 (median; 0.5 at most); 4 disturbed pairs left out" in text
    assert f"written: {written}" in capsys.readouterr().out


def test_no_comparison_begins_after_the_minutes_are_over_and_none_is_lost(tmp_path, monkeypatch, capsys):
    @contextmanager
    def sides(options):
        yield None, None

    now = [0.0]

    def next_comparison(head, base, share, rows, listed):
        now[0] += 40
        return {**row(share=share), "seconds": 40.0}

    for name, fake in {"sides": sides, "next_comparison": next_comparison, "place": lambda side: "here"}.items():
        monkeypatch.setattr(gate_on_machine, name, fake)
    monkeypatch.setattr(gate_on_machine.time, "monotonic", lambda: now[0])
    path = tmp_path / "pairs.json"
    asked = ["--pairs", str(path), "--comparisons", "4", "--injected", "0", "--minutes", "1"]
    main(asked)
    assert len(read(path)) == 2
    assert "2 comparisons are left after 1 minutes: the same command goes on" in capsys.readouterr().out
    main(asked)
    assert len(read(path)) == 4
