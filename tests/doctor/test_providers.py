"""A provider is what opens, not what is listed."""

import json
import subprocess
import sys
from pathlib import Path

from fixtures.doctor import providers
from fixtures.doctor.installed import Installed
from fixtures.doctor.providers import Provider

HERE = Installed("gpu", Path(sys.executable), "3.11.7", {"onnxruntime-gpu": "1.31.1"})
FALLEN = [Provider("gpu", "CUDAExecutionProvider", "libcublasLt.so.13: cannot open shared object file")]


def test_a_provider_that_opens_is_no_finding():
    assert list(providers.findings([Provider("core", "CPUExecutionProvider", "")], has_gpu=False)) == []


def test_a_silent_fallback_is_a_clash_on_a_machine_with_a_gpu_and_a_note_without():
    (with_gpu,) = providers.findings(FALLEN, has_gpu=True)
    assert with_gpu.level == "clash"
    assert "CUDAExecutionProvider is listed and does not open: libcublasLt.so.13" in with_gpu.text
    assert with_gpu.fix == "tox run -r -e gpu --notest"
    (without,) = providers.findings(FALLEN, has_gpu=False)
    assert without.level == "note"
    assert "runs on the CPU silently" in without.text


def test_a_cpu_provider_that_does_not_open_is_always_a_clash():
    (one,) = providers.findings([Provider("core", "CPUExecutionProvider", "broken")], has_gpu=False)
    assert one.level == "clash"


def test_an_environment_without_onnx_runtime_is_not_asked():
    def never(interpreter, program):
        raise AssertionError("asked")

    assert providers.look(Installed("litert", HERE.interpreter, "3.11.7", {"torch": "2.13.0"}), never) == []


def test_what_the_environment_answers_is_kept_and_a_failure_is_its_last_line():
    answer = {"CUDAExecutionProvider": "no cuDNN", "CPUExecutionProvider": ""}
    listed = providers.look(HERE, lambda interpreter, program: json.dumps(answer))
    assert listed == [Provider("gpu", "CUDAExecutionProvider", "no cuDNN"), Provider("gpu", "CPUExecutionProvider", "")]

    def fails(interpreter, program):
        raise subprocess.CalledProcessError(1, "python", stderr="...\nImportError: libonnxruntime.so\n")

    assert providers.look(HERE, fails) == [Provider("gpu", "any", "ImportError: libonnxruntime.so")]


def test_this_environments_cpu_provider_really_opens():
    here = Installed("core", Path(sys.executable), "3.11.7", {"onnxruntime": "1.31.1"})
    found = {one.name: one.why_not for one in providers.look(here)}
    assert found["CPUExecutionProvider"] == ""
