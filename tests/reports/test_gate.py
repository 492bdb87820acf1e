"""Planted regressions of every kind are found; what did not change, or cannot be compared, is never called worse."""

import re
from dataclasses import replace

import pytest

from reports import baseline, paired_quality
from reports.budgets import ThresholdError
from reports.gate import judge
from reports.gate_finding import WORDS
from reports.record import Measurement
from reports.thresholds import Thresholds, parse
from tests.samples.build import CONDITIONS, DESK, measurements, quality, row

AUDIT = {
    "facts": {
        "provider": "CPUExecutionProvider",
        "device": "cpu",
        "dtype": "int8",
        "op_counts": {"QLinearConv": 50, "Mul": 24},
        "share_on_device": 1.0,
    },
    "weights": {"dtypes": {"int8": 800_000, "float32": 60_000}, "parameters": 809_284, "zero_share": 0.5, "unique_max": 255},
}
RIGHT = [1] * 960 + [0] * 40


def one(method="onnx-int8-static", **changes):
    fields = {
        "measurements": measurements(1e6, 0.002, 100e6, 90e6) | quality(("f1_macro",), (0.96,), n=1000),
        "audit": AUDIT,
        "outcomes": {"correct": RIGHT},
    }
    return row("tiny-vit", method, **{**fields, **changes})


def with_value(name, value):
    found = one().measurements
    return one(measurements={**found, name: replace(found[name], value=value, low=None, high=None)})


def with_audit(part, **changes):
    return one(audit={**AUDIT, part: {**AUDIT[part], **changes}})


def findings(now, word="worse", before=None, limits=None):
    return [f.text for f in judge([now], [before or one()], limits or Thresholds()).of(word)]


def test_two_equal_rows_are_the_same_and_pass():
    verdict = judge([one()], [one()], Thresholds())
    assert verdict.status == "nothing worse"
    assert verdict.cases == 1
    assert {finding.word for finding in verdict.findings} == {"same"}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (with_value("size", 1_002_000), "size 1.00 MB -> 1.00 MB (+0.2%"),
        (with_value("ram", 107e6), "ram 100.00 MB -> 107.00 MB (+7.0%"),
        (with_value("vram", 97e6), "vram 90.00 MB -> 97.00 MB"),
        (with_audit("weights", dtypes={"float32": 3_200_000}), "int8 800000 -> 0"),
        (with_audit("weights", zero_share=0.0), "weights.zero_share changed: 0.5 -> 0.0"),  # pruning became a no-op
        (with_audit("weights", unique_max=809_284), "weights.unique_max changed: 255 -> 809284"),  # so did clustering
        (with_audit("facts", provider="OtherExecutionProvider"), "facts.provider changed"),
        (with_audit("facts", dtype="float32"), "facts.dtype changed: int8 -> float32"),
        (with_audit("facts", op_counts={"Conv": 50, "Mul": 24}), "QLinearConv 50 -> 0, Conv 0 -> 50"),
        (with_audit("facts", share_on_device=0.8), "facts.share_on_device changed: 1.0 -> 0.8"),
        (one(outcomes={"correct": RIGHT[20:] + [0] * 20}), "accuracy -2.00 points"),
        (one(status="failed", reason="it broke", measurements={}), "was measured, and is failed now: it broke"),
        (one(status="not-applicable", reason="no such layer", measurements={}), "is not-applicable now: no such layer"),
    ],
)
def test_a_planted_regression_is_worse_and_says_both_values(now, said):
    texts = findings(now)
    assert any(said in text for text in texts), texts
    assert judge([now], [one()], Thresholds()).status == "worse"


def test_a_loss_of_one_point_is_worse_where_the_paired_test_allows_and_unsure_with_its_interval_where_not():
    """Among 40 cases .00025 each: 24 of 2400 items lost have p = 2 * .5**24, 10 of 1000 have 2 * .5**10 = .002."""
    for items, lost, word in ((2400, 24, "worse"), (1000, 10, "unsure")):
        before, now = [1] * items, [0] * lost + [1] * (items - lost)
        others = [one(f"prune{number}") for number in range(39)]
        verdict = judge([one(outcomes={"correct": now}), *others], [one(outcomes={"correct": before}), *others], Thresholds())
        (found,) = [f for f in verdict.findings if f.metric == "quality" and f.case == one().case]
        assert found.word == word, found.text
        assert re.search(rf"accuracy -1\.00 points \[-?[\d.]+, -?[\d.]+\].*{items} items", found.text), found.text


