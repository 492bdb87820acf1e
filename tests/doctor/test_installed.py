"""What clashes inside an environment is found from what it answers; every rule has a case that goes red."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures import environments
from fixtures.doctor import installed
from fixtures.doctor.installed import Installed

PYTHON = Path("/somewhere/bin/python")


def place(versions, requires=None, python="3.11.7"):
    return Installed("litert", PYTHON, python, versions, {name: tuple(lines) for name, lines in (requires or {}).items()})


def found(where, pins=None, ask=lambda interpreter, program: ""):
    return [(one.level, one.text) for one in installed.findings(where, pins or {}, ask)]


def refuses(*programs):
    def ask(interpreter, program):
        if program in programs:
            raise subprocess.CalledProcessError(
                1, "python", stderr="Traceback ...\nRuntimeError: operator torchvision::nms does not exist\n"
            )
        return ""

    return ask


def test_an_environment_without_faults_has_no_findings():
    whole = place({"onnxruntime": "1.31.1", "torch": "2.13.0+cpu"}, {"onnxruntime": ["numpy>=1.21"]})
    assert found(whole, {"torch": "2.13.0"}) == []


def test_onnxruntime_beside_onnxruntime_gpu_is_a_clash_with_its_repair():
    (one,) = installed.findings(place({"onnxruntime": "1.31.1", "onnxruntime-gpu": "1.31.1"}), {})
    assert (one.level, one.place) == ("clash", "litert")
    assert "onnxruntime and onnxruntime-gpu install the same import package" in one.text
    assert "pip uninstall onnxruntime onnxruntime-gpu; tox run -r -e litert --notest" in one.fix


def test_a_package_that_excludes_the_installed_version_is_a_clash():
    requires = {"optimum-onnx": ["transformers<4.58.0,>=4.36", "onnx; extra == 'exporters'", "absent>=2"]}
    ((level, text),) = found(place({"optimum-onnx": "0.1.0", "transformers": "5.23.0", "onnx": "0.1"}, requires))
    assert level == "clash"
    assert text == "optimum-onnx 0.1.0 needs transformers<4.58.0,>=4.36, 5.23.0 is installed"


def test_a_local_build_of_the_wanted_version_is_no_conflict():
    assert found(place({"torchvision": "0.28.0", "torch": "2.13.0+cpu"}, {"torchvision": ["torch==2.13.0"]})) == []


def test_versions_that_moved_from_their_pins_are_a_note():
    ((level, text),) = found(
        place({"torch": "2.12.0+cpu", "numpy": "2.4.6"}), {"torch": "2.13.0", "numpy": "2.4.6", "absent": "1"}
    )
    assert level == "note"
    assert "torch 2.12.0+cpu (pinned 2.13.0)" in text
    assert "numpy" not in text


@pytest.mark.parametrize(("python", "clashes"), [("3.10.2", 1), ("3.11.0", 0), ("3.13.9", 0), ("3.14.0", 1)])
def test_a_python_outside_the_supported_range_is_a_clash(python, clashes):
    assert len(found(place({}, python=python))) == clashes


def test_a_torchvision_that_only_the_workers_repair_is_a_note_and_one_that_they_cannot_is_a_clash():
    there = place({"torch": "2.13.0+cpu", "torchvision": "0.28.0"})
    ((level, text),) = found(there, ask=refuses(installed.TORCHVISION))
    assert (level, "operator torchvision::nms does not exist" in text) == ("note", True)
    ((level, text),) = found(there, ask=refuses(installed.TORCHVISION, installed.TORCHVISION_IN_WORKERS))
    assert (level, "torchvision 0.28.0 beside torch 2.13.0+cpu does not import" in text) == ("clash", True)


def test_an_environment_that_was_not_created_says_how_and_is_no_clash(monkeypatch, tmp_path):
    monkeypatch.setattr(environments.interpreter, "__defaults__", (None, tmp_path))
    there = installed.look("litert", {})
    assert not there.ready
    assert there.missing == "needs the environment litert: `tox run -e litert --notest` creates it"
    assert found(there) == []


def test_an_interpreter_that_does_not_answer_is_a_clash():
    def broken(interpreter, program):
        raise FileNotFoundError(2, "No such file or directory")

    there = installed.look("litert", {"litert": PYTHON}, broken)
    ((level, text),) = found(there)
    assert (level, "/somewhere/bin/python does not answer" in text) == ("clash", True)


def test_this_interpreter_answers_with_what_it_has():
    there = installed.look("core", {"core": Path(sys.executable)})
    assert there.python == ".".join(map(str, sys.version_info[:3]))
    assert "pytest" in there.versions
    assert any(line.startswith("pluggy") for line in there.requires["pytest"])


def test_names_are_compared_as_the_index_compares_them():
    answer = json.dumps({"python": "3.11.7", "installed": {"Llama_Cpp.Python": {"version": "1", "requires": []}}})
    assert installed.look("x", {"x": PYTHON}, lambda interpreter, program: answer).versions == {"llama-cpp-python": "1"}


def test_pins_are_read_from_the_constraints_of_the_environment(tmp_path):
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "constraints-litert.txt").write_text("# tried\nAI_Edge.litert==2.3.0  # wheel\nnumpy>=2\n")
    assert installed.pinned(tmp_path, "litert") == {"ai-edge-litert": "2.3.0"}
    (tmp_path / "requirements" / "constraints-own.txt").write_text("-c constraints-litert.txt\nnumpy==2.4\n")
    assert installed.pinned(tmp_path, "own") == {"ai-edge-litert": "2.3.0", "numpy": "2.4"}
    assert installed.pinned(environments.ROOT, "core")["torch"] == "2.13.0"
