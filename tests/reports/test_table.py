"""Whole tables against the stored ones. After a wanted change: `python -m tests.reports.golden`, and read the difference."""

import ast
import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from reports import render_csv, render_markdown, render_terminal
from reports.conclusions import conclusions
from reports.lines import join
from reports.record import Measurement, read_records
from reports.speed import OTHER_WORK, speedup
from reports.table import sections
from tests.reports.golden import GOLDEN, TABLES
from tests.samples import build
from tests.samples.build import DESK, RACK, SAMPLES, desk, measurements, pairs, rack, row


@pytest.mark.parametrize("name", TABLES)
def test_the_whole_table_is_as_stored(name):
    assert TABLES[name]() == (GOLDEN / name).read_text(encoding="utf-8")


def test_the_stored_samples_are_what_their_builder_writes(tmp_path):
    build.main(tmp_path)
    for name in build.FILES:
        assert read_records(tmp_path / name) == read_records(SAMPLES / name)


def cells(records, lang="en"):
    """{(model, method): {header: Cell}} of all sections."""
    found = {}
    for section in sections(records, lang):
        for cell_row in section.grid.rows:
            named = dict(zip(section.grid.headers, cell_row, strict=True))
            found[named["Model"].text, named["Method"].text] = named
    return found


def test_the_eight_columns_are_the_course_s_in_both_languages():
    for lang, expected in {
        "ru": ["Модель", "Метод", "Размер весов", "Время инференса (CPU, ms)", "Время инференса (GPU, ms)",
               "Использование RAM (MB)", "Использование VRAM (MB)"],
        "en": ["Model", "Method", "Weight size", "Inference time (CPU, ms)", "Inference time (GPU, ms)", "RAM use (MB)", "VRAM use (MB)"],
    }.items():  # fmt: skip
        headers = [header.removesuffix(" ↓") for header in sections(desk(), lang)[0].grid.headers]
        assert headers[:7] == expected
        assert len(headers) == 8
        assert "F1 macro ↑, precision macro ↑, recall macro ↑" in headers[7]


def test_every_cell_without_a_value_has_a_footnote():
    for records in (desk(), rack(), desk() + rack()):
        for section in sections(records):
            for grid in filter(None, (section.grid, section.speed)):
                for cell in (cell for cell_row in grid.rows for cell in cell_row):
                    assert cell.text != ""
                    if cell.text.startswith(("N/A", "failed")):
                        assert cell.notes, cell
                    assert all(section.footnotes[number - 1] for number in cell.notes)


def test_a_note_that_all_values_of_a_column_share_stands_at_its_header():
    section = sections(rack())[0]
    assert section.footnotes[section.grid.header_notes["VRAM use (MB) ↓"][0] - 1] == "torch allocator"
    assert all(line["VRAM use (MB) ↓"].notes == () for line in cells(rack()).values())
    assert "VRAM use (MB) ↓ [1]" in render_markdown.render(rack())


def test_without_labels_the_agreement_is_shown_with_its_note_and_not_the_cosine():
    section = sections(desk())[1]
    quality = section.grid.rows[-1][-1]
    assert quality.text == "N/A; agreement with the original 99.80 %"
    assert {section.footnotes[n - 1] for n in quality.notes} == {
        "random weights: quality is not applicable", "9 distinct classes predicted, 9 by the original",
    }  # fmt: skip


def test_a_failed_row_is_loud_and_gives_its_reason():
    line = cells(desk())["tiny-vit", "torch-int8-dynamic"]
    assert line["RAM use (MB) ↓"].failed
    assert "**failed** [" in render_markdown.render(desk())
    assert "FAILED tiny-vit:torch-int8-dynamic:cpu: INT8 was asked for" in render_terminal.render(desk())


def test_best_values_are_bold_only_among_comparable_rows():
    header = "Inference time (CPU, ms) ↓"
    first, second = (row("m", name, measurements=measurements(1e6, t, 1e6)) for name, t in (("original", 0.002), ("b", 0.001)))
    assert cells([first, second])["m", "b"][header].best
    other_batch = replace(second, conditions={**second.conditions, "batch": 8})
    found = cells([first, other_batch])["m", "b"]
    assert not found[header].best
    other_run = replace(second, run_id="run-9")
    assert not cells([first, other_run])["m", "b"][header].best
    # Sizes do not depend on the run.
    assert cells([first, replace(other_run, measurements=measurements(1, 0.001, 1e6))])["m", "b"]["Weight size ↓"].best