@pytest.mark.parametrize(
    "now",
    [
        with_value("size", 1_000_900),
        with_value("ram", 105e6),
        with_audit("weights", dtypes={"int8": 800_100, "float32": 60_000}, zero_share=0.5004),
        one(outcomes={"correct": [*RIGHT[1:], 0]}),
    ],
)
def test_what_is_within_the_tolerance_is_not_worse(now):
    assert findings(now) == []
    assert judge([now], [one()], Thresholds()).status == "nothing worse"


def test_the_time_of_another_session_is_reported_and_gates_only_where_asked():
    slower = with_value("latency", 0.0025)
    verdict = judge([slower], [one()], Thresholds())
    assert ["latency 2.00 ms -> 2.50 ms (+25.0%" in f.text and not f.gates for f in verdict.of("worse")] == [True]
    assert verdict.status == "nothing worse"
    assert judge([slower], [one()], parse({"metrics": {"latency": {"gates": True}}})).status == "worse"


def test_an_improvement_asks_for_a_new_baseline_and_passes():
    smaller = with_value("size", 900_000)
    assert "size 1.00 MB -> 0.900 MB (-10.0%" in findings(smaller, "better")[0]
    assert judge([smaller], [one()], Thresholds()).status == "nothing worse"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"environment": {**DESK, "machine": "rack"}}, "machine was desk, is rack"),
        ({"environment": {**DESK, "suite_environment": "gpu"}}, "suite_environment was core, is gpu"),
        ({"method_revision": 2}, "revision of the method was 1, is 2"),
        ({"conditions": {**CONDITIONS, "batch": 8}}, "batch was 1, is 8"),
        ({"conditions": {**CONDITIONS, "threads": 1}}, "threads was 2, is 1"),
        ({"status": "unavailable", "reason": "no network", "measurements": {}}, "is unavailable now: no network"),
        ({"outcomes": {}}, "no paired test is possible"),
        ({"outcomes": {"correct": RIGHT[:-1]}}, "no paired test is possible"),
    ],
)
def test_what_cannot_be_compared_is_never_judged_and_never_passes(changes, said):
    now = replace(with_value("size", 2e6), **changes) if "environment" in changes else one(**changes)
    verdict = judge([now], [one()], Thresholds())
    assert verdict.of("worse") == []
    assert any(said in finding.text for finding in verdict.of("unjudged"))
    assert verdict.status == "could not judge"


def test_a_case_that_vanished_could_not_be_judged_unless_the_run_was_asked_for_less():
    other = one("bf16")
    verdict = judge([one()], [one(), other], Thresholds())
    assert [(f.case, f.word) for f in verdict.findings if f.metric == "case"] == [(other.case, "unjudged")]
    assert verdict.status == "could not judge"
    assert judge([one()], [one(), other], Thresholds(), asked=lambda row: row.case != other.case).status == "nothing worse"
    # Asked for, and without a row all the same.
    assert judge([one()], [one(), other], Thresholds(), asked=lambda row: row.case == other.case).status == "could not judge"


def test_nothing_measured_is_not_a_pass():
    nothing = one(status="unavailable", reason="no GPU", measurements={})
    assert "nothing was measured" in judge([nothing], [nothing], Thresholds()).problems
    assert judge([], [one()], Thresholds()).status == "could not judge"
    assert judge([one()], [], Thresholds()).status == "could not judge"


def test_a_value_that_was_lost_is_not_a_pass():
    found = dict(one().measurements)
    del found["ram"]
    now = one(measurements=found, absent={"ram": "clear_refs cannot be written here"})
    assert findings(now, "unjudged") == ["ram lost its value: clear_refs cannot be written here"]
    assert judge([now], [one()], Thresholds()).status == "could not judge"


def test_a_new_case_is_shown_and_does_not_fail():
    verdict = judge([one(), one("bf16")], [one()], Thresholds())
    assert [f.case for f in verdict.of("new")] == ["tiny-vit:bf16:cpu"]
    assert verdict.status == "nothing worse"


