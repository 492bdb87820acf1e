"""LLM Compressor itself on a tiny LLaMA, where its environment has been made: what its modifiers are asked for is what they take."""

from dataclasses import replace

import pytest
import torch

from fixtures import environments
from fixtures.models import torch_format
from tests import tiny
from tests.building import builder, catalog

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not environments.exists("llmcompressor"),
        reason="the environment llmcompressor has not been made: tox run -e llmcompressor --notest",
    ),
]
TASK = "language-modelling"


def build(tmp_path, name, **params):
    step = catalog().methods[name].steps[0]
    chosen = replace(step, params={**step.params, "samples": 16, **params})
    return tiny.run_step(chosen, builder().original(TASK), tmp_path / name, TASK)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("llmcompressor-sparsegpt50", {}),
        ("llmcompressor-wanda-2to4", {}),
        ("llmcompressor-gptq-int4-g32", {}),
        ("autoround-int4-g32", {"iterations": 20}),
        ("llmcompressor-smoothquant-int8", {}),
    ],
)
def test_each_algorithm_builds_and_passes_its_check(tmp_path, name, params):
    assert build(tmp_path, name, **params).lineage[-1]["evidence"]


def test_its_wanda_takes_the_weights_that_ours_takes(tmp_path):
    theirs = torch_format.read_state(build(tmp_path, "llmcompressor-wanda50"))
    ours = torch_format.read_state(build(tmp_path, "wanda50"))
    same = sum(int(((theirs[name] == 0) == (ours[name] == 0)).sum()) for name in ours)
    assert same / sum(tensor.numel() for tensor in ours.values()) > 0.999
    assert all(torch.isfinite(tensor).all() for tensor in theirs.values())
