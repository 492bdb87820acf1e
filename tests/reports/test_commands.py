"""`python -m reports`: each command on good rows and on what people hand it."""

import csv
import io
import json
import time
from dataclasses import replace

import pytest

from reports import compare, export, history, readme, recommend, render_markdown, render_terminal, share
from reports.__main__ import main
from reports.imported import imported
from reports.lenient import absurd, read
from reports.merge import merge, merge_records
from reports.record import Measurement, RecordError, read_records, write_records
from tests.reports.test_conclusions import case
from tests.samples.build import DESK, RACK, SAMPLES, desk, measurements, pairs, rack, row

TEXT = f"# Mine\n\nbefore\n{readme.START}\nold\n{readme.END}\nafter"


def test_a_recommendation_names_the_row_its_evidence_and_why_the_others_are_out():
    rows = [case("original"), case("quick", speed=2.0, ram=90.0), case("small", size=1.0), case("lossy", speed=3.0, change=-0.05)]
    answer = recommend.recommend(rows, recommend.limits(1.0, 50e6, None, None, None))[0]
    assert answer.best.method == "small"
    assert "out: quick, --max-ram 50.00 MB: 90.00 MB" in answer.text
    assert "out: lossy, --max-quality-loss 1.00 pt: 5.20 pt at the worst end of the 95 % interval" in answer.text
    assert recommend.recommend(rows, recommend.limits(1.0, None, None, None, None))[0].best.method == "quick"


def test_when_nothing_qualifies_the_binding_constraint_is_named_with_what_it_would_take():
    rows = [case("original"), case("small", size=1.0)]
    answer = recommend.recommend(rows, recommend.limits(1.0, 10e6, None, 2e6, None))[0]
    assert answer.best is None
    assert "binding: --max-ram 10.00 MB; rows that hold the rest: 1 of 2; the nearest, small, needs 40.00 MB" in answer.text
    assert "imports of PyTorch" not in answer.text
    both = recommend.recommend(rows, recommend.limits(None, 10e6, None, 0.5e6, None))[0]
    assert "no single constraint is to blame; nearest is" in both.text
    unknown = recommend.recommend(rows, recommend.limits(None, None, 1e6, 2e6, None))[0]
    assert "binding: --max-vram 1.00 MB; rows that hold the rest: 1, all without such a value" in unknown.text


def test_a_memory_limit_says_how_much_of_the_process_is_pytorchs_imports():
    def whole(record, runtime):
        peak = replace(record.measurements["ram"], value=840e6, primary=False, role="detail")
        return replace(record, audit={"facts": {"runtime": runtime}}, measurements={**record.measurements, "ram_peak": peak})

    rows = [case("original"), case("small", size=1.0, ram=40.0)]
    for runtime, said in (("torch", True), ("onnxruntime", False)):
        answer = recommend.recommend([whole(row, runtime) for row in rows], recommend.limits(1.0, 100e6, None, 2e6, None))[0]
        assert ("800.00 MB of that are the imports of PyTorch" in answer.text) is said


@pytest.mark.parametrize(
    ("prefer", "says"),
    [
        ("speed", "ranked by speed: 2 of 3 qualify; rows not faster or slower beyond noise count as the original"),
        ("size", "ranked by size: 2 of 3 qualify"),
        ("ram", "ranked by process RAM: 2 of 3 qualify"),
        ("quality", "ranked by quality: 2 of 3 qualify, by the estimate of the loss"),
    ],
)
def test_a_recommendation_says_what_it_is_ranked_by(prefer, says):
    rows = [case("original"), case("quick", speed=2.0), case("lossy", change=-0.05)]
    assert says in recommend.recommend(rows, recommend.limits(1.0, None, None, None, None), prefer)[0].text


def test_a_row_of_unknown_quality_is_not_shipped():
    rows = [
        replace(case(name), measurements=measurements(1e6, 0.004), absent={"f1_macro": "random weights"})
        for name in ("original", "x")
    ]
    text = recommend.recommend(rows, [])[0].text.replace("original", "x")
    assert "x fits, its quality is unknown" in text
    assert "why: random weights" in text
    assert "ship" not in text


