"""The plugin in a pytest of its own, with a conftest that stands for the producer of records."""

import subprocess
import sys
from pathlib import Path

import pytest

from reports.record import read_records

ROOT = Path(__file__).parents[2]
CONFTEST = """
import pytest

from reports.record import read_records
from reports import plugin
from tests.samples.build import DESK, measurements, row

pytest_plugins = ("reports.plugin",)

@pytest.fixture
def produce(request):
    def produce(method):
        results = plugin.results(request.config, "desk", "core")
        if results.resumed(f"m:{method}:cpu"):
            print(f"re-used {method}")
            return
        environment = {**DESK, "label": plugin.label(request.config)}
        results.add(row("m", method, run=results.run_id, environment=environment, measurements=measurements(1e6, 0.1)))
    return produce
"""


@pytest.fixture
def run(tmp_path):
    def run(test, *arguments):
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
        (tmp_path / "test_it.py").write_text(test)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-s", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


ONE = "def test_one(produce):\n    produce('original')\n"


def test_the_table_and_the_written_files_are_shown_at_the_end(run, tmp_path):
    done = run(ONE, "--label", "team-x", "--report-dir", "out", "--lang", "ru")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "comparison table" in done.stdout
    assert "Метод" in done.stdout
    for name in ("desk/core.json", "table.md", "table.csv", "page.html"):
        assert f"written: {tmp_path / 'out' / name}" in done.stdout
        assert (tmp_path / "out" / name).exists()
    assert "team-x/desk" in (tmp_path / "out" / "table.md").read_text(encoding="utf-8")


def test_a_run_that_replaces_another_says_where_its_rows_are(run, tmp_path):
    assert "the run before" not in run(ONE).stdout
    said = next(line for line in run(ONE).stdout.splitlines() if "the rows of the run before are kept" in line)
    kept = said.partition("python -m reports show ")[2]
    assert [record.method for record in read_records(Path(kept))] == ["original"]


def test_a_session_without_records_shows_and_writes_nothing(run, tmp_path):
    done = run("def test_one():\n    pass\n")
    assert "comparison table" not in done.stdout
    assert not (tmp_path / "reports").exists()


def test_an_interrupted_run_keeps_its_rows_and_the_next_one_continues_it(run, tmp_path):
    interrupted = ONE + "def test_two():\n    raise KeyboardInterrupt\n"
    done = run(interrupted)
    assert done.returncode == 2
    assert "1 rows are kept; the same command with --resume continues this run" in done.stdout
    assert (tmp_path / "reports/results/table.md").exists()
    again = run(ONE + "def test_two(produce):\n    produce('fast')\n", "--resume")
    assert "re-used original" in again.stdout
    assert "fast" in again.stdout
    assert not (tmp_path / "reports/results/desk/history").exists()


def test_a_corrupt_results_file_is_reported_and_the_run_goes_on(run, tmp_path):
    path = tmp_path / "reports/results/desk/core.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    done = run(ONE, "--resume")
    assert done.returncode == 0
    assert "WARNING: " in done.stdout
    assert path.with_name("core.json.corrupt").read_text() == "{"


def test_a_results_file_of_a_newer_version_stops_the_run_with_one_error(run, tmp_path):
    path = tmp_path / "reports/results/desk/core.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"schema": 99, "records": []}')
    done = run(ONE + "def test_two(produce):\n    produce('fast')\n")
    assert done.returncode == 4
    assert (done.stdout + done.stderr).count("update the suite to read it") == 1
    assert path.read_text() == '{"schema": 99, "records": []}'


def test_tables_that_cannot_be_written_do_not_hide_the_results(run, tmp_path):
    (tmp_path / "reports/results/table.md").mkdir(parents=True)
    done = run(ONE)
    assert done.returncode == 0, done.stdout
    assert "WARNING: the tables could not be written" in done.stdout
    assert "comparison table" in done.stdout
    assert (tmp_path / "reports/results/desk/core.json").exists()


def test_the_plugin_imports_no_renderer_before_there_are_rows():
    code = "import sys, reports.plugin; print([n for n in ('rich', 'tabulate', 'reports.table', 'reports.record') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_second_run_into_the_same_results_file_is_refused_and_loses_no_row(run, tmp_path):
    outer = """
import subprocess, sys
def test_one(produce):
    produce("original")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "two"]
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 4, second.stdout + second.stderr
    assert "another run is writing" in second.stdout + second.stderr
def test_two(produce):
    produce("onnx")
"""
    done = run(outer)
    assert done.returncode == 0, done.stdout + done.stderr
    stored = (tmp_path / "reports" / "results" / "desk" / "core.json").read_text(encoding="utf-8")
    assert '"original"' in stored
    assert '"onnx"' in stored