def test_a_row_that_stopped_early_wins_no_time_and_has_no_speed_up():
    header, why = "Inference time (CPU, ms) ↓", "its timed call writes 2 tokens, the original's 20"
    rows = [
        row("m", name, measurements=measurements(1e6, t, 1e6), times=pairs(1, 0.004, 0.004 / t))
        for name, t in (("original", 0.004), ("honest", 0.002), ("early", 0.001))
    ]
    rows[2] = replace(rows[2], conditions={**rows[2].conditions, OTHER_WORK: why})
    found = cells(rows)
    assert found["m", "honest"][header].best
    assert not found["m", "early"][header].best
    assert speedup(rows[1]).verdict == "faster"
    assert speedup(rows[2]) is None
    assert why in sections(rows)[0].footnotes
    assert "fastest: honest" in " ".join(one.text for one in conclusions(rows))


def test_a_single_measured_value_is_not_the_best_of_anything():
    assert not any(
        cell.best for cell in cells([row("m", "original", measurements=measurements(1e6, 0.1))])["m", "original"].values()
    )


def test_the_original_stands_first_whatever_was_measured_first():
    records = [row("m", name, measurements=measurements(1e6, 0.1)) for name in ("z", "original-tuned", "a", "original")]
    assert [line.any.method for line in join(records)] == ["original", "original-tuned", "z", "a"]


def test_ram_comes_from_the_cpu_row_and_vram_from_the_gpu_row():
    found = cells(rack())["tiny-vit", "fp16"]
    assert (found["RAM use (MB) ↓"].text, found["VRAM use (MB) ↓"].text) == ("20.00", "5.00")


def test_a_measured_gpu_row_answers_the_unavailable_one_of_another_environment():
    cpu = row("m", "original", measurements=measurements(1e6, 0.1))
    blind = row("m", "original", "cuda", status="unavailable", reason="onnxruntime without CUDA")
    seen = row(
        "m", "original", "cuda", environment={**DESK, "suite_environment": "gpu"}, measurements=measurements(1e6, 0.1, vram=1e6)
    )
    lines = join([cpu, blind, seen])
    assert len(lines) == 1
    assert lines[0].records == {"cpu": cpu, "cuda": seen}


def test_what_no_environment_could_run_is_one_line_with_every_reason():
    cpu = row("m", "original", measurements=measurements(1e6, 0.1))
    blind = [
        row("m", "original", "cuda", status="unavailable", reason=reason, environment={**DESK, "suite_environment": name})
        for name, reason in (("core", "no CUDA build"), ("gpu", "no CUDA device"), ("hf", "no CUDA device"))
    ]
    lines = join([cpu, *blind])
    assert len(lines) == 1
    assert lines[0].records["cuda"].reason == "no CUDA build; no CUDA device"


def test_a_failed_row_is_kept_beside_a_measured_one_of_another_run():
    failed = row("m", "original", status="failed", reason="it hung")
    good = row("m", "original", run="run-2", measurements=measurements(1e6, 0.1))
    assert [line.records["cpu"].status for line in join([failed, good])] == ["failed", "measured"]


def test_a_case_measured_twice_keeps_both_lines_with_what_tells_them_apart():
    first = row("m", "original", measurements=measurements(1e6, 0.1))
    assert [line.tag for line in join([first, replace(first, run_id="run-2")])] == ["run-1", "run-2"]
    assert [line.tag for line in join([first, replace(first, seconds=1.0)])] == ["duplicate 1", "duplicate 2"]
    gpu = {**DESK, "suite_environment": "gpu"}
    assert [line.tag for line in join([first, replace(first, environment=gpu)])] == ["core", "gpu"]


