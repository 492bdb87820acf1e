"""`--gate` and `--update-baseline` in a pytest of its own: exit statuses, files, and what bad input says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = """
import json
import os
from dataclasses import dataclass
import pytest
from reports import plugin
from tests.reports.test_gate import one

pytest_plugins = ("reports.plugin",)
MACHINE = os.environ.get("TEST_MACHINE", "desk")

@dataclass(frozen=True)
class Named:
    name: str
    budgets: object = ()

@dataclass(frozen=True)
class Case:
    model: Named
    method: Named
    task: str = "image-classification"
    device: str = "cpu"

    @property
    def id(self):
        return f"{self.model.name}:{self.method.name}:cpu"

def pytest_generate_tests(metafunc):
    if "case" in metafunc.fixturenames:
        methods = os.environ.get("TEST_METHODS", "onnx bf16").split()
        model = Named("tiny-vit", json.loads(os.environ.get("TEST_BUDGETS", "{}")))
        metafunc.parametrize("case", [pytest.param(Case(model, Named(method)), id=method) for method in methods])

@pytest.fixture
def produce(request):
    def produce(case, scale=1.0, **changes):
        results = plugin.results(request.config, MACHINE, "core")
        record = one(case.method.name, run=results.run_id, **changes)
        from dataclasses import replace
        size = replace(record.measurements["size"], value=1e6 * scale)
        environment = {**record.environment, "machine": MACHINE}
        results.add(replace(record, measurements={**record.measurements, "size": size}, environment=environment))
    return produce
