"""The page as text: what is in it, what is not, and that nothing of a record becomes markup."""

import base64
import gzip
import json
import re
from dataclasses import replace
from typing import NamedTuple

import pytest

from reports import page
from reports.__main__ import main
from reports.page.board import board
from reports.page.histogram import bins, histogram
from reports.page.memory import stack
from reports.record import Measurement, write_records
from reports.reproduce import command
from reports.table import sections
from tests.samples.build import DESK, desk, measurements, rack, row

BOTH = [*desk(), *rack()]


def data(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def pack(text, name):
    packed = re.search(rf'id="{name}">([^<]*)<', text)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_cell_of_the_markdown_is_on_the_page(lang):
    made = board(BOTH, lang)
    on_page = {title: column.texts for column in made.columns for title in [column.title]}
    for section in sections(BOTH, lang):
        for grid in filter(None, (section.grid, section.speed)):
            for header, kind in zip(grid.headers, grid.kinds, strict=True):
                if kind not in ("name", "quality"):
                    texts = [cells[grid.headers.index(header)].text for cells in grid.rows]
                    assert set(texts) <= set(on_page[header.replace("`", "")])
    assert {len(texts) for texts in on_page.values()} == {len(made.lines)}


def test_every_missing_value_has_a_footnote_with_its_reason():
    made = board(BOTH, "en")
    for column in [*made.columns, *made.wide]:
        for index, text in enumerate(column.texts):
            if text in ("N/A", "failed"):
                reasons = column.reasons or made.footnotes.texts
                assert all(reasons[number - 1] for number in column.notes[index]), (column.title, index)


def test_the_verdict_on_quality_is_sorted_by_its_own_difference():
    made = board(desk(), "en")
    change = next(column for column in made.columns if column.kind == "change")
    at = next(i for i, line in enumerate(made.lines) if line.any.method == "onnx-int8-static")
    assert (change.texts[at], change.values[at]) == ("worse −0.3600 [−0.4000, −0.3200]", -0.36)
    assert at in change.bad


def test_a_measure_of_one_task_says_so_in_the_rows_of_the_others():
    rate = Measurement(50.0, "1/s", "higher", "throughput", 40, primary=True)
    rows = desk()
    rows[0] = replace(rows[0], measurements={**rows[0].measurements, "decode_rate": rate})
    made = board(rows, "en")
    column = next(column for column in made.columns if "decode" in column.title)
    last = len(made.lines) - 1
    assert column.texts[last] == "N/A"
    assert made.footnotes.texts[column.notes[last][0] - 1] == "not a measure of this task"


def test_nothing_of_a_record_becomes_markup():
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    rows = [
        row(evil, evil, measurements=measurements(1e6, 0.1), warnings=(evil,), environment={**DESK, "os": evil}),
        row(evil, "x", status="failed", reason=evil),
    ]
    text = page.render(rows, "en", problems=[evil])
    assert "<script>alert" not in text
    assert "<img" not in text
    assert data(text)["columns"][1]["texts"][0] == evil


def test_the_page_asks_for_nothing_from_outside_and_keeps_the_library_s_license():
    text = page.render(BOTH)
    assert "default-src 'none'" in text
    assert "sourceMappingURL" not in text
    assert not re.search(r'(src|href)="(?!#)', text.split("<script>")[0])
    assert "MIT License" in (page.LIBRARY / "LICENSE").read_text(encoding="utf-8")


def test_the_same_records_give_the_same_page():
    assert page.render(BOTH) == page.render(BOTH)


def test_details_hold_the_command_the_pipeline_its_evidence_and_the_samples():
    steps = [{"step": "original", "seconds": 0.1}, {"step": "onnx", "seconds": 2.0, "evidence": {"op_counts": {"Conv": 50}}}]
    rows = desk()
    rows[0] = replace(rows[0], artifact={**rows[0].artifact, "lineage": steps})
    found = pack(page.render(rows), "pack-0")[0][0]
    blocks = {block["title"]: block for block in found["blocks"]}
    assert found["case"] == "tiny-vit:original:cpu"
    assert blocks["Steps that built it"]["rows"][1][0] == "2. onnx"
    assert "op counts: Conv 50" in blocks["Steps that built it"]["rows"][1][3]
    assert "--method original --device cpu" in blocks["Command to reproduce"]["text"]
    assert blocks["Latency samples"]["kind"] == "histogram"
    assert ["latency p95", "p95 needs 60 samples, 40 were taken"] in [
        [name.replace("_", " "), why] for name, why in blocks["Not measured"]["rows"]
    ]


def test_the_histogram_counts_each_pair_but_the_disturbed_ones():
    record = next(r for r in desk() if r.method == "onnx-int8-static" and r.device == "cpu")
    found = histogram(record, "en")
    assert [side["name"] for side in found["sides"]] == ["onnx-int8-static", "original"]
    assert [sum(side["counts"]) for side in found["sides"]] == [38, 38]  # 40 pairs, two of them disturbed
    assert "2 left out as disturbed; 0 above the axis" in found["note"]
    original = histogram(next(r for r in desk() if r.method == "original"), "en")
    assert [side["name"] for side in original["sides"]] == ["original A", "original B"]


def test_one_pause_of_the_machine_does_not_press_the_histogram_flat():
    samples = (*(0.01 + 0.0001 * i for i in range(199)), 3.0)
    latency = Measurement(0.02, "s", "lower", "latency", 200, samples=samples, primary=True)
    found = histogram(row("m", "x", measurements={"latency": latency}), "en")
    assert sum(found["sides"][0]["counts"]) == 199
    assert "200 timed rounds, time per sample; 1 above the axis" in found["note"]


def test_bins_hold_the_ends_of_their_range():
    assert bins([0.0, 0.5, 1.0, 2.0], 0.0, 1.0, count=2) == [1, 2]


def test_memory_is_stacked_by_what_each_phase_adds_up_to_the_peak():
    levels = {"ram_after_imports": 100, "ram_after_load": 160, "ram_after_first_call": 150, "ram_peak": 200}
    found = {key: Measurement(value * 1e6, "B", "lower", "detail", 1) for key, value in levels.items()}
    parts = stack(row("m", "x", measurements=found), "en")["parts"]
    # 100 by the imports, 60 by loading, nothing by the call, 40 that were freed again
    assert [(part["name"], part["share"]) for part in parts] == [("imports", 0.5), ("load", 0.3), ("freed again", 0.2)]
    assert stack(row("m", "x", measurements={}), "en") is None


def test_the_command_repeats_what_was_asked_at_the_commit_that_measured():
    asked = {"batch": 8, "sequence": None, "seed": 0, "data": "my data.jsonl"}
    record = row("m", "prune50+x@a=b", environment={**DESK, "asked": asked, "worker_environment": "llamacpp"})
    assert command(record) == (
        "git checkout 0123456789abcdef && tox run -e llamacpp --notest && tox run -e bench -- --model m --task image-classification "
        "--method prune50+x@a=b --device cpu --batch 8 --data 'my data.jsonl' --threads 2"
    )


def test_the_command_line_writes_the_page_and_says_on_it_what_could_not_be_read(tmp_path, capsys):
    write_records(tmp_path / "in" / "good.json", desk())
    cut = (tmp_path / "in" / "good.json").read_text(encoding="utf-8")
    (tmp_path / "in" / "cut.json").write_text(cut[: len(cut) // 2], encoding="utf-8")
    (tmp_path / "in" / "newer.json").write_text('{"schema": 99, "records": []}', encoding="utf-8")
    out = tmp_path / "page.html"
    assert main(["page", str(tmp_path / "in"), "--output", str(out), "--lang", "ru"]) == 2
    text = out.read_text(encoding="utf-8")
    assert "Прочитано не всё; остальное показано" in text
    assert "schema 99" in text
    assert "truncated" in text
    assert data(text)["rows"] == len(board(desk(), "ru").lines)
    assert main(["page", str(tmp_path / "in" / "good.json"), "--output", str(out), "--model", "tiny-vit"]) == 0
    assert "tiny-bert" not in out.read_text(encoding="utf-8")


def test_a_page_that_is_there_is_not_replaced_by_an_empty_one(tmp_path, capsys):
    out = tmp_path / "page.html"
    out.write_text("kept", encoding="utf-8")
    write_records(tmp_path / "in" / "good.json", desk())
    assert main(["page", str(tmp_path / "in"), "--output", str(out), "--model", "other"]) == 2
    assert "none of the rows" in capsys.readouterr().err
    assert main(["page", str(tmp_path / "nowhere"), "--output", str(out)]) == 2
    assert out.read_text(encoding="utf-8") == "kept"


def test_no_rows_are_said_to_be_none():
    text = page.render([], "en", problems=["x.json: no such file"])
    assert "No records: nothing was measured." in text
    assert "x.json: no such file" in text


class Drawn(NamedTuple):
    slug: str
    title: str
    svg: str
    description: str


def test_plots_are_inside_with_their_words_and_beyond_forty_are_counted():
    figures = [Drawn(f"f{n}", f"Speed {n}", f"<svg id='plot-{n}'></svg>", f"key numbers {n}") for n in range(42)]
    text = page.render(desk(), figures=figures)
    assert "<svg id='plot-39'></svg>" in text
    assert "key numbers 39" in text
    assert "plot-40" not in text
    assert "2 more plots are left out" in text
    assert "No plots: no library" in page.render(desk(), no_figures="No plots: no library")
    assert "figures-title" not in page.render(desk())
