"""What another environment makes of a model is compared with the answers of the suite's own, and not with itself."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fixtures import environments
from fixtures.errors import BenchmarkError, PostconditionFailed
from fixtures.methods import optimum_openvino
from fixtures.models import answers, older_transformers, torch_format
from fixtures.registry import BuildContext
from tests import tiny
from tests.building import builder

TASK = "language-modelling"


def sample():
    return next(tiny.calibration(TASK)(1))


def of_module(source):
    with torch.inference_mode():
        inputs = {name: torch.from_numpy(array) for name, array in sample().items()}
        return torch_format.logits(torch_format.load_module(source), inputs).numpy()


def test_the_core_environment_answers_in_a_process_of_its_own():
    source = builder().original(TASK)
    found = answers.of_original(source, sample())
    assert np.allclose(found, of_module(source), atol=1e-6)


def test_an_original_that_cannot_answer_says_why(monkeypatch):
    ended = subprocess.CompletedProcess([], 1, "", "Traceback ...\nRuntimeError: no such layer\n")
    monkeypatch.setattr(subprocess, "run", lambda *given, **named: ended)
    with pytest.raises(BenchmarkError, match="could not answer for the original: RuntimeError: no such layer") as found:
        answers.of_original(builder().original(TASK), sample())
    assert "Traceback" in found.value.__notes__[0]


def test_an_original_that_does_not_answer_in_time_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(answers, "TIMEOUT_S", 0.01)
    with pytest.raises(BenchmarkError, match="did not answer for the original within 0 s and was ended"):
        answers.of_original(builder().original(TASK), sample())


def test_the_cores_python_is_that_of_the_orchestrator_and_not_of_the_worker(monkeypatch):
    assert environments.interpreter("core") == Path(sys.executable)
    monkeypatch.setenv(environments.PYTHONS, '{"core": "/the/orchestrators/python"}')
    assert environments.interpreter("core") == Path("/the/orchestrators/python")


def test_a_description_that_another_transformers_reads_wrongly_is_refused_before_int8_hides_it(monkeypatch, tmp_path):
    source, expected = builder().original(TASK), of_module(builder().original(TASK))
    monkeypatch.setattr(answers, "of_original", lambda *given: expected)
    older_transformers.write_folder(source, tmp_path / "source")
    assert optimum_openvino.read_alike(tmp_path / "source", source, sample())["max_abs_difference"] < 1e-4
    config = tmp_path / "source" / "config.json"
    # transformers 4 falls back to this base where it does not find the parameters that version 5 nests.
    config.write_text(config.read_text().replace('"model_type"', '"rope_theta": 17.0, "model_type"'), encoding="utf-8")
    with pytest.raises(PostconditionFailed, match=r"the model as transformers .* reads it differs from the original by up to"):
        optimum_openvino.read_alike(tmp_path / "source", source, sample())


def test_the_int8_row_of_openvino_is_held_to_it_too(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(optimum_openvino, "export", lambda *given: None)
    monkeypatch.setattr(optimum_openvino, "read_alike", lambda *given: asked.append(given) or {"max_abs_difference": 0.0})
    library = SimpleNamespace(OVWeightQuantizationConfig=lambda bits: None)
    monkeypatch.setattr(environments, "require", lambda package, environment: library)
    context = BuildContext(builder().original(TASK), tmp_path, {}, 0, 1, TASK, tiny.calibration(TASK))
    assert optimum_openvino.build_int8(context) == {"dtype": "int8", "max_abs_difference": 0.0}
    assert asked
