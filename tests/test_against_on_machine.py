"""The benchmark of the gate on a machine: it goes on where it stopped, and its summary counts what its file holds."""

import json
import math
import random

import pytest

from fixtures.against import decided
from fixtures.errors import Unsupported
from reports.gate_statistics import LOOKS
from tests import gate_on_machine
from tests.gate_on_machine import ALPHA, INJECTED, TOLERANCE, alarm, main, plan, read, resampled, summary, write


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
        "verdict": {"slowdown": math.exp(sorted(first)[20])},
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
    text = summary([row(), *slowed])
    assert text[-1] == "+20%: found 3 of 3; median:10% on the same samples: 3 of 3"
    unseen = [row(share=0.05, change=0.05, fresh=(0.05,) * 5, seed=seed) for seed in range(3)]
    assert summary([row(), *unseen])[-1] == "+5%: found 3 of 3; median:10% on the same samples: 0 of 3"


def test_the_median_rule_against_an_earlier_run_sees_the_machine_change():
    rows = [row(), row(baseline=1.3), row(baseline=1.0)]
    assert list(gate_on_machine.between_runs(rows)) == [True, False]


def test_resampled_runs_of_noisy_processes_raise_alarms():
    """Processes that differ by 10 % for as long as they live: the resampling must see what that does."""
    noisy = [row(seed=seed, change=random.Random(seed).choice((0.1, 0.12))) for seed in range(8)]
    assert gate_on_machine.resampled(noisy, runs=3).startswith("3 of 3 runs")
    assert gate_on_machine.resampled([row(seed=seed) for seed in range(8)], runs=20).startswith("0 of 20 runs")


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
