"""A published model becomes an artifact whose module answers exactly as the published one."""

import json

import pytest

from fixtures import artifact
from fixtures.artifact import LOADED
from fixtures.errors import UsageError
from fixtures.models.materialise import materialise
from fixtures.models.torch_format import load_module, logits
from fixtures.registry import DataSource, Hub, Model
from tests import hub_folders


def original(folder, output, task):
    attributes = materialise(Model("m", task, "MIT", Hub(str(folder)), DataSource("random")), output, {"threads": 1})
    return artifact.finish(output, "key", "torch", attributes, [])


def assert_same(found, expected):
    """Equal but for the last bits: kernels round differently when tensors lie at other addresses."""
    import torch

    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "modernbert"])
def test_a_text_model_answers_as_the_published_one(tmp_path, kind):
    import torch

    published = hub_folders.text_model(tmp_path / "hub", kind)
    made = original(tmp_path / "hub", tmp_path / "out", "token-classification")
    inputs = {"input_ids": torch.arange(1, 13).reshape(2, 6), "attention_mask": torch.ones(2, 6, dtype=torch.int64)}
    with torch.no_grad():
        assert_same(logits(load_module(made), inputs), published(**inputs).logits)
    assert made.attributes["parameters"] == sum(tensor.numel() for tensor in published.state_dict().values())
    roles = {file.path: file.role for file in made.files}
    assert {path for path, role in roles.items() if role in LOADED} == {"architecture.json", "config.json", "model.safetensors"}
    assert roles["vocab.txt"] == roles["tokenizer_config.json"] == "processor"


def test_a_vit_answers_as_the_published_one(tmp_path):
    import torch

    published = hub_folders.vit_model(tmp_path / "hub")
    made = original(tmp_path / "hub", tmp_path / "out", "image-classification")
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert_same(logits(load_module(made), {"pixel_values": pixels}), published(pixels).logits)
    assert (tmp_path / "out" / "preprocessor_config.json").is_file()


@pytest.mark.slow
def test_a_timm_model_answers_as_the_published_one(tmp_path):
    import torch

    published = hub_folders.timm_model(tmp_path / "hub")
    made = original(tmp_path / "hub", tmp_path / "out", "image-classification")
    assert made.attributes["library"] == "timm"
    pixels = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        assert_same(logits(load_module(made), {"pixel_values": pixels}), published(pixels))
    written = load_module(made).state_dict()
    assert all(torch.equal(written[name], tensor) for name, tensor in published.state_dict().items())


@pytest.mark.slow
def test_a_timm_head_of_another_shape_is_named(tmp_path):
    hub_folders.timm_model(tmp_path / "hub")
    path = tmp_path / "hub" / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "num_classes": 9}))
    with pytest.raises(UsageError, match=r"head.linear.weight .stored \(4, .*needed \(9,"):
        original(tmp_path / "hub", tmp_path / "out", "image-classification")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_weights_are_widened_and_the_row_can_say_so(tmp_path, dtype):
    import safetensors.torch
    import torch

    published = hub_folders.text_model(tmp_path / "hub", dtype=dtype)
    made = original(tmp_path / "hub", tmp_path / "out", "token-classification")
    assert (made.attributes["published_dtype"], made.attributes["dtype"]) == (dtype, "float32")
    written = safetensors.torch.load_file(tmp_path / "out" / "model.safetensors")
    assert {tensor.dtype for tensor in written.values()} == {torch.float32}
    expected = published.state_dict()
    assert all(torch.equal(written[name], expected[name].float()) for name in written)
    assert {tensor.dtype for tensor in load_module(made).state_dict().values()} == {torch.float32}


def test_trusted_code_travels_with_the_artifact(tmp_path):
    import torch

    published = hub_folders.text_model(tmp_path / "hub")
    path = tmp_path / "hub" / "config.json"
    config = json.loads(path.read_text())
    (tmp_path / "hub" / "modeling_own.py").write_text(
        "from transformers import BertForTokenClassification\n\n\nclass OwnModel(BertForTokenClassification):\n    pass\n"
    )
    path.write_text(json.dumps({**config, "auto_map": {"AutoModelForTokenClassification": "modeling_own.OwnModel"}}))
    described = Model(
        "m", "token-classification", "MIT", Hub(str(tmp_path / "hub")), DataSource("random"), trust_remote_code=True
    )
    attributes = materialise(described, tmp_path / "out", {})
    module = load_module(artifact.finish(tmp_path / "out", "key", "torch", attributes, []))
    assert type(module).__name__ == "OwnModel"
    inputs = {"input_ids": torch.arange(1, 7).reshape(1, 6), "attention_mask": torch.ones(1, 6, dtype=torch.int64)}
    with torch.no_grad():
        assert_same(logits(module, inputs), published(**inputs).logits)
