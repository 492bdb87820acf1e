"""A program of another environment: what it is handed, and what its end means."""

import importlib.metadata
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from fixtures import environments
from fixtures.borrowed import ending, old_libraries, start
from fixtures.errors import BenchmarkError, Unavailable, Unsupported
from fixtures.probes import cpu
from fixtures.registry import BuildContext
from tests import tiny
from tests.building import builder

TASK = "language-modelling"
PARAMS = {"library": "autoawq", "version": "0.2.9", "group": 32, "samples": 2}


def refusal(status, said):
    return start.refusal(status, said, "autoawq 0.2.9", "legacy")


def test_a_library_that_needs_a_gpu_makes_the_row_unavailable_in_its_own_words():
    found = refusal(ending.REFUSED, "Warning: old\nLoad pretrained model to do quantization requires CUDA available.\n")
    assert type(found) is Unavailable
    assert "autoawq 0.2.9: Load pretrained model to do quantization requires CUDA available." in str(found)


def test_a_model_that_the_library_refuses_is_unsupported_and_a_crash_is_a_failure():
    assert type(refusal(ending.REFUSED, "qwen3 isn't supported yet.")) is Unsupported
    crashed = refusal(-11, "")
    assert type(crashed) is BenchmarkError
    assert "ended with status -11: no word" in str(crashed)


def test_an_assertion_without_words_says_which_one_it_was():
    try:
        assert not torch.isnan(torch.tensor(float("nan")))
    except AssertionError as error:
        error.args = ()
        found = ending.words(error)
    assert "its own check failed, `assert not torch.isnan(" in found
    assert "test_start.py, line" in found
    assert ending.words(ValueError("two\n lines")) == "two lines"


def context(tmp_path):
    return BuildContext(builder().original(TASK), tmp_path, PARAMS, 0, 1, TASK, tiny.calibration(TASK))


def test_a_library_that_does_not_come_back_is_one_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(environments, "interpreter", lambda name: "python")
    monkeypatch.setattr(start, "TIMEOUT_S", 1800.0)

    def late(command, timeout, **named):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", late)
    with pytest.raises(BenchmarkError, match=r"autoawq 0\.2\.9 was not done with the model within 0\.5 h and was ended"):
        start.run("legacy", old_libraries.__name__, context(tmp_path), tmp_path, tmp_path, {})


PROGRAM = """
import os, sys
import numpy as np, safetensors.torch, torch
from fixtures.borrowed import ending

def work(asked, samples):
    torch.manual_seed(asked["seed"])
    big = np.ones(25_000_000)  # 200 MB
    found = {"tokens": torch.tensor(samples), "group": torch.tensor(asked["group"]), "more": torch.tensor(asked["more"])}
    found["cpus"] = torch.tensor(sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0])
    found["said"] = torch.tensor(int(os.environ["SAID"]))
    safetensors.torch.save_file(found, asked["target"] + "/model.safetensors")

sys.exit(ending.main({"numpy": work}, ()))
"""


def test_a_program_gets_params_tokens_and_every_cpu_and_its_tensors_and_peak_come_back(monkeypatch, tmp_path):
    monkeypatch.setattr(environments, "interpreter", lambda name: sys.executable)
    (tmp_path / "program.py").write_text(PROGRAM)  # found in the folder that it is started in
    reached, cpus = [], cpu.allowed()
    params = {**PARAMS, "library": "numpy", "version": np.__version__}
    given = replace(context(tmp_path), params=params, reached=reached.append)
    monkeypatch.setenv("COMPRESSION_CPUS", ",".join(map(str, cpus)))
    try:
        cpu.use(cpus[:1])  # what OpenMP does to the thread that starts it
        found = start.run("legacy", "program", given, tmp_path, tmp_path, {"more": 7}, {"SAID": "5"})
    finally:
        cpu.use(cpus)
    expected = np.concatenate([batch["input_ids"] for batch in tiny.calibration(TASK)(2)])
    assert (found["tokens"].numpy() == expected).all()
    assert [int(found[name]) for name in ("group", "more", "said")] == [32, 7, 5]
    assert found["cpus"].tolist() == (cpus or [0])
    assert 200e6 < reached[0] < 2e9


def ended(monkeypatch, tmp_path, capsys, error):
    """Runs a program of the environment `legacy` with a library that raises: its status and what it wrote."""
    np.save(tmp_path / "tokens.npy", np.zeros((1, 4), np.int64))
    asked = {"library": "autoawq", "version": "0.2.9", "tokens": str(tmp_path / "tokens.npy")}
    monkeypatch.setattr(sys, "argv", ["program", json.dumps(asked)])
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.2.9")

    def raising(asked, samples):
        raise error

    return ending.main({"autoawq": raising}, old_libraries.REFUSALS), capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (TypeError("qwen9 isn't supported yet."), Unsupported, "cannot compress this model: qwen9 isn't supported yet."),
        (OSError("Load pretrained model to do quantization requires CUDA available."), Unavailable, "requires CUDA available."),
        (OSError("No space left on device"), BenchmarkError, "OSError: No space left on device"),
        (TypeError("forward() got an unexpected keyword"), BenchmarkError, "TypeError: forward"),
        (RuntimeError("planted"), BenchmarkError, "RuntimeError: planted"),
        (AssertionError(), BenchmarkError, "AssertionError: its own check failed, `raise error`"),
    ],
)
def test_a_refusal_is_told_apart_from_a_crash(monkeypatch, tmp_path, capsys, error, kind, says):
    found = refusal(*ended(monkeypatch, tmp_path, capsys, error))
    assert type(found) is kind
    assert says in str(found)
    if kind is BenchmarkError:
        assert "Traceback (most recent call last)" in found.__notes__[0]
