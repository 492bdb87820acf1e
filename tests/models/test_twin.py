"""Random weights that answer differently for different inputs, the same for the same seed."""

import pytest

from fixtures import artifact
from fixtures.models import catalog, twin
from fixtures.models.torch_format import load_module, logits
from fixtures.models.twin_architectures import DISTILBERT_CASED, EFFICIENTVIT_B3, TEXT
from fixtures.registry import Twin

SMALL_TEXT = Twin(
    {
        **TEXT,
        "config": {**DISTILBERT_CASED, "dim": 64, "n_heads": 2, "hidden_dim": 128, "vocab_size": 500},
    }
)
SMALL_IMAGE = Twin({**EFFICIENTVIT_B3, "architecture": "efficientvit_b0", "arguments": {"num_classes": 50}})


def written(source, folder):
    folder.mkdir()
    return artifact.finish(folder, "key", "torch", twin.write(source, folder, 1), [])


def answers(made, count, sequence=32):
    import torch

    from fixtures.tasks.random_inputs import draw_inputs

    inputs = {name: torch.from_numpy(array) for name, array in draw_inputs(made.path, count, sequence, seed=0, stream=0).items()}
    with torch.inference_mode():
        return logits(load_module(made), inputs).flatten(0, -2)


def test_a_text_twin_gives_every_label_somewhere(tmp_path):
    found = answers(written(SMALL_TEXT, tmp_path / "a"), 4)
    assert len(found.argmax(-1).unique()) == 9
    # logits are centred and scaled by what they were on other noise of the same kind
    assert float(found.std()) == pytest.approx(1, abs=0.2)


def test_a_seed_decides_every_byte(tmp_path):
    first, again = written(SMALL_TEXT, tmp_path / "a"), written(SMALL_TEXT, tmp_path / "b")
    other = written(Twin(SMALL_TEXT.architecture, seed=1), tmp_path / "c")
    weights = {made.path.name: file.sha256 for made in (first, again, other) for file in made.files if file.role == "weights"}
    assert weights["a"] == weights["b"] != weights["c"]


@pytest.mark.slow
def test_an_image_twin_gives_different_classes_to_different_images(tmp_path):
    found = answers(written(SMALL_IMAGE, tmp_path / "a"), 32)
    assert len(found.argmax(-1).unique()) >= 10
    assert bool(found.isfinite().all())


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        # 28996*1024 + 512*1024 + 2*1024 + 2*1024 embeddings, 24 * 12 596 224, 9*1024 + 9 head
        ("bert-large-twin", 332_538_889),
        # 28996*768 + 512*768 + 2*768 embeddings, 6 * 7 087 872, 9*768 + 9 head
        ("distilbert-twin", 65_197_833),
    ],
)
def test_a_twin_has_the_published_size(tmp_path, name, parameters):
    import json

    import torch

    from fixtures.models.torch_format import build_module

    source = next(model.source for model in catalog.MODELS if model.name == name)
    (tmp_path / "config.json").write_text(json.dumps(source.architecture["config"]))
    described = {key: value for key, value in source.architecture.items() if key != "config"}
    (tmp_path / "architecture.json").write_text(json.dumps(described))
    with torch.device("meta"):
        module = build_module(tmp_path)
    assert sum(tensor.numel() for tensor in module.state_dict().values()) == parameters