def test_no_ratio_crosses_a_run_or_a_machine():
    tuned = row("m", "original-tuned", times=pairs(1, 0.1, 1.5), measurements=measurements(1e6, 0.1))
    fast = row("m", "fast", times=pairs(2, 0.1, 3.0), measurements=measurements(1e6, 0.1))
    for other, texts in (
        (fast, "2.0"),
        (replace(fast, run_id="run-2"), "N/A"),
        (replace(fast, environment=RACK), "N/A"),
        (replace(fast, conditions={"batch": 8}), "N/A"),
    ):
        grid = sections([tuned, other])[0].speed
        assert grid.rows[1][-1].text.startswith(texts)


def test_a_pair_that_is_tainted_is_left_out_and_all_tainted_is_absent_with_a_reason():
    all_tainted = row("m", "x", times=pairs(1, 0.1, 2.0, n=3, tainted={str(i): "steal" for i in range(3)}), measurements={})
    section = sections([all_tainted, row("m", "y", times=pairs(1, 0.1, 2.0), measurements={})])[0]
    assert section.speed.rows[0][2].text == "N/A"
    assert any("all 3 pairs were disturbed" in text for text in section.footnotes)


def test_user_text_cannot_break_the_table():
    evil = row("a|b\n`c*` <script>", "m\\|x", measurements=measurements(1e6, 0.1), warnings=("x\n\n# heading",))
    text = render_markdown.render([evil])
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 3
    assert all(len(line.replace("\\\\", "").replace("\\|", "").split("|")) == 10 for line in table)
    assert "<script>" not in text
    assert "\n# heading" not in text
    assert "\x1b" not in render_terminal.render([replace(evil, model="\x1b[2Jgone")])


def test_no_records_are_said_to_be_none():
    assert "nothing was measured" in render_markdown.render([])
    assert render_terminal.render([]) == ""
    assert render_csv.render([]).startswith("task,model,method")


def csv_rows(records):
    return list(csv.DictReader(io.StringIO(render_csv.render(records))))


def test_the_wide_table_holds_every_measurement_of_every_record_in_base_units():
    records = desk() + rack()
    rows = csv_rows(records)
    assert len(rows) == len(records)
    for record, found in zip(records, rows, strict=True):
        assert (found["model"], found["status"], found["reason"]) == (record.model, record.status, record.reason)
        suffixes = {"B": "_bytes", "s": "_s", "1/s": "_per_s", "1": ""}
        for name, m in record.measurements.items():
            assert float(found[name + suffixes[m.unit]]) == m.value
            assert found[f"{name}_n"] == str(m.n)
        for name, reason in record.absent.items():
            assert found[f"{name}_absent"] == reason
    assert rows[2]["speedup_verdict"] == "faster"
    assert rows[2]["speedup_n"] == "38"
    assert rows[2]["f1_macro_verdict"] == "worse"
    assert rows[0]["environment_versions_torch"] == "2.0.0"
    assert rows[0]["condition_batch"] == "1"


def test_a_metric_that_nobody_foresaw_is_shown_by_its_key():
    bleu = Measurement(31.0, "1", "higher", "quality", 100, primary=True)
    headers = sections([row("m", "original", measurements={"sacre_bleu": bleu})])[0].grid.headers
    assert headers[-1] == "Quality (sacre bleu ↑)"


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
def test_the_terminal_table_fits_the_terminal(width):
    for lang in ("en", "ru"):
        text = render_terminal.render(desk() + rack(), width, lang=lang)
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text
    assert "\x1b" in render_terminal.render(desk(), width, color=True)


def test_what_was_not_measured_is_counted_by_reason_not_listed():
    many = [row(f"m{i}", "x", "cuda", status="unavailable", reason="no CUDA") for i in range(50)]
    lines = render_terminal.render(many).splitlines()
    assert len(lines) < 6
    assert any("50 × unavailable, no CUDA (m0:x:cuda and 49 more)" in line for line in lines)


def test_rendering_imports_neither_a_framework_nor_fixtures():
    for file in Path("reports").glob("*.py"):
        for module in imported(file):
            assert module not in ("torch", "numpy", "fixtures"), file


def imported(file):
    """The packages that importing this file imports: those inside of functions are for one command alone."""
    for line in ast.parse(file.read_text(encoding="utf-8")).body:
        names = [name.name for name in line.names] if isinstance(line, ast.Import) else []
        names += [line.module or ""] if isinstance(line, ast.ImportFrom) else []
        yield from (name.partition(".")[0] for name in names)
