import json
from dataclasses import replace

import pytest

from reports.record import NewerSchema, RecordError, read_records
from reports.results import Results, file_name, finish
from tests.samples.build import measurements, row


def opened(directory, run_id=None, resume=False, environment="core"):
    return Results(directory, run_id, "desk", environment, resume)


def measured(results, method="original", **fields):
    return row("m", method, run=results.run_id, measurements=measurements(1e6, 0.1), **fields)


def test_the_file_holds_every_row_after_every_case(tmp_path):
    results = opened(tmp_path)
    for number, method in enumerate(("original", "a", "b"), 1):
        results.add(measured(results, method))
        assert len(read_records(tmp_path / "desk" / "core.json")) == number
    results.add(measured(results, "a", seconds=5.0))
    assert [(r.method, r.seconds) for r in read_records(results.path)] == [("original", 0), ("a", 5), ("b", 0)]


def test_a_resumed_run_keeps_its_id_and_reuses_what_was_measured(tmp_path):
    first = opened(tmp_path)
    rows = {
        "ok": measured(first, "ok"),
        "never": row("m", "never", run=first.run_id, status="not-applicable", reason="a CPU method"),
        "later": row("m", "later", run=first.run_id, status="unavailable", reason="no network"),
        "bad": row("m", "bad", run=first.run_id, status="failed", reason="it hung"),
    }
    for record in rows.values():
        first.add(record)
    again = opened(tmp_path, resume=True)
    assert again.run_id == first.run_id
    assert not again.touched
    assert {method: again.resumed(f"m:{method}:cpu") for method in (*rows, "unknown")} == {
        "ok": rows["ok"], "never": rows["never"], "later": None, "bad": None, "unknown": None,
    }  # fmt: skip
    assert again.touched
    again.add(measured(again, "bad"))
    assert [(r.method, r.status) for r in read_records(again.path)][-1] == ("bad", "measured")
    assert len(read_records(again.path)) == 4


def test_a_new_run_moves_the_older_file_aside_with_its_first_row_and_reuses_nothing(tmp_path):
    first = opened(tmp_path, "run-1")
    first.add(measured(first))
    second = opened(tmp_path, "run-2")
    assert second.resumed("m:original:cpu") is None
    assert first.path.exists()  # a run that measures nothing displaces nothing
    assert second.earlier is None
    second.add(measured(second, "a"))
    assert [r.method for r in read_records(second.path)] == ["a"]
    kept = tmp_path / "desk" / "history" / "run-1.core.json"
    assert [r.method for r in read_records(kept)] == ["original"]
    assert second.earlier == kept


def test_rows_of_another_run_in_the_file_are_moved_aside_when_resuming(tmp_path):
    first = opened(tmp_path, "run-1")
    first.add(measured(first))
    foreign = replace(measured(first, "x"), run_id="run-0")
    first.path.write_text(json.dumps({"schema": 1, "records": [foreign.to_dict(), measured(first).to_dict()]}))
    again = opened(tmp_path, resume=True)
    again.add(measured(again, "a"))
    assert [r.method for r in again.records] == ["original", "a"]
    assert [r.method for path in (tmp_path / "desk" / "history").iterdir() for r in read_records(path)] == ["x", "original"]


@pytest.mark.parametrize(
    "content", ['{"schema": 1, "records": [{"task"', "", "[]", '{"schema": 1, "records": [{"schema": 1}]}', "\udcff"]
)
def test_a_corrupt_file_is_set_aside_with_a_warning_and_never_lost(tmp_path, content):
    path = tmp_path / "desk" / "core.json"
    for expected in ("core.json.corrupt", "core.json-2.corrupt"):
        path.parent.mkdir(exist_ok=True)
        raw = content.encode("utf-8", "surrogateescape")
        path.write_bytes(raw)
        results = opened(tmp_path, resume=True)
        assert (path.parent / expected).read_bytes() == raw
        assert expected in results.warnings[0]
        results.add(measured(results))
        assert len(read_records(path)) == 1


@pytest.mark.parametrize("level", ["file", "record"])
def test_a_file_of_a_newer_schema_is_an_error_that_says_what_to_do_and_stays(tmp_path, level):
    path = tmp_path / "desk" / "core.json"
    path.parent.mkdir()
    text = json.dumps({"schema": 1 if level == "record" else 99, "records": [{"schema": 99}]})
    path.write_text(text)
    with pytest.raises(NewerSchema, match=r"schema 99.*update the suite.*--report-dir"):
        opened(tmp_path)
    assert path.read_text() == text


def test_a_row_that_is_not_json_leaves_the_rows_so_far(tmp_path):
    results = opened(tmp_path)
    results.add(measured(results))
    for audit in ({"x": float("nan")}, {"x": object()}):
        with pytest.raises(RecordError, match="m:bad:cpu cannot be written as JSON"):
            results.add(measured(results, "bad", audit=audit))
    assert [r.method for r in results.records] == ["original"] == [r.method for r in read_records(results.path)]
    assert [p.name for p in results.path.parent.iterdir()] == ["core.json"]


def test_a_row_of_another_run_is_refused(tmp_path):
    with pytest.raises(RecordError, match=r"has run id other, but this run is"):
        opened(tmp_path).add(row("m", "x", run="other", measurements={}))


def test_a_session_writes_one_table_of_all_its_environments(tmp_path):
    core, gpu = opened(tmp_path, "run-1"), opened(tmp_path, "run-1", environment="gpu")
    core.add(measured(core))
    gpu.add(measured(gpu, device="cuda"))
    written = finish([core, gpu], "ru")
    assert [p.relative_to(tmp_path).as_posix() for p in written] == [
        "desk/core.json",
        "desk/gpu.json",
        "table.md",
        "table.csv",
        "page.html",
    ]
    assert "Размер весов" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").count("\n") == 3
    assert opened(tmp_path / "none").finish() == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [("../etc/passwd", "etc-passwd"), ("a b/c", "a-b-c"), ("..", "unnamed"), ("", "unnamed"), ("host-1.x", "host-1.x")],
)
def test_a_machine_s_name_is_one_harmless_path_component(text, name):
    assert file_name(text) == name
