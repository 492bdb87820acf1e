"""Buffers that no file holds are made without the weights beside them: a load that made both peaked at fp32 whatever the method."""

from __future__ import annotations

import json

import pytest
import torch

from fixtures.models import torch_format

CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 512,
    "intermediate_size": 1024,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 4096,
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    described = {"library": "transformers", "auto_class": "AutoModelForCausalLM", "input_names": ["input_ids"]}
    (tmp_path / "architecture.json").write_text(json.dumps(described))
    return tmp_path


def test_parameters_have_no_memory_and_buffers_are_those_of_a_whole_build(folder):
    whole = torch_format.build_module(folder)
    with torch_format.parameters_on_meta():
        made = torch_format.build_module(folder)
    assert {parameter.device.type for parameter in made.parameters()} == {"meta"}
    assert {name: tuple(parameter.shape) for name, parameter in made.named_parameters()} == {
        name: tuple(parameter.shape) for name, parameter in whole.named_parameters()
    }
    expected = dict(whole.named_buffers())
    found = torch_format.constructed_buffers(whole)
    assert "model.rotary_emb.inv_freq" in expected
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_no_weight_is_drawn_while_buffers_are_made(folder, monkeypatch):
    with torch.device("meta"):
        module = torch_format.build_module(folder)
    drawn = []
    draw = torch.Tensor.normal_

    def counted(tensor, *arguments, **named):
        drawn.append(0 if tensor.is_meta else tensor.numel())
        return draw(tensor, *arguments, **named)

    monkeypatch.setattr(torch.Tensor, "normal_", counted)
    torch_format.constructed_buffers(module)
    assert drawn
    assert sum(drawn) == 0  # initialisation ran, on nothing
    torch_format.build_module(folder)
    assert sum(drawn) > CONFIG["vocab_size"] * CONFIG["hidden_size"]  # what the count sees without it


def test_modules_made_afterwards_have_real_parameters():
    with pytest.raises(RuntimeError), torch_format.parameters_on_meta():
        raise RuntimeError
    assert torch.nn.Linear(2, 2).weight.device.type == "cpu"