def test_an_unknown_value_holds_no_constraint():
    unknown = replace(case("small", size=1.0), measurements=measurements(1e6, 0.004))
    assert recommend.recommend([unknown], recommend.limits(None, 1e12, None, None, None))[0].best is None


@pytest.mark.parametrize(("text", "size"), [("500MB", 5e8), ("1.5 GB", 1.5e9), ("512MiB", 2.0**29)])
def test_sizes_are_read_with_their_unit(text, size):
    assert recommend.size_bytes(text) == size


@pytest.mark.parametrize("text", ["500", "-5MB", "MB", "5 parsecs"])
def test_a_size_without_a_unit_is_refused(text):
    with pytest.raises(ValueError, match="as 500MB"):
        recommend.size_bytes(text)


def test_recommend_on_the_command_line(tmp_path, capsys):
    write_records(tmp_path / "r.json", [case("original"), case("small", size=1.0)])
    assert main(["recommend", str(tmp_path), "--max-quality-loss", "1", "--max-size", "2MB", "--device", "cpu"]) == 0
    assert "ship small" in capsys.readouterr().out
    assert main(["recommend", str(tmp_path), "--max-size", "1KB"]) == 1
    assert "nothing qualifies" in capsys.readouterr().out
    assert main(["recommend", str(tmp_path), "--model", "other"]) == 1
    assert "none of the rows" in capsys.readouterr().err


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_what_is_between_the_markers_changes(tmp_path, newline):
    path = tmp_path / "README.md"
    path.write_bytes(TEXT.replace("\n", newline).encode())
    assert readme.update(path, "# Title\n\n## task\n\n| a |\n")
    raw = path.read_bytes().decode()
    start, end = TEXT.replace("\n", newline).split(readme.START)[0], TEXT.replace("\n", newline).split(readme.END)[1]
    assert raw.startswith(start + readme.START)
    assert raw.endswith(readme.END + end)
    assert f"### task{newline}{newline}| a |" in raw
    assert "old" not in raw
    assert raw.count("\n") == raw.count(newline)
    assert not readme.update(path, "# Title\n\n## task\n\n| a |\n")


@pytest.mark.parametrize(
    "text",
    ["nothing", readme.START, f"{readme.END}\n{readme.START}", TEXT + readme.START, TEXT + readme.END],
    ids=["missing", "half", "reversed", "two starts", "two ends"],
)
def test_wrong_markers_are_one_error_and_the_file_is_untouched(tmp_path, capsys, text):
    path = tmp_path / "README.md"
    path.write_text(text)
    assert main(["readme", str(path), str(SAMPLES)]) == 2
    assert capsys.readouterr().err.count("error: ") == 1
    assert path.read_text() == text


def test_teams_record_into_folders_that_merge_without_loss(tmp_path):
    for label, rows in (("team-a", desk()), ("team-b", rack())):
        share.share(rows, label, tmp_path)
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.json")) == [
        "team-a/desk/core.json", "team-b/rack/gpu.json"]  # fmt: skip
    assert len(merge([tmp_path]).records) == len(desk()) + len(rack())
    share.share(desk(), "team-a", tmp_path)
    assert len(merge([tmp_path]).records) == len(desk()) + len(rack())


def test_a_case_recorded_again_moves_the_older_row_to_history(tmp_path):
    old, other = case("original"), case("small")
    share.share([old, other], "team-a", tmp_path)
    share.share([replace(old, run_id="run-2")], "team-a", tmp_path)
    current = read_records(tmp_path / "team-a/desk/core.json")
    assert {(r.method, r.run_id) for r in current} == {("original", "run-2"), ("small", "run-1")}
    past = read_records(tmp_path / "team-a/desk/history/run-1.core.json")
    assert [(r.method, r.run_id) for r in past] == [("original", "run-1")]


@pytest.mark.parametrize("label", ["", "a/b", "../x"])
def test_a_label_that_is_no_folder_is_refused(tmp_path, label):
    with pytest.raises(RecordError, match="label"):
        share.share(desk(), label, tmp_path)


