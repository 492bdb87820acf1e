"""Bars against rows worked out by hand: what decides, what stands beside it, and what the pages say."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import registry
from fixtures.describe import CODERS
from reports.bars import missed
from reports.bars.declared import FP32_EXPORTS, PAGES, Bar, Need, Page
from reports.bars.judge import judge_bar, judge_row, look, matches, of_page, shown
from reports.bars.page import render
from reports.bars.quantities import QUANTITIES
from reports.commands import bars as command
from reports.merge import merge
from reports.record import Measurement, RecordError, write_records
from tests.samples.build import DESK, measurements, paired, pairs, row

ROOT = Path(__file__).resolve().parents[2]
# Globs for methods that are yet to be registered: exactly those that match none today.
PLANNED = {"mixed*", "smoothquant*", "torchao-pt2e*"}
MODEL = "some-net"
BAR = Bar("INT8", (MODEL,), ("int8*",), (Need("share_of_score", at_least=0.99),))
PAGE = Page("some-bars", "Some bars", "What they are.", (MODEL,), ("original_score", "score", "share_of_score"), (BAR,), True)


def case(method, change=None, speed=1.0, size=1e6, model=MODEL, extra=None, **fields):
    value = 0.8 + (change or 0.0)
    difference = None if change is None else paired(change, change - 0.008, change + 0.004, 0.2, "unsure")
    score = Measurement(value, "1", "higher", "quality", 600, value - 0.02, value + 0.02, paired=difference, primary=True)
    found = measurements(size, 0.004 / speed, 30e6) | {"f1_macro": score} | (extra or {})
    return row(model, method, measurements=found, times=pairs(3, 0.004, speed, sigma=0.0), **fields)


def plain(value, role="agreement", direction="higher"):
    return Measurement(value, "1", direction, role, 512)


def test_the_share_of_the_score_is_the_paired_difference_over_the_originals_score():
    # .8 -> .796: 99.5 %; the difference's interval is [-.012, 0], so [98.5 %, 100 %]
    rows = [case("original"), case("int8", -0.004)]
    found = look(rows[1], "share_of_score", rows)
    assert (found.value, found.low, found.high) == (pytest.approx(0.995), pytest.approx(0.985), pytest.approx(1.0))


@pytest.mark.parametrize(("change", "outcome"), [(-0.0079, "reached"), (-0.0081, "missed"), (0.01, "reached")])
def test_the_point_estimate_decides(change, outcome):
    rows = [case("original"), case("int8", change)]
    assert judge_row(rows[1], PAGE, rows).outcome == outcome


def test_a_row_that_failed_misses_and_one_that_cannot_be_is_not_measured():
    failed = row(MODEL, "int8", status="failed", reason="it broke")
    absent = row(MODEL, "int8", status="not-applicable", reason="no linear layers")
    assert judge_row(failed, PAGE, [failed]).outcome == "missed"
    assert judge_row(absent, PAGE, [absent]).outcome == "not measured"
    assert judge_row(case("prune50", -0.1), PAGE, []) is None


def test_a_number_that_a_row_lacks_leaves_its_bar_unmeasured_unless_another_number_misses():
    bar = replace(BAR, needs=(Need("share_of_score", at_least=0.99), Need("gain", above=0.0)))
    page = replace(PAGE, bars=(bar,))
    assert judge_row(case("int8", 0.0), page, []).outcome == "not measured"  # nothing to gain over
    assert judge_row(case("int8", -0.1), page, []).outcome == "missed"


def test_what_the_original_scored_is_known_from_the_pair_where_only_a_later_original_is_stored():
    assert look(case("int8", -0.004), "original_score", []).value == pytest.approx(0.8)


def test_a_ratio_needs_the_original_of_the_same_run():
    other = replace(case("original"), run_id="another run")
    assert look(case("int8", 0.0), "ram", [other]) == "the original was not measured in the same run"


def test_the_best_fp32_runtime_is_not_the_original_nor_a_compressed_row():
    rows = [case("original"), case("original-tuned", speed=1.5), case("onnx", speed=2.0), case("int8", 0.0, speed=6.0)]
    assert look(rows[3], "over_fp32", rows).value == pytest.approx(3.0, rel=1e-3)
    assert look(rows[3], "over_onnx", rows).value == pytest.approx(3.0, rel=1e-3)
    assert look(rows[2], "over_fp32", rows).value == 1.0
    assert look(rows[3], "over_torch", rows).value == pytest.approx(6.0, rel=1e-3)
    assert "int8" not in FP32_EXPORTS


def test_the_smallest_entropy_coded_size_counts():
    """Under the names that rows write (fixtures/describe.py); the bound is no file and never counts."""
    assert set(CODERS) == {"huffman", "zstd", "shannon"}
    for best in ("huffman", "zstd"):
        sizes = {coder: 1.8e5 for coder in CODERS} | {best: 1.5e5, "shannon": 1.4e5}
        coded = {f"{coder}_size": Measurement(size, "B", "lower", "size", 1) for coder, size in sizes.items()}
        coded["deflated_size"] = Measurement(2e5, "B", "lower", "size", 1)
        rows = [case("original"), case("int8", 0.0, extra=coded)]
        assert look(rows[1], "entropy_coded", rows).value == pytest.approx(0.15)
        assert look(rows[1], "shannon", rows).value == pytest.approx(0.14)


def test_operations_are_those_left_after_every_step_that_removed_some():
    steps = [{"evidence": {"changed": {"flops_before": 100, "flops": 60}}}, {"step": "x"},
             {"evidence": {"changed": {"flops_before": 60, "flops": 48}}}]  # fmt: skip
    assert look(case("int8", 0.0, artifact={"lineage": steps}), "flops", []).value == pytest.approx(0.48)


def test_a_gain_is_over_the_row_that_is_named_as_the_counterpart():
    student = case("student", -0.05, outcomes={"correct": [1, 0, 0, 1] * 50})
    taught = case("distil", -0.02, outcomes={"correct": [1, 0, 1, 1] * 50}, conditions={"counterpart": "student"})
    found = look(taught, "gain", [student, taught])
    # Scores .75 and .78; a quarter of 200 items is gained and none lost: +-1.96 sqrt(50 - 50**2 / 200) / 200 = .0600
    assert (found.value, found.low, found.high) == (
        pytest.approx(0.03),
        pytest.approx(-0.0300, abs=1e-4),
        pytest.approx(0.09, abs=1e-4),
    )
    assert look(taught, "gain", [taught]) == "student was not measured in the same run"


def error_row(method, name, value, change, relative=None, **fields):
    """A row whose score is an error: `change` of `value - change`, its interval `change` -+.01."""
    difference = None if change is None else paired(change, change - 0.01, change + 0.01, 0.2, "unsure")
    if difference is not None and relative is not None:
        difference["relative"] = relative
    score = Measurement(value, "1", "lower", "quality", 600, value - 0.02, value + 0.02, paired=difference, primary=True)
    return row(MODEL, method, measurements=measurements(1e6, 0.004, 30e6) | {name: score}, **fields)


def test_points_of_an_error_rate_are_those_of_the_paired_difference_and_more_errors_are_above_zero():
    rows = [error_row("original", "wer", 0.136, None), error_row("int8", "wer", 0.140, 0.004)]
    found = look(rows[1], "points_more", rows)
    assert (found.value, found.low, found.high) == (pytest.approx(0.004), pytest.approx(-0.006), pytest.approx(0.014))
    bar = replace(BAR, needs=(Need("points_more", at_most=0.005),))
    assert judge_row(rows[1], replace(PAGE, bars=(bar,)), rows).outcome == "reached"
    worse = error_row("int8", "wer", 0.142, 0.006)
    assert judge_row(worse, replace(PAGE, bars=(bar,)), [rows[0], worse]).outcome == "missed"
    assert look(rows[1], "increase", rows) == "its score is compared in points"
    assert look(rows[0], "points_more", rows) == "the original is what the other rows are compared with"


def test_the_increase_of_a_perplexity_is_a_share_of_the_originals():
    # 25 -> 25.2: .8 %; its interval is .2 -+ .01 over 25
    rows = [error_row("original", "perplexity", 25.0, None), error_row("int8", "perplexity", 25.2, 0.2, relative=0.008)]
    found = look(rows[1], "increase", rows)
    assert (found.value, found.low, found.high) == (pytest.approx(0.008), pytest.approx(0.19 / 25), pytest.approx(0.21 / 25))
    assert look(rows[1], "points_more", rows) == "its score has no scale of points"


def test_a_perplexity_below_the_counterparts_is_a_gain_by_the_likelihoods_of_the_same_windows():
    # 100 windows of 10 tokens; the naive one loses 2.2 nats a token everywhere, the other 2.1: exp(-.1) = .905 of it, 9.5 % below
    def outcomes(nats):
        return {"nll_micro": [round(nats * 10 * 1e6)] * 100, "tokens": [10] * 100}

    naive = error_row("magnitude", "perplexity", 9.03, 1.0, relative=0.1, outcomes=outcomes(2.2))
    clever = error_row(
        "sparsegpt", "perplexity", 8.17, 0.1, relative=0.01, outcomes=outcomes(2.1), conditions={"counterpart": "magnitude"}
    )
    assert look(clever, "below_naive", [naive, clever]).value == pytest.approx(1 - 2.718281828**-0.1, rel=1e-6)
    worse = replace(clever, outcomes=outcomes(2.3))
    assert look(worse, "below_naive", [naive, worse]).value < 0


def test_the_row_that_holds_most_needs_answers_for_a_bar():
    needs = (Need("over_torch", at_least=5.0), Need("cosine", at_least=0.95))
    bar = Bar("best INT8", (MODEL,), ("int8*",), needs)
    fast = case("int8-fast", 0.0, speed=8.0, extra={"logit_cosine": plain(0.5)})
    close = case("int8-close", 0.0, speed=6.0, extra={"logit_cosine": plain(0.97)})
    answer = judge_bar(bar, MODEL, [case("original"), fast, close])
    assert (answer.row.method, answer.outcome) == ("int8-close", "reached")
    assert judge_bar(bar, MODEL, [case("original"), fast]).outcome == "missed"
    assert judge_bar(bar, MODEL, [case("original")]).outcome == "not measured"


def test_a_page_shows_the_row_the_bar_the_command_and_a_text_only_where_it_is_missed():
    texts = {f"{MODEL}:int8-a": missed.Text("Because.", "This."), f"{MODEL}:int8-b": missed.Text("Never shown.", "No.")}
    rows = [
        case("original"),
        case("int8-a", -0.02),
        case("int8-b", 0.0),
        row(MODEL, "int8-c", status="not-applicable", reason="no layers"),
    ]
    text = render(PAGE, rows, texts)
    line = next(line for line in text.splitlines() if line.startswith("| int8-a"))
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        "int8-a", "0.8000", "0.7800", "97.50 % [96.50, 98.00]", "INT8, ≥ 99 %", "**missed**",
    ]  # fmt: skip
    assert "- **int8-a** (INT8): Because. Tried: This." in text
    assert "Never shown" not in text
    assert "1. no layers" in text
    assert "1 of 3 reached, 1 missed, 1 not measured." in text
    assert f"pytest benchmarks --model {MODEL} --device cpu --threads 2 --method int8-a --method int8-b --method int8-c" in text
    assert "Example CPU 1000 (avx2, avx512\\_vnni)" in text or "Example CPU 1000 (avx2, avx512_vnni)" in text


def test_a_bar_that_no_row_answers_stands_on_the_page_as_not_measured():
    text = render(PAGE, [case("original"), case("onnx", 0.0)], {})
    assert "0 of 1 reached, 0 missed, 1 not measured." in text
    line = next(line for line in text.splitlines() if line.startswith("| none"))
    assert [cell.strip() for cell in line.strip("|").split("|")][-2:] == ["INT8", "not measured"]


def test_a_page_says_what_is_asked_and_what_others_published():
    published = replace(BAR, published="some-net elsewhere: .8 to .4")
    text = render(replace(PAGE, bars=(published,)), [case("original")], {})
    assert "of the original's score [95 %, paired] ≥ 99 % | some-net elsewhere: .8 to .4 |" in text
    assert "| nothing comparable  " in render(PAGE, [case("original")], {})


def test_a_bar_of_competing_rows_names_the_best_and_shows_every_row():
    bar = replace(BAR, needs=(Need("over_torch", at_least=9.0),))
    page = replace(PAGE, each_row=False, columns=("over_torch", "over_fp32", "ram"), bars=(bar,))
    rows = [case("original"), case("onnx", speed=2.0), case("int8", 0.0, speed=6.0)]
    text = render(page, rows, {f"{MODEL}:INT8": missed.Text("Slow.", "All.")})
    assert "| INT8 | torch fp32 [95 %, paired] ≥ 9× | int8" in text
    assert "- **int8** (INT8): Slow. Tried: All." in text
    assert any(line.startswith("| onnx") for line in text.splitlines())


def test_every_declared_need_is_a_known_quantity_with_a_limit_somewhere():
    for page in PAGES:
        assert set(page.columns) <= set(QUANTITIES)
        for bar in page.bars:
            assert {need.quantity for need in bar.needs} <= set(QUANTITIES)
            assert any(need != Need(need.quantity) for need in bar.needs), bar.name
            assert set(bar.models) <= set(page.models)


def test_every_glob_of_the_bars_matches_a_registered_method():
    """Names alone, with a parameter and with an INT8 step behind: a glob that matches nothing judges nothing."""
    names = [name + end for name in registry.load().methods for end in ("", "@x=1", "+onnx-int8-static")]
    globs = {*FP32_EXPORTS, *(glob for page in PAGES for bar in page.bars for glob in bar.methods)}
    # One that is built, or that no bar names any more, is taken off the list; a new one that matches nothing is a mistake or goes on it.
    assert {glob for glob in globs if not matches_any(names, glob)} == PLANNED


def matches_any(names, glob):
    return any(matches(name, [glob]) for name in names)


def test_weights_alone_in_int8_are_held_to_the_bar_of_ranges_at_run_time_not_to_the_lower_one_of_static_ranges():
    for name in ("openvino-int8-weights", "torchao-int8-weight-only", "bnb-int8", "quanto-int8", "optimum-openvino-int8"):
        judged = judge_row(row("entities-bert", name), PAGES[0], [])
        assert judged is not None, name
        assert judged.bar.name == "INT8 dynamic", name


def test_runtimes_of_fp32_weights_are_all_counted_and_no_int8_is_one_of_them():
    for name in ("litert", "onnx-level99", "onnx-fused", "openvino", "executorch", "torchscript"):
        assert matches(name, FP32_EXPORTS), name
    assert not [name for name in registry.load().methods if "int8" in name and matches(name, FP32_EXPORTS)]
    assert not matches("onnx-fused-int8-dynamic", FP32_EXPORTS)


def test_a_page_links_only_to_pages_that_have_rows():
    quality, _, speed = PAGES
    rows = [case("original", model="entities-bert")]
    assert shown(PAGES, rows) == ["quality-bars"]
    assert "speed-bars.md" not in render(quality, rows, {}, shown(PAGES, rows))
    rows.append(case("original", model="bert-large-twin"))
    names = shown(PAGES, rows)
    assert "(speed-bars.md)" in render(quality, rows, {}, names)
    assert "(quality-bars.md)" in render(speed, rows, {}, names)


def test_a_text_that_is_malformed_is_named(tmp_path):
    path = tmp_path / "missed.toml"
    path.write_text('["m:x"]\ncause = "only"\n')
    with pytest.raises(RecordError, match=r"\['m:x'\] needs two texts, cause and tried"):
        missed.read(path)


def test_the_command_writes_the_pages_that_have_rows_and_asks_for_a_missing_cause(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "PAGES", (PAGE, replace(PAGE, name="others", models=("nothing",))))
    write_records(tmp_path / "rows" / "desk.json", [case("original"), case("int8", -0.3)])
    options = command_options(tmp_path)
    assert options.run(options) == 1
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["some-bars.md"]
    assert f"missed without a cause: write ['{MODEL}:int8']" in capsys.readouterr().err


def command_options(folder):
    from reports.__main__ import _parser

    return _parser().parse_args(["bars", str(folder / "rows"), "--to", str(folder / "docs")])


def test_pages_are_written_without_a_framework():
    program = "import sys, reports.__main__; print(sorted({'torch', 'numpy', 'fixtures'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    assert DESK


def test_the_committed_pages_are_those_of_the_committed_records():
    """`python -m reports bars` after new records, bars or texts."""
    records = merge([ROOT / command.RECORDS]).records if (ROOT / command.RECORDS).exists() else []
    for page in PAGES:
        path, rows = ROOT / command.DOCS / f"{page.name}.md", of_page(page, records)
        assert path.exists() == bool(rows)
        assert not rows or path.read_text(encoding="utf-8") == render(page, rows, missed.read(), shown(PAGES, records))
