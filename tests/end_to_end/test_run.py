"""Whole runs on tiny twins: the rows, the files, resuming, interrupting, exporting, pytest-benchmark's own formats."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from reports.speed import speedup
from tests.end_to_end.suite import ROOT, Suite, interruptible

pytestmark = pytest.mark.slow
SELECTION = ("--model", "tiny-*", "--method", "onnx", "--method", "cluster16")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    suite = Suite(folder, folder / "cache")
    exported = ("--export", str(folder / "out"), "--benchmark-json", str(folder / "benchmark.json"))
    suite.done = suite.run(*SELECTION, *exported)
    return suite


def test_every_case_is_a_row(finished):
    rows = finished.records()
    expected = {
        f"tiny-{kind}:{method}:{device}"
        for kind in ("image", "text")
        for method in ("original", "onnx", "cluster16")
        for device in ("cpu", "cuda")
    }
    assert set(rows) == expected
    assert finished.done.returncode == 0, finished.done.stdout
    assert all(row.status == "measured" for case, row in rows.items() if case.endswith(":cpu"))


def test_a_machine_without_cuda_says_so_in_every_gpu_row(finished):
    rows = [row for case, row in finished.records().items() if case.endswith(":cuda")]
    if any(row.status == "measured" for row in rows):
        pytest.skip("this machine has a CUDA device")
    assert {row.status for row in rows} == {"unavailable"}
    assert all("CUDA" in row.reason or "NVIDIA" in row.reason for row in rows)


def test_every_number_of_a_measured_row_is_there_or_absent_with_a_reason(finished):
    row = finished.records()["tiny-image:onnx:cpu"]
    wanted = (
        "size", "deflated_size", "latency", "first_call", "load_time", "throughput", "ram", "ram_peak", "ram_resident", "build_time",
        "build_peak_ram", "agreement_top1", "logit_cosine", "flops",
    )  # fmt: skip
    assert not [name for name in wanted if name not in row.measurements]
    assert row.absent["f1_macro"] == "random weights"
    assert row.measurements["size"].value == sum(
        file["bytes"] for file in row.artifact["files"] if file["role"] in ("weights", "graph", "config")
    )
    assert row.audit["facts"]["provider"] == "CPUExecutionProvider"
    assert row.conditions["threads"] == 1
    assert row.environment["cpu"]
    assert row.environment["ceilings"]["cpu"]["fp32_flops"] > 1e9


def test_the_speed_up_is_paired_with_the_original_in_random_order(finished):
    row = finished.records()["tiny-image:onnx:cpu"]
    assert len(row.times.candidate_s) == len(row.times.original_s) >= 20
    assert 0 < sum(row.times.original_first) < len(row.times.original_first)
    assert speedup(row).low is not None


def test_an_exact_export_agrees_with_the_original_on_every_sample(finished):
    row = finished.records()["tiny-image:onnx:cpu"]
    assert row.measurements["agreement_top1"].value == 1.0
    assert row.measurements["agreement_top1"].n >= 256


def test_the_codebook_is_smaller_on_disk_and_says_what_it_is(finished):
    rows = finished.records()
    assert (
        rows["tiny-text:cluster16:cpu"].measurements["size"].value
        < 0.4 * rows["tiny-text:original:cpu"].measurements["size"].value
    )
    assert rows["tiny-text:cluster16:cpu"].audit["proof"]["unique_max"] <= 16


def test_pytest_benchmark_reads_the_workers_clock_and_carries_the_row(finished):
    data = json.loads((finished.folder / "benchmark.json").read_text())
    entry = next(entry for entry in data["benchmarks"] if "[tiny-image:onnx:cpu]" in entry["name"])
    row = finished.records()["tiny-image:onnx:cpu"]
    assert entry["group"] == "tiny-image:cpu"
    # Rounds in the row's own processes, not those of fresh ones that confirmed a close verdict.
    assert entry["stats"]["rounds"] == (sum(number == 0 for number in row.times.process) or len(row.times.candidate_s))
    assert entry["stats"]["median"] == pytest.approx(row.measurements["latency"].value, rel=1e-6)
    assert entry["extra_info"]["row"]["artifact"]["key"] == row.artifact["key"]


def test_the_table_and_the_csv_hold_every_row(finished):
    results = finished.folder / "results"
    table = (results / "table.md").read_text()
    assert "tiny-image" in table
    assert "random weights" in table
    assert "tiny-image" in (results / "page.html").read_text(encoding="utf-8")
    with (results / "table.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == len(finished.records())


@pytest.mark.parametrize("name", ["tiny-image--onnx--cpu", "tiny-text--cluster16--cpu"])
def test_an_exported_artifact_loads_by_its_own_snippet(finished, name):
    folder = finished.folder / "out" / name
    assert (folder / "manifest.json").is_file()
    done = subprocess.run(
        [sys.executable, str(folder / "load.py")], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("(1, ")


def test_a_second_run_builds_nothing_and_a_resumed_one_measures_nothing(finished):
    before = {path: path.stat().st_mtime_ns for path in (finished.cache / "artifacts").glob("*/manifest.json")}
    old = finished.records()
    done = finished.run(*SELECTION, "--device", "cpu", "--resume")
    assert done.returncode == 0, done.stdout
    assert {path: path.stat().st_mtime_ns for path in (finished.cache / "artifacts").glob("*/manifest.json")} == before
    new = finished.records()
    assert {row.run_id for row in new.values()} == {row.run_id for row in old.values()}
    assert new["tiny-image:onnx:cpu"].started_at == old["tiny-image:onnx:cpu"].started_at


def test_an_interrupt_keeps_the_rows_so_far_and_resuming_finishes_the_run(tmp_path, finished):
    suite = Suite(tmp_path, finished.cache)
    command = suite.command(
        "--model", "tiny-image", "--device", "cpu", "--method", "onnx", "--method", "cluster16", "--case-seconds", "30"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    run = subprocess.Popen(interruptible(command), cwd=ROOT, text=True, start_new_session=True, **pipes)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "results").glob("*/*.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGINT)  # Ctrl-C in a terminal reaches every process of the group
    output = run.communicate(timeout=60)[0]
    assert run.returncode == 2, output
    assert "--resume continues this run" in output
    kept = suite.records()
    assert kept
    assert len(kept) < 3
    done = suite.run("--model", "tiny-image", "--device", "cpu", "--method", "onnx", "--method", "cluster16", "--resume")
    assert done.returncode == 0, done.stdout
    rows = suite.records()
    assert len(rows) == 3
    assert {row.run_id for row in rows.values()} == {row.run_id for row in kept.values()}


def test_a_run_imports_no_ml_library_into_pytests_own_process(tmp_path):
    catalog = tmp_path / "empty.py"  # the tiny models' own catalog imports numpy
    catalog.write_text("MODELS = []\n")
    suite = Suite(tmp_path, tmp_path / "cache", catalog)
    arguments = suite.command("--model", "entities-bert", "--method", "onnx", "--device", "cpu", "--case-seconds", "1")[3:]
    code = (
        "import json, sys, pytest; status = pytest.main(sys.argv[1:]);"
        "print(json.dumps([int(status), [name for name in ('torch', 'transformers', 'timm', 'onnx', 'onnxruntime', 'numpy', 'scipy',"
        " 'sklearn', 'datasets') if name in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []], done.stdout
    assert [row.status for row in suite.records().values()] == ["measured", "measured"]


def test_timing_can_be_disabled_and_the_row_says_so(tmp_path, finished):
    suite = Suite(tmp_path, finished.cache)
    done = suite.run("--model", "tiny-text", "--method", "original", "--device", "cpu", "--benchmark-disable")
    assert done.returncode == 0, done.stdout
    row = suite.records()["tiny-text:original:cpu"]
    assert row.times is None
    assert "--benchmark-disable" in row.absent["latency"]
    assert "ram" in row.measurements


def test_a_corrupted_cache_entry_is_built_again_and_the_row_says_so(tmp_path, finished):
    suite = Suite(tmp_path, tmp_path / "cache")
    arguments = ("--model", "tiny-text", "--method", "cluster16", "--device", "cpu")
    assert suite.run(*arguments).returncode == 0
    key = suite.records()["tiny-text:cluster16:cpu"].artifact["key"]
    weights = max((suite.cache / "artifacts" / key).iterdir(), key=lambda path: path.stat().st_size)
    weights.write_bytes(weights.read_bytes()[:-100])
    assert suite.run(*arguments).returncode == 0
    assert any("corrupted and built again" in warning for warning in suite.records()["tiny-text:cluster16:cpu"].warnings)
