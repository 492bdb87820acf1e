"""torchao's quantized layers on the tiny BERT: what was packed comes back and runs, and each proof goes red when it is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fixtures import artifact as artifacts
from fixtures.errors import PostconditionFailed, UsageError
from fixtures.methods import torchao_linear
from fixtures.models import torch_format
from tests import tiny
from tests.building import builder, catalog

TEXT = tiny.TASKS[1]
METHODS = catalog().methods


def made(name, task=TEXT):
    return builder().artifact(METHODS[name], task)


@pytest.mark.parametrize("kind", ["int8-dynamic", "int8-weight-only"])
def test_torchao_layers_come_back_packed_and_run_their_own_kernel(kind):
    artifact, step = made(f"torchao-{kind}"), METHODS[f"torchao-{kind}"].steps[0]
    evidence = step.check(builder().original(TEXT), artifact, step.params)
    (kernel,) = evidence["kernels"]
    assert kernel == torchao_linear.KERNELS[kind]
    assert evidence["kernels"][kernel] >= evidence["layers"] > 0
    assert 0.3 < evidence["steps_max"] < 0.51
    assert {tensor.dtype for name, tensor in torch_format.read_state(artifact).items() if name.endswith(".qdata")} == {torch.int8}


def test_a_torchao_weight_that_moved_or_another_kernel_goes_red(tmp_path, monkeypatch):
    source, artifact = builder().original(TEXT), made("torchao-int8-dynamic")
    step = METHODS["torchao-int8-dynamic"].steps[0]
    state = dict(torch_format.read_state(artifact))
    name = next(name for name in state if name.endswith(".qdata"))
    state[name] = -state[name]
    torch_format.save_state(state, artifact.path, tmp_path)
    moved = artifacts.describe(tmp_path, artifact.key, artifact.format, artifact.attributes, artifact.lineage)
    with pytest.raises(PostconditionFailed, match=r"steps from its original, rounding moves it by half of one"):
        step.check(source, moved, step.params)
    monkeypatch.setitem(torchao_linear.KERNELS, "int8-dynamic", "aten::_weight_int4pack_mm_for_cpu")
    with pytest.raises(PostconditionFailed, match=r"ran aten::_weight_int4pack_mm_for_cpu 0 times .* another kernel ran"):
        step.check(source, artifact, step.params)


@pytest.mark.parametrize("place", [0, -1])
def test_a_torchao_scale_that_is_not_a_number_goes_red(tmp_path, place):
    step, artifact = METHODS["torchao-int8-weight-only"].steps[0], made("torchao-int8-weight-only")
    state = dict(torch_format.read_state(artifact))
    name = [name for name in state if name.endswith(".scale")][place]
    state[name] = torch.full_like(state[name], torch.nan)
    torch_format.save_state(state, artifact.path, tmp_path)
    broken = artifacts.describe(tmp_path, artifact.key, artifact.format, artifact.attributes, artifact.lineage)
    with pytest.raises(PostconditionFailed, match="a weight is nan steps from its original"):
        step.check(builder().original(TEXT), broken, step.params)


def test_a_group_that_torchao_has_no_kernel_for_says_which_it_has(tmp_path):
    step = METHODS["torchao-int4-weight-only"].steps[0]
    with pytest.raises(UsageError, match="group=48: torchao's int4 kernel for CPUs has groups of 32, 64, 128"):
        tiny.run_step(replace(step, params={**step.params, "group": 48}), builder().original(TEXT), tmp_path / "out", TEXT)
