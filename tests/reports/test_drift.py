"""Changes over stored runs: a level that moved is found where it moved, and noise alone is not called a change."""

import random
from dataclasses import replace

import pytest

from reports import drift
from reports.__main__ import main
from reports.record import Measurement, write_records
from tests.samples.build import CONDITIONS, measurements, pairs, row

pytest.importorskip("ruptures")


def runs(sizes, speedups=None):
    """One case of many runs, a day apart."""
    return [
        row("tiny-vit", "onnx", run=f"run-{day:02}", started_at=f"2026-01-{day + 1:02}T00:00:00", measurements=measurements(size, 0.002),
            times=pairs(day, 0.004, speedups[day] if speedups else 2.0))
        for day, size in enumerate(sizes)
    ]  # fmt: skip


def noisy(levels, sigma, seed):
    draw = random.Random(seed)
    return [level * (1 + draw.gauss(0, sigma)) for level in levels]


def test_a_step_of_what_repeats_exactly_is_found_at_its_run():
    (change,) = drift.changes(runs([1e6] * 7 + [1.005e6] * 6))
    assert (change.metric, change.since.run_id, change.runs, change.worse) == ("size", "run-07", (7, 6), True)
    assert change.after / change.before == pytest.approx(1.005)


def test_small_losses_that_each_pass_the_gate_are_found_together():
    """Four steps of .08 %, below the gate's .1 % of bytes: .32 % in all."""
    found = drift.changes(runs([1e6 * (1 + 0.0008 * (day // 5)) for day in range(25)]))
    assert found
    assert all(change.worse for change in found)


def test_a_speed_up_that_fell_by_less_than_one_comparison_sees_is_found():
    """From 2 % of noise a run, below what the default gate sees: 15 runs before, 15 after."""
    hits = 0
    for seed in range(20):
        found = [c for c in drift.changes(runs([1e6] * 30, noisy([2.0] * 15 + [1.9] * 15, 0.02, seed))) if c.metric == "speed-up"]
        hits += any(abs(c.runs[0] - 15) <= 3 and c.worse for c in found)
    assert hits >= 18


def test_noise_alone_is_no_change_in_all_but_few_of_two_hundred_series():
    found = [bool(drift.change_points(noisy([1.0] * 30, 0.02, seed))) for seed in range(200)]
    assert sum(found) <= 6  # see PENALTY


def test_one_run_on_a_busy_day_and_too_few_runs_are_no_change():
    assert drift.changes(runs([1e6] * 10, [2.0] * 5 + [1.0] + [2.0] * 4)) == []
    assert drift.changes(runs([1e6] * 3 + [2e6] * 3)) == []


def test_machines_are_never_mixed():
    here = runs([1e6] * 8)
    there = [replace(r, environment={**r.environment, "machine": "rack"}) for r in runs([2e6] * 8)]
    assert drift.changes([*here, *there]) == []


@pytest.mark.parametrize(
    "changed",
    [{"method_revision": 2}, *({"conditions": {**CONDITIONS, name: other}}
                               for name, other in (("batch", 8), ("threads", 1), ("inputs", {"pixel_values": [1, 3, 96, 96]})))],
)  # fmt: skip
def test_other_conditions_and_another_revision_of_the_method_are_another_series(changed):
    before, after = runs([1e6] * 4), [replace(row, **changed) for row in runs([2e6] * 8)[4:]]
    assert drift.changes([*before, *after]) == []
    assert drift.long_enough([*before, *after]) == 0


def test_the_change_of_an_error_is_the_share_of_its_true_value():
    """Perplexity 10 -> 11 is a tenth more and worse; accuracy .5 -> .55 a tenth more and better."""
    for values, direction, says in (
        ((10, 11), "lower", "worse"),
        ((11, 10), "lower", "better"),
        ((0.5, 0.55), "higher", "better"),
    ):
        before, after = values
        rows = [
            replace(one, measurements={"perplexity": Measurement(found, "1", direction, "quality", 100, primary=True)})
            for one, found in zip(runs([1e6] * 12), [before] * 6 + [after] * 6, strict=True)
        ]
        text = drift.render([change for change in drift.changes(rows) if change.metric == "quality"])
        assert f"{after / before - 1:+.1%}, {says}" in text
        assert f"| {before:.4f} | {after:.4f} |" in " ".join(text.split())


def test_the_command_lists_what_changed_worse_first_and_says_how_many_cases_are_long_enough(tmp_path, capsys):
    rows = runs([1e6] * 6 + [0.9e6] * 6)
    for index, one in enumerate(rows):
        write_records(tmp_path / "desk" / "history" / f"{index}.json", [one])
    assert main(["drift", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "| tiny-vit:onnx:cpu | team-a/desk | size | 2026-01-07 run-06" in text
    assert "-10.0%, better" in text
    assert "1 of 1 cases have the 8 runs that one needs" in text
    assert main(["drift", str(tmp_path), "--case", "other*"]) == 0
    assert "0 changes of level; 0 of 0 cases" in capsys.readouterr().out