"""
SAME = "def test_case(case, produce):\n    produce(case)\n"
LARGER = "def test_case(case, produce):\n    produce(case, scale=2.0 if case.method.name == 'onnx' else 1.0)\n"


@pytest.fixture
def run(tmp_path):
    def run(test, *arguments, pyproject="", **environment):
        import os

        (tmp_path / "conftest.py").write_text(CONFTEST)
        settings = f"[tool.pytest.ini_options]\npythonpath = ['{ROOT}']\nmarkers = ['budget(metric, limit): x']\n"
        (tmp_path / "pyproject.toml").write_text(settings + pyproject)
        (tmp_path / "test_it.py").write_text(test)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, **environment}
        )

    return run


def output(done):
    return done.stdout + done.stderr


def test_an_unchanged_run_passes_and_a_worse_one_has_its_own_exit_status(run, tmp_path):
    first = run(SAME, "--update-baseline")
    assert first.returncode == 0, output(first)
    assert "say why the baseline moved" in first.stdout
    same = run(SAME, "--gate")
    assert same.returncode == 0, output(same)
    assert "gate: nothing worse; 2 cases compared" in same.stdout
    worse = run(LARGER, "--gate")
    assert worse.returncode == 8, output(worse)
    assert "worse: tiny-vit:onnx:cpu: size 1.00 MB -> 2.00 MB" in worse.stdout
    stored = json.loads((tmp_path / "reports" / "results" / "gate.json").read_text())
    assert stored["status"] == "worse"
    assert "❌ something became worse" in (tmp_path / "reports" / "results" / "gate.md").read_text()
    reported = run(LARGER, "--gate=report")
    assert reported.returncode == 0, output(reported)
    assert "worse: tiny-vit:onnx:cpu" in reported.stdout


def test_what_could_not_be_judged_has_another_exit_status(run):
    missing = run(SAME, "--gate")
    assert missing.returncode == 9, output(missing)
    assert "no baseline for this machine class" in missing.stdout
    assert run(SAME, "--update-baseline").returncode == 0
    other = run(SAME, "--gate", TEST_MACHINE="rack")
    assert other.returncode == 9, output(other)
    assert "there are baselines for desk/core" in other.stdout
    vanished = run(SAME, "--gate", TEST_METHODS="onnx")
    assert vanished.returncode == 9, output(vanished)
    assert "tiny-vit:bf16:cpu: vanished" in vanished.stdout
    # The same case left out because it was not asked for.
    assert run(SAME, "--gate", "-k", "onnx").returncode == 0


def test_an_interrupted_run_is_not_a_pass_and_leaves_the_baseline(run, tmp_path):
    run(SAME, "--update-baseline")
    path = tmp_path / "reports" / "baselines" / "desk" / "core.json"
    before = path.read_bytes()
    stopped = "def test_case(case, produce):\n    produce(case)\n    raise KeyboardInterrupt\n"
    done = run(stopped, "--gate", "--update-baseline")
    assert done.returncode == 2, output(done)
    assert "  the run was interrupted" in done.stdout
    assert "the baseline is left as it is: the run was interrupted" in done.stdout
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["core.json"]


def test_an_update_refuses_a_failed_case_and_keeps_the_file(run, tmp_path):
    run(SAME, "--update-baseline")
    path = tmp_path / "reports" / "baselines" / "desk" / "core.json"
    before = path.read_bytes()
    failing = "def test_case(case, produce):\n    produce(case, status='failed', reason='it broke')\n"
    done = run(failing, "--update-baseline")
    assert "left as it is: tiny-vit:onnx:cpu failed (it broke)" in done.stdout
    assert path.read_bytes() == before


def test_a_corrupted_baseline_is_said_and_never_judged(run, tmp_path):
    run(SAME, "--update-baseline")
    path = tmp_path / "reports" / "baselines" / "desk" / "core.json"
    path.write_text(path.read_text().replace("1000000.0", "1.0"))
    done = run(SAME, "--gate")
    assert done.returncode == 9, output(done)
    assert "edited by hand or badly merged" in done.stdout
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 99'))
    done = run(SAME, "--gate")
    assert done.returncode == 9, output(done)
    assert "the baseline cannot be read" in done.stdout
    assert "99" in done.stdout
    path.write_text(path.read_text()[:100])
    assert run(SAME, "--gate").returncode == 9
    # What cannot be read is replaced by a whole run, and left by one of a part.
    damaged = path.read_bytes()
    assert "the baseline cannot be read" in run(SAME, "--update-baseline", "-k", "onnx").stdout
    assert path.read_bytes() == damaged
    run(SAME, "--update-baseline")
    assert run(SAME, "--gate").returncode == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ("method_revision=2", "not comparable: revision of the method was 1, is 2"),
        ("conditions={**CONDITIONS, 'threads': 1}", "not comparable: threads was 2, is 1"),
    ],
)
def test_a_row_of_other_conditions_is_not_comparable(run, changes, said):
    run(SAME, "--update-baseline")
    other = f"from tests.samples.build import CONDITIONS\ndef test_case(case, produce):\n    produce(case, {changes})\n"
    done = run(other, "--gate")
    assert done.returncode == 9, output(done)
    assert said in done.stdout


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[tool.compression-benchmarks.gate.metrics]\nvelocity = {}\n", "unknown 'velocity'"),
        (
            "[[tool.compression-benchmarks.gate.overrides]]\nmodel = 'other-*'\nmetric = 'ram'\nrelative = 0.1\n",
            "matches no case",
        ),
    ],
)
def test_a_wrong_threshold_ends_the_run_before_anything_is_measured(run, tmp_path, table, said):
    done = run(SAME, "--gate", pyproject=table)
    assert done.returncode == 4, output(done)
    assert said in output(done)
    assert not (tmp_path / "reports").exists()


def test_a_budget_by_marker_is_judged(run):
    run(SAME, "--update-baseline")
    marked = "import pytest\n@pytest.mark.budget('latency', '{}')\n" + SAME
    assert run(marked.format("3 ms"), "--gate").returncode == 0
    over = run(marked.format("1 ms"), "--gate")
    assert over.returncode == 8, output(over)
    assert "latency is 2.00 ms, its budget 1 ms" in over.stdout
    wrong = run(marked.format("soon"), "--gate")
    assert wrong.returncode == 4, output(wrong)
    assert "'soon' is not a limit" in output(wrong)


def test_a_budget_of_a_model_is_judged_without_any_baseline(run):
    kept = run(SAME, "--gate=budgets", TEST_BUDGETS='{"ram": "500 MB", "latency": "3 ms"}')
    assert kept.returncode == 0, output(kept)
    assert "gate: nothing worse; 2 cases compared" in kept.stdout
    over = run(SAME, "--gate=budgets", TEST_BUDGETS='{"ram": "50 MB"}')
    assert over.returncode == 8, output(over)
    assert "worse: tiny-vit:onnx:cpu: ram is 100.00 MB, its budget 50 MB" in over.stdout
    nothing = run(SAME, "--gate=budgets")
    assert nothing.returncode == 9, output(nothing)
    assert "no budget names a case of this run" in nothing.stdout


@pytest.mark.parametrize(
    ("budgets", "said"),
    [
        ('{"rams": "500 MB"}', "budgets of the model tiny-vit: unknown 'rams'; there are latency"),
        ('{"ram": "soon"}', "budgets of the model tiny-vit: 'soon' is not a limit"),
        ('["ram"]', "budgets of the model tiny-vit: write a mapping"),
    ],
)
def test_a_budget_of_a_model_that_cannot_be_meant_ends_the_run_before_anything_is_measured(run, tmp_path, budgets, said):
    done = run(SAME, "--gate", TEST_BUDGETS=budgets)
    assert done.returncode == 4, output(done)
    assert said in output(done)
    assert not (tmp_path / "reports").exists()


def test_two_limits_of_one_model_are_refused_with_both_places(run):
    table = "[[tool.compression-benchmarks.gate.budgets]]\nmodel = 'tiny-vit'\nmetric = 'ram'\nat_most = '400 MB'\n"
    done = run(SAME, "--gate", pyproject=table, TEST_BUDGETS='{"ram": "500 MB"}')
    assert done.returncode == 4, output(done)
    assert "model=tiny-vit has two limits, 400 MB and 500 MB: keep one" in output(done)
    assert "budgets of the model tiny-vit" in output(done)


def test_without_the_option_nothing_is_compared(run, tmp_path):
    done = run(LARGER)
    assert done.returncode == 0
    assert "gate" not in done.stdout
    assert not (tmp_path / "reports" / "results" / "gate.json").exists()
