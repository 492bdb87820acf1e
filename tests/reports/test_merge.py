import json
import subprocess
import sys
from dataclasses import replace

import pytest

from reports import merge
from reports.__main__ import main
from reports.record import RecordError, read_records, write_records
from tests.samples.build import DESK, SAMPLES, desk, measurements, rack, row


def stored(path, *records):
    write_records(path, records)
    return path


def one(**fields):
    return row("m", "original", measurements=measurements(1e6, 0.1), **fields)


def test_machines_are_joined_without_losing_or_changing_a_row():
    merged = merge.merge([SAMPLES / "desk.json", SAMPLES / "rack.json"])
    assert list(merged.records) == desk() + rack()
    assert merged.conflicts == merged.duplicates == merged.problems == ()


def test_the_same_file_twice_is_said_once_and_counted_once(tmp_path):
    copy = stored(tmp_path / "copy.json", *desk())
    merged = merge.merge([SAMPLES / "desk.json", copy])
    assert len(merged.records) == len(desk())
    assert merged.duplicates == (f"{copy}: {len(desk())} records are already in {SAMPLES / 'desk.json'}, counted once",)
    assert merged.conflicts == ()


def test_one_run_with_two_contents_is_a_conflict_that_names_the_difference(tmp_path):
    a = stored(tmp_path / "a.json", one())
    b = stored(tmp_path / "b.json", one(environment={**DESK, "commit": "fedcba"}))
    merged = merge.merge([a, b])
    assert len(merged.records) == 2
    assert len(merged.conflicts) == 1
    assert "environment.commit 0123456789abcdef / fedcba; both are kept" in merged.conflicts[0]
    assert "m:original:cpu on team-a/desk" in merged.conflicts[0]


def test_two_runs_of_a_case_are_listed_with_both_values(tmp_path):
    later = replace(one(run="run-2"), measurements=measurements(1e6, 0.2))
    merged = merge.merge([stored(tmp_path / "a.json", one()), stored(tmp_path / "b.json", later)])
    assert "runs run-1 and run-2: latency 0.100 / 0.200; both are kept, and not compared" in merged.conflicts[0]
    assert [r.run_id for r in merged.records] == ["run-1", "run-2"]


def test_two_environments_or_machines_do_not_conflict(tmp_path):
    records = [one(), one(environment={**DESK, "suite_environment": "gpu"}), one(environment={**DESK, "machine": "lap"})]
    files = [stored(tmp_path / f"{i}.json", record) for i, record in enumerate(records)]
    assert merge.merge(files).conflicts == ()


def test_a_directory_is_searched_without_its_history(tmp_path):
    stored(tmp_path / "x" / "core.json", one())
    stored(tmp_path / "x" / "history" / "old.core.json", one(run="run-0"))
    assert [r.run_id for r in merge.merge([tmp_path]).records] == ["run-1"]
    assert [r.run_id for r in merge.merge([tmp_path / "x" / "history"]).records] == ["run-0"]


def damaged(kind):
    data = json.loads((SAMPLES / "desk.json").read_text(encoding="utf-8"))
    if kind == "truncated":
        return json.dumps(data)[:500]
    if kind == "newer":
        data["schema"] = 99
    if kind == "unknown field":
        data["records"][0]["surprise"] = 1
    if kind == "NaN":
        data["records"][0]["measurements"]["size"]["value"] = float("nan")
    if kind == "NaN elsewhere":
        data["records"][0]["audit"]["x"] = float("nan")
    return json.dumps(data)


BAD = {
    "truncated": "not a readable results file",
    "newer": "schema 99, this version reads up to 1: update the suite",
    "unknown field": "surprise",
    "NaN": "NaN",
    "NaN elsewhere": "NaN",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_named_and_the_rest_is_shown(tmp_path, capsys, kind):
    bad = tmp_path / "bad.json"
    bad.write_text(damaged(kind), encoding="utf-8")
    with pytest.raises(RecordError):
        read_records(bad)
    assert main(["merge", str(bad), str(SAMPLES / "rack.json")]) == 2
    out, err = capsys.readouterr()
    assert "fp16" in out
    assert err.count("\n") == 1
    assert str(bad) in err
    assert BAD[kind] in err


def test_missing_files_and_empty_directories_are_errors(tmp_path, capsys):
    assert main(["show", str(tmp_path), str(tmp_path / "none.json")]) == 2
    err = capsys.readouterr().err
    assert "no results file in it" in err
    assert "none.json: no such file or directory" in err


@pytest.mark.parametrize("arguments", [[], ["merge"], ["merge", "x", "--lang", "de"], ["explode"]])
def test_wrong_usage_exits_with_two(arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_merge_writes_the_files_that_were_asked_for(tmp_path, capsys):
    table, wide = tmp_path / "sub" / "table.md", tmp_path / "wide.csv"
    arguments = ["merge", str(SAMPLES), "--output", str(table), "--csv", str(wide), "--lang", "ru"]
    assert main(arguments) == 0
    assert "Размер весов" in table.read_text(encoding="utf-8")
    assert "team-b" in wide.read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["table.md", "wide.csv"]


def test_an_output_that_cannot_be_written_is_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    assert main(["markdown", str(SAMPLES), "--output", str(tmp_path / "file" / "table.md")]) == 2
    assert capsys.readouterr().err.startswith("error: ")


def test_the_command_line_works_as_a_module_where_the_terminal_has_no_unicode():
    done = subprocess.run(
        [sys.executable, "-m", "reports", "show", str(SAMPLES / "desk.json")],
        capture_output=True, check=False, env={"PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"onnx-int8-static" in done.stdout