def test_another_team_s_rows_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(RecordError, match="labelled team-a, not team-z"):
        share.share(desk(), "team-z", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_long_format_has_every_measurement_and_every_reason():
    rows = list(csv.DictReader(io.StringIO(export.long_csv(desk()))))
    for record in desk():
        own = [r for r in rows if r["case"] == record.case]
        names = {r["measurement"] for r in own}
        assert set(record.measurements) <= names
        assert all(r["value"] or r["reason"] for r in own)
    assert tuple(rows[0]) == tuple(export.COLUMNS)


def test_parquet_holds_the_same_rows(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    export.write_parquet(tmp_path / "r.parquet", desk())
    table = parquet.read_table(tmp_path / "r.parquet")
    assert table.num_rows == len(list(export.long(desk())))
    assert str(table.schema.field("value").type) == "double"


def test_without_pyarrow_the_command_that_installs_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(export.MissingLibrary, match="python -m pip install pyarrow=="):
        export.write_parquet(tmp_path / "r.parquet", desk())


def benchmark_file(tmp_path, *entries):
    path = tmp_path / "b.json"
    machine = {"node": "box", "cpu": {"brand_raw": "Example CPU", "count": 2}, "python_version": "3.11.7"}
    data = {"machine_info": machine, "commit_info": {"id": "abc"}, "datetime": "2026-01-31T14:25:01", "version": "5.3.1"}
    path.write_text(json.dumps({**data, "benchmarks": list(entries)}))
    return path


def test_a_pytest_benchmark_file_becomes_rows_and_its_bad_entries_messages(tmp_path):
    good = {"fullname": "bench/test_x.py::test_f[m:onnx:cpu]", "group": None, "stats": {"data": [0.01] * 5 + [0.03, 0.02]}}
    plain = {"fullname": "bench/test_y.py::test_g", "stats": {"median": 0.5, "rounds": 7}}
    negative = {"fullname": "bench/test_z.py::test_h", "stats": {"data": [-1.0]}}
    records, problems = imported(benchmark_file(tmp_path, good, plain, negative, {"nothing": 1}), "team-a")
    assert [r.case for r in records] == ["m:onnx:cpu", "test_y:test_g:cpu"]
    assert [(r.measurements["latency"].value, r.measurements["latency"].n) for r in records] == [(0.01, 7), (0.5, 7)]
    assert records[1].measurements["latency"].low is None
    assert len(problems) == 2
    assert "test_h is left out" in problems[0]
    assert render_markdown.render(records).count("times only")
    with pytest.raises(RecordError, match="not a pytest-benchmark file"):
        imported(SAMPLES / "desk.json")


def test_two_runs_are_compared_by_their_paired_speed_ups():
    before, after = case("x", speed=1.0), replace(case("x", size=2.0, speed=1.5), run_id="run-2")
    changed = compare.compare([before], [after])[0]
    assert changed.size == "−50.0 %"
    assert changed.speed.startswith("1.5")
    assert changed.speed.endswith("faster")
    # The same code twice: never a change.
    assert compare.compare([before], [replace(before, run_id="run-2")])[0].speed.endswith("same")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"environment": RACK}, "machine team-a/desk in A, team-b/rack in B"),
        ({"conditions": {"batch": 8}}, "batch 1 in A, 8 in B"),
        ({"method_revision": 2}, "the method's revision is 1 in A and 2 in B"),
        ({"status": "failed", "reason": "it hung"}, "failed in B: it hung"),
        ({"times": None}, "no paired speed-up in B"),
    ],
)
def test_what_cannot_be_compared_says_so(change, reason):
    before = case("x")
    environment = change.get("environment", before.environment)
    after = replace(before, run_id="run-2", **{**change, "environment": {**environment, "suite_environment": "core"}})
    found = compare.compare([before], [after])[0]
    assert reason in found.reason
    assert found.speed == ""


def test_a_case_of_one_run_only_is_listed():
    assert [c.reason for c in compare.compare([case("x")], [case("y")])] == ["only in A", "only in B"]


