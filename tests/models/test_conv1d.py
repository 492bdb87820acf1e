"""GPT-2's layers become linear ones: the same answers, every method of linear layers, and the hub's own files for other libraries."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fixtures.artifact import open_artifact
from fixtures.models import conv1d, older_transformers, torch_format
from fixtures.models.materialise import materialise
from fixtures.models.torchvision_operators import define_missing_operators
from fixtures.registry import DataSource, Hub, Model
from fixtures.worker.build import seal
from tests import tiny
from tests.building import catalog

TASK = "language-modelling"


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """(the hub folder's module, the original made of it)"""
    define_missing_operators()
    import torch
    import transformers

    root = tmp_path_factory.mktemp("gpt2")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=128, n_embd=64, n_layer=2, n_head=4, n_positions=64, bos_token_id=1, eos_token_id=1
    )
    module = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    module.save_pretrained(root / "hub")
    attributes = materialise(Model("gpt2", TASK, "MIT", Hub(str(root / "hub")), DataSource("random")), root / "original", {})
    seal(root / "original", "gpt2", "torch", attributes, [{"step": "original"}])
    return module, open_artifact(root / "original")


def answers(module, ids):
    import torch

    with torch.inference_mode():
        return module(input_ids=torch.from_numpy(ids)).logits.numpy()


IDS = np.arange(32).reshape(2, 16)


def test_linear_layers_answer_as_the_published_model_does(gpt2):
    published, original = gpt2
    module = torch_format.load_module(original)
    assert conv1d.names_of(module) == []
    assert sum(type(layer).__name__ == "Linear" for layer in module.modules()) == 9  # four a block, and the output
    assert np.allclose(answers(module, IDS), answers(published, IDS), atol=1e-5)


@pytest.mark.parametrize("name", ["rtn-int4-g32", "torch-int8-dynamic", "wanda50", "torchao-int8-weight-only"])
def test_methods_of_linear_layers_cover_it(gpt2, tmp_path, name):
    _, original = gpt2
    step = catalog().methods[name].steps[0]
    params = {**step.params, **({"samples": 4} if "samples" in step.params else {})}
    made = tiny.run_step(replace(step, params=params), original, tmp_path / "made", TASK)  # its check has seen the covered share
    session = catalog().runtimes[catalog().methods[name].runtime].open(made, "cpu", 1)
    found = session.to_numpy(session.run(session.prepare({"input_ids": IDS, "attention_mask": np.ones_like(IDS)})))
    expected = answers(torch_format.load_module(original), IDS)
    assert 0.5 < np.corrcoef(found.ravel(), expected.ravel())[0, 1] < 1 - 1e-9


def test_a_library_that_loads_the_folder_itself_gets_the_published_matrices(gpt2, tmp_path):
    published, original = gpt2
    older_transformers.write_folder(original, tmp_path / "folder")
    described = json.loads((tmp_path / "folder" / "architecture.json").read_text(encoding="utf-8"))
    assert not described["changes"]
    opened = type(published).from_pretrained(tmp_path / "folder").eval()
    assert np.allclose(answers(opened, IDS), answers(published, IDS), atol=1e-6)