def test_a_budget_is_judged_without_a_baseline_row():
    limits = parse({"budgets": [{"model": "tiny-*", "metric": "latency", "at_most": "1 ms"}]})
    assert [f.text for f in judge([one()], [one()], limits).of("worse")] == ["latency is 2.00 ms, its budget 1 ms"]
    assert judge([one()], [], limits).of("worse")
    p95 = parse({"budgets": [{"model": "tiny-*", "metric": "latency_p95", "at_most": "30 ms"}]})
    late = one(absent={"latency_p95": "p95 needs 60 samples, 40 were taken"})
    assert "p95 needs 60 samples" in judge([late], [one()], p95).of("unjudged")[0].text


def test_an_override_holds_for_its_cases_alone():
    limits = parse({"overrides": [{"method": "onnx-int8-*", "metric": "ram", "relative": 0.2}]})
    assert findings(with_value("ram", 115e6), limits=limits) == []
    bf16 = replace(with_value("ram", 115e6), method="bf16")
    assert findings(bf16, before=one("bf16"), limits=limits)


def test_the_agreement_of_a_twin_is_compared_by_its_own_tolerance():
    def twin(value):
        found = Measurement(value, "1", "higher", "agreement", 512)
        return one(measurements={**measurements(1e6, 0.002), "agreement_top1": found}, outcomes={})

    assert findings(twin(0.975), before=twin(0.98)) == []
    assert findings(twin(0.95), before=twin(0.98)) == ["agreement_top1 0.9800 -> 0.9500 (-3.1%; tolerated 0.0100)"]


def test_f1_is_tested_on_the_same_sentences():
    before = {"tp": [2] * 500, "fp": [0] * 500, "fn": [0] * 500}
    assert paired_quality.compare(before, before).p == 1.0
    # 20 of 500 sentences lose one of two entities: F1 falls to 2 * 980 / (2 * 980 + 20) = .98990
    now = {"tp": [1] * 20 + [2] * 480, "fp": [0] * 500, "fn": [1] * 20 + [0] * 480}
    found = paired_quality.compare(now, before)
    assert found.difference == pytest.approx(2 * 980 / (2 * 980 + 20) - 1)
    assert found.low < found.difference < found.high < 0
    assert found.p <= 2.5e-4  # small enough to be rejected among 40 cases
    # One sentence up, one down: nothing to see, and the interval says how little could have been.
    swapped = {"tp": [1, 3] + [2] * 498, "fp": [0] * 500, "fn": [1, 0] + [0] * 498}
    assert paired_quality.compare(swapped, before).p > 0.2


def test_accuracy_is_tested_by_mcnemars_exact_test():
    before = [1] * 90 + [0] * 10
    now = [0] * 8 + [1] * 82 + [1] * 2 + [0] * 8  # 8 lost, 2 gained: p = 2 * (1 + 10 + 45) / 1024
    found = paired_quality.compare({"correct": now}, {"correct": before})
    assert found.difference == pytest.approx(-0.06)
    assert found.p == pytest.approx(2 * 56 / 1024)


def test_a_baseline_reads_back_what_was_written_and_judges_it_the_same(tmp_path):
    path = baseline.place(tmp_path, "desk", "core")
    baseline.write(path, [one(), one("bf16", status="unavailable", reason="no", measurements={})])
    stored = baseline.read(path)
    assert [record.case for record in stored] == [one().case]
    assert judge([one()], stored, Thresholds()).status == "nothing worse"