def test_history_is_over_superseded_runs_too_and_draws(tmp_path, capsys):
    write_records(tmp_path / "desk" / "core.json", [replace(case("x"), run_id="run-2", started_at="2026-01-02T00:00:00")])
    write_records(tmp_path / "desk" / "history" / "run-1.core.json", [replace(case("x"), started_at="2026-01-01T00:00:00")])
    assert main(["history", "m:x:cpu", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert text.index("run-1") < text.index("run-2")
    assert main(["history", "m:z:cpu", str(tmp_path)]) == 2
    assert "did you mean m:x:cpu?" in capsys.readouterr().err
    pytest.importorskip("matplotlib")
    assert main(["history", "m:x:cpu", str(tmp_path), "--plot", str(tmp_path / "h.svg")]) == 0
    assert "<svg" in (tmp_path / "h.svg").read_text()


def test_without_matplotlib_the_command_that_installs_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(export.MissingLibrary, match="python -m pip install matplotlib=="):
        history.plot([case("x")], tmp_path / "h.svg")


def test_a_truncated_file_shows_its_whole_records(tmp_path):
    path = tmp_path / "r.json"
    write_records(path, desk())
    path.write_text(path.read_text()[: int(path.stat().st_size * 0.5)])
    records, problems = read(path)
    assert 0 < len(records) < len(desk())
    assert records == desk()[: len(records)]
    assert "truncated" in problems[0]
    assert f"the {len(records)} whole records" in problems[0]


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda r: r["measurements"]["latency"].update(value=-1.0), "negative"),
        (lambda r: r["measurements"]["size"].update(value=float("nan")), "NaN"),
        (lambda r: r["measurements"]["size"].update(value=1e30), "pebibyte"),
        (lambda r: r["measurements"]["latency"].update(value=0.0, low=0.0), "latency is 0 s"),
        (lambda r: r.update(surprise=1), "surprise"),
        (lambda r: r.update(status="odd"), "odd"),
    ],
)
def test_one_absurd_record_costs_itself_and_the_rest_is_shown(tmp_path, break_it, message, capsys):
    path = tmp_path / "r.json"
    write_records(path, [case("original"), case("small")])
    data = json.loads(path.read_text())
    break_it(data["records"][0])
    path.write_text(json.dumps(data))
    assert main(["markdown", str(path)]) == 2
    shown = capsys.readouterr()
    assert "small" in shown.out
    assert message in shown.err
    assert shown.err.count("error: ") == 1


def test_a_newer_schema_is_named_and_other_files_are_shown(tmp_path, capsys):
    (tmp_path / "new.json").write_text(json.dumps({"schema": 99, "records": []}))
    write_records(tmp_path / "old.json", [case("original")])
    assert main(["markdown", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert "schema 99" in shown.err
    assert "original" in shown.out


def test_plausible_rows_are_not_absurd():
    assert [absurd(r) for r in desk() + rack()] == [""] * len(desk() + rack())


def test_ten_thousand_rows_are_shown():
    times = pairs(1, 0.004, 1.5, n=20)
    rows = [
        row(f"m{i}", method, environment=DESK, measurements=measurements(1e6 + j, 0.004), times=times)
        for i in range(1000)
        for j, method in enumerate(("original", *(f"x{k}" for k in range(9))))
    ]
    started = time.process_time()
    text = render_markdown.render(merge_records([("a", rows)]).records)
    render_terminal.render(rows)
    assert text.count("\n| m") == 2 * len(rows)
    # 9 s when written; with one quadratic step 80 s.
    assert time.process_time() - started < 60


def test_lint_on_the_command_line(tmp_path, capsys):
    assert main(["lint", str(SAMPLES / "published.md")]) == 1
    assert "published.md:13: copied-memory (M14)" in capsys.readouterr().out
    (tmp_path / "x.md").write_text("nothing")
    assert main(["lint", str(tmp_path / "x.md")]) == 2
    assert "no table with a model and a method column" in capsys.readouterr().err


def test_an_error_rate_that_falls_is_better():
    def with_wer(value, run):
        wer = Measurement(value, "1", "lower", "quality", 100, value - 0.001, value + 0.001, primary=True)
        return row("m", "x", run=run, measurements={"wer": wer})

    assert compare.compare([with_wer(0.3, "a")], [with_wer(0.2, "b")])[0].quality.endswith("better")
    assert compare.compare([with_wer(0.2, "a")], [with_wer(0.3, "b")])[0].quality.endswith("worse")
