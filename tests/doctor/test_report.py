"""Which cases can run, how it is printed, and the exit status."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.doctor import __main__ as doctor
from fixtures.doctor import runnable
from fixtures.doctor.finding import Finding
from fixtures.doctor.installed import Installed, normalised
from fixtures.doctor.render import render
from tests.building import catalog
from tests.doctor.test_machine import WELL

PYTHON = Path("/somewhere/bin/python")
ROOT = Path(__file__).resolve().parents[2]


def everywhere(**changes):
    """Every environment with everything installed that any method needs."""
    registered = catalog()
    needs = {name for method in registered.methods.values() for step in method.steps for name in (*step.needs, *step.lent)}
    needs |= {name for runtime in registered.runtimes.values() for name in runtime.needs}
    versions = {normalised(name): "1" for name in needs}
    places = {name: Installed(name, PYTHON, "3.11.7", versions) for name in runnable.names_of(registered)}
    return {**places, **changes}


def told(places, no_gpu="", hub=""):
    return {(one.what, bool(one.why_not)): one for one in runnable.cases(catalog(), places, no_gpu, hub)}


def test_with_everything_installed_every_case_can_run():
    found = told(everywhere())
    assert not any(refused for _, refused in found)
    on_cpu = [name for (what, _), one in found.items() if what.endswith("CPU") for name in one.names]
    assert sorted(on_cpu) == sorted(name for name, method in catalog().methods.items() if "cpu" in method.devices)


def test_an_environment_that_is_missing_names_the_command_that_creates_it():
    one = told(everywhere(llamacpp=Installed("llamacpp", None, missing="not there")))["llamacpp, CPU", True]
    assert "gguf-q8_0" in one.names
    assert one.enable == "tox run -e llamacpp --notest"


def test_a_method_whose_step_borrows_an_environment_waits_for_that_one():
    one = told(everywhere(legacy=Installed("legacy", None, missing="not there")))["legacy, CPU", True]
    assert one.names == ("auto-gptq-int4-g128", "autoawq-int4-g128")
    assert one.enable == "tox run -e legacy --notest"


def test_a_borrowing_method_needs_what_core_holds_as_well():
    core = everywhere()["core"]
    lacks = replace(core, versions={name: version for name, version in core.versions.items() if name != "torchao"})
    found = told(everywhere(core=lacks))
    assert found["llmcompressor, CPU", True].names == ("llmcompressor-smoothquant-int8",)
    assert found["llmcompressor, CPU", True].why_not == "lacks torchao in core"


def test_a_library_that_builds_on_a_gpu_only_is_not_promised_to_a_machine_without_one():
    found = told(everywhere(), no_gpu="no NVIDIA GPU")
    refused = found["legacy, CPU", True]
    assert refused.names == ("auto-gptq-int4-g128",)
    assert refused.why_not == "its library builds on a GPU only: no NVIDIA GPU"
    assert refused.enable == "tox run -e legacy, on a machine with an NVIDIA GPU"
    assert found["legacy, CPU", False].names == ("autoawq-int4-g128",)


def test_a_package_that_is_missing_takes_only_its_own_methods_along():
    whole = everywhere()
    versions = {name: version for name, version in whole["core"].versions.items() if name != "onnxscript"}
    found = told({**whole, "core": Installed("core", PYTHON, "3.11.7", versions)})
    assert "onnx" in found["core, CPU", True].names
    assert found["core, CPU", True].why_not == "lacks onnxscript"
    assert found["core, CPU", True].enable == "tox run -r -e bench --notest"
    assert "torch-int8-dynamic" in found["core, CPU", False].names


def test_cuda_cases_need_a_gpu_then_their_environment():
    assert told(everywhere(), no_gpu="no NVIDIA GPU")["CUDA", True].enable == "tox run -e gpu, on a machine with an NVIDIA GPU"
    missing = told(everywhere(gpu=Installed("gpu", None, missing="not there")))["CUDA", True]
    assert missing.enable == "tox run -e gpu --notest"
    assert "onnx-int8-dynamic" not in missing.names


def test_hub_models_need_the_hub():
    assert "bert-large-ner" in told(everywhere(), hub="timed out")["models of the hub", True].names


def test_the_report_shows_clashes_first_and_its_columns_are_aligned():
    findings = [Finding("note", "machine", "little"), Finding("clash", "core", "much", "repair it")]
    places = [Installed("core", PYTHON, "3.11.7", {"torch": "2.13.0"}), Installed("litert", None, missing="create it")]
    lines = render(WELL, places, [], list(runnable.cases(catalog(), everywhere(), "", "")), findings, 100).splitlines()
    assert all(len(line) <= 100 for line in lines)
    first = lines.index("Findings") + 1
    assert [line.split()[:2] for line in lines[first : first + 3]] == [["core", "clash"], ["fix:", "repair"], ["machine", "note"]]
    rows = lines[lines.index("Environments") + 1 :][:2]
    assert rows[0].index("Python") == rows[1].index("create")


@pytest.mark.parametrize(("level", "status"), [("clash", 1), ("note", 0)])
def test_only_a_clash_fails_the_command(monkeypatch, capsys, level, status):
    monkeypatch.setattr(doctor.machine, "look", lambda: WELL)
    monkeypatch.setattr(doctor.installed, "look", lambda name, named: Installed(name, None, missing="not there"))
    monkeypatch.setattr(doctor.providers, "look", lambda place: [])
    monkeypatch.setattr(doctor.installed, "findings", lambda place, pins: [Finding(level, place.name, "found")])
    assert doctor.main([]) == status
    assert "found" in capsys.readouterr().out


def test_a_wrong_option_is_a_usage_error(capsys):
    assert doctor.main(["--env-workers", "litert"]) == 2
    assert "expected ENV=INTERPRETER" in capsys.readouterr().err


def test_the_doctor_imports_no_ml_library():
    program = (
        "import sys; from fixtures.doctor import __main__; from fixtures import registry; registry.load(); "
        "print(sorted({'numpy', 'torch', 'onnx', 'onnxruntime', 'transformers'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "[]"