@pytest.mark.parametrize("damage", ["edit", "truncate", "no checksum"])
def test_a_baseline_that_was_edited_or_damaged_is_refused(tmp_path, damage):
    path = baseline.place(tmp_path, "desk", "core")
    baseline.write(path, [one()])
    text = path.read_text()
    changed = {
        "edit": text.replace("1000000.0", "2000000.0"),
        "truncate": text[: len(text) // 2],
        "no checksum": text.replace('"checksum"', '"other"'),
    }[damage]
    assert changed != text
    path.write_text(changed)
    with pytest.raises(baseline.BaselineError, match="version control"):
        baseline.read(path)


def test_a_missing_baseline_names_those_that_exist(tmp_path):
    baseline.write(baseline.place(tmp_path, "desk", "core"), [one()])
    with pytest.raises(baseline.BaselineError, match="there are baselines for desk/core"):
        baseline.read(baseline.place(tmp_path, "rack", "core"))


def test_a_failed_or_empty_run_never_becomes_the_baseline(tmp_path):
    path = baseline.place(tmp_path, "desk", "core")
    for rows in ([one(status="failed", reason="it broke", measurements={})], []):
        with pytest.raises(baseline.BaselineError, match="left as it is"):
            baseline.write(path, rows)
    assert not path.exists()


def test_rows_of_a_part_replace_their_own(tmp_path):
    path = baseline.place(tmp_path, "desk", "core")
    baseline.write(path, [one(), one("bf16")])
    baseline.write(path, [with_value("size", 5e5)], baseline.read(path))
    assert {r.method: r.measurements["size"].value for r in baseline.read(path)} == {"onnx-int8-static": 5e5, "bf16": 1e6}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"metrics": {"velocity": {}}}, "unknown 'velocity'; there are size"),
        ({"metrics": {"ram": {"percent": 2}}}, "unknown 'percent'; there are relative"),
        ({"metrics": {"ram": {"relative": -1}}}, "at least 0"),
        ({"metrics": {"ram": {"relative": "2%"}}}, "at least 0"),
        ({"metrics": {"ram": 0.02}}, "expected a table"),
        ({"overrides": [{"metric": "ram", "relative": 0.1}]}, "which cases"),
        ({"overrides": [{"model": "*", "metric": "velocity"}]}, "unknown 'velocity'"),
        ({"overrides": [{"model": "*", "metric": "ram"}]}, "it changes nothing; say relative"),
        (
            {"overrides": [{"model": "*", "metric": "ram", "relative": 0.1}, {"model": "*", "metric": "ram", "relative": 0.2}]},
            "changed twice",
        ),
        ({"metrics": {"size": {"direction": "higher"}}}, "of size, lower is better; write 'lower', or 'both'"),
        ({"metrics": {"quality": {"direction": "up"}}}, "of quality, higher is better"),
        ({"metrics": {"storage": {"relative": 0.1}}}, "unknown 'relative'; there are gates"),
        ({"metrics": {"speed": {"absolute": 0.001}}}, "unknown 'absolute'; there are relative"),
        ({"budgets": [{"model": "*", "metric": "latncy", "at_most": "30 ms"}]}, "unknown 'latncy'; there are latency"),
        ({"budgets": [{"model": "*", "metric": "ram", "at_most": "30 ms"}]}, "no limit of ram, which is measured in bytes"),
        ({"budgets": [{"model": "*", "metric": "ram", "at_most": "30"}]}, "not a limit"),
        ({"budgets": [{"model": "*", "metric": "ram", "at_most": "-3 MB"}]}, "not a limit"),
        ({"budgets": [{"model": "*", "at_most": "3 MB"}]}, "name the metric"),
        (
            {"budgets": [{"model": "*", "metric": "ram", "at_most": "3 MB"}, {"model": "*", "metric": "ram", "at_most": "4 MB"}]},
            "two limits, 3 MB and 4 MB",
        ),
        ({"limit": {}}, "unknown 'limit'"),
    ],
)
def test_a_threshold_that_cannot_be_meant_is_refused(table, said):
    with pytest.raises(ThresholdError, match=said):
        parse(table)


def test_a_glob_that_matches_nothing_is_refused():
    limits = parse({"overrides": [{"method": "onxx*", "metric": "ram", "relative": 0.1}]})
    with pytest.raises(ThresholdError, match="matches no case"):
        limits.require_matches([one()])
    parse({"overrides": [{"method": "onnx*", "metric": "ram", "relative": 0.1}]}).require_matches([one()])


def test_the_words_of_findings_are_those_that_are_rendered():
    from reports.render_gate import TITLES, comment

    assert set(TITLES) == set(WORDS)
    text = comment(judge([with_value("size", 2e6)], [one(), one("bf16")], Thresholds()))
    assert text.index("**Worse (1)**") < text.index("**Could not be judged (1)**") < text.index("<summary>Same")
    assert "| tiny-vit:onnx-int8-static:cpu | size | size 1.00 MB -> 2.00 MB (+100.0%; tolerated 0.00100 MB) |" in text
