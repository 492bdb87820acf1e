"""The plan of --dry-run: what it knows, what it does not, and how near to a real run it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import dry_run
from fixtures.cases import Case, select
from fixtures.environments import ROOT
from fixtures.options import Options
from fixtures.registry import DataSource, Hub, Model
from reports.record import read_records, write_records
from tests.building import catalog
from tests.samples.build import row

MODEL = Model("m", "image-classification", "MIT", Hub("owner/name"), DataSource("random"))
BASELINE = next((ROOT / "reports" / "baselines").glob("*-2-cores/core.json"))
TASKS = catalog().tasks


def lines(*models, methods=("original",), devices=("cpu",)):
    cases = [Case(model, catalog().methods[name], device) for model in models for device in devices for name in methods]
    return list(dry_run.lines(cases, TASKS, Options(), Path("none")))


def test_a_model_of_unknown_size_says_so_and_is_counted():
    unknown, known, total = lines(MODEL, replace(MODEL, name="k", parameters=10**6, flops=10**9))
    assert "disk unknown" in unknown
    assert "time guessed: the catalog does not give its operations" in unknown
    assert "MB" not in unknown
    assert "4.0 MB  from its size" in known
    assert "and 4 MB without the 1 whose parameters the catalog does not give in " in total


def test_a_plan_of_known_sizes_says_nothing_of_unknown_ones():
    assert not any("unknown" in line for line in lines(replace(MODEL, parameters=10**6, flops=10**9)))


def test_the_size_of_a_shipped_model_is_that_of_its_file():
    line, total = lines(catalog().models["digits-efficientvit"])
    assert "3.2 MB" in line
    assert "without" not in total


def test_what_a_device_cannot_run_is_one_line_with_the_number_and_the_reason(monkeypatch):
    monkeypatch.setattr(dry_run, "no_cuda_reason", lambda: "no GPU here")
    methods = ("original", "bf16", "onnx", "torch-int8-dynamic")
    *_, cuda, total = lines(MODEL, methods=methods, devices=("cpu", "cuda"))
    assert cuda.split(maxsplit=3)[:3] == ["m", "on", "cuda"]
    assert "4 cannot run: no GPU here (3), and 1 other reason" in cuda
    assert total.startswith("8 cases, 4 of which cannot run: ")


def test_a_row_whose_environment_was_not_made_cannot_run_and_says_the_command(monkeypatch):
    interpreter = dry_run.environments.interpreter
    monkeypatch.setattr(dry_run.environments, "interpreter", lambda name, named: interpreter(name, named, Path("none")))
    original, lacking, total = lines(
        catalog().models["docstrings-llama"], methods=("original", "gguf-q8_0", "autoround-int4-g32")
    )
    assert "original" in original
    assert "2 cannot run: needs the environment llamacpp: `tox run -e llamacpp --notest` creates it" in lacking
    assert "1 other reason" in lacking
    assert total.startswith("3 cases, 2 of which cannot run")


def test_a_library_that_searches_for_minutes_is_foreseen(monkeypatch):
    monkeypatch.setattr(dry_run.environments, "interpreter", lambda name, named: Path("python"))
    model = catalog().models["docstrings-llama"]
    cases = [Case(model, catalog().methods[name], "cpu") for name in ("rtn-int4-g32", "awq-int4-g32")]
    rounded, searched = (one.seconds for one in dry_run.estimates(cases, TASKS, Options(), {}))
    assert searched - rounded > 100
    twin = [Case(catalog().models["llama-110m-twin"], catalog().methods["autoround-int4-g32"], "cpu")]
    assert 400 < dry_run.estimates(twin, TASKS, Options(), {})[0].seconds < 1200  # 763 s


def test_the_estimate_of_the_default_selection_is_near_what_it_really_took(monkeypatch):
    """Against the committed baseline, row by row without their builds: two cores, seven minutes."""
    monkeypatch.setattr(dry_run, "no_cuda_reason", lambda: "no GPU here")
    monkeypatch.setattr(dry_run.cpu, "cores", lambda: 2)
    took = {r.case: r.seconds - dry_run.built_s(r) for r in read_records(BASELINE) if r.status == "measured"}
    cases = [case for case in select(catalog(), Options()) if case.id in took]
    assert len(cases) > 30
    alone = sum(dry_run.estimate(case, TASKS[case.task], Options(), {}).seconds for case in cases)
    assert 0.7 < alone / sum(took.values()) < 1.4
    # From nothing it builds as well: nine minutes (README).
    whole = sum(one.seconds for one in dry_run.estimates(cases, TASKS, Options(), {}))
    assert 6.5 * 60 < whole < 12 * 60
    again = sum(one.seconds for one in dry_run.estimates(cases, TASKS, Options(), took))
    assert again == pytest.approx(sum(took.values()))


def test_a_step_that_two_methods_share_is_built_once():
    model = replace(MODEL, parameters=10**6, flops=10**9)
    cases = [Case(model, catalog().methods[name], "cpu") for name in ("onnx", "onnx-int8-dynamic", "onnx-int8-static")]
    first, second, _ = (one.seconds for one in dry_run.estimates(cases, TASKS, Options(), {}))
    assert first - second > dry_run.EXPORT_S - dry_run.GRAPH_S


def test_an_earlier_run_counts_without_what_it_built(tmp_path):
    built = {"step": "onnx", "seconds": 8.0, "built": {"at": "2026-01-02T00:00:00+00:00"}}
    cached = {**built, "seconds": 100.0, "built": {"at": "2026-01-01T00:00:00+00:00"}}
    record = row("m", "onnx", seconds=11.0, started_at="2026-01-01T12:00:00+00:00", artifact={"lineage": [cached, built]})
    (tmp_path / "machine").mkdir()
    write_records(tmp_path / "machine" / "core.json", [record])
    assert dry_run.earlier_seconds(tmp_path) == {record.case: 3.0}
