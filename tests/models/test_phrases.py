"""The recipe of the embedded speaker, run for a few steps: it learns, and leaves every file that a run needs."""

import json

import pytest

from fixtures.models.recipes import phrases, phrases_corpus
from fixtures.tasks import speech_codec


@pytest.mark.slow
def test_a_short_training_learns_and_leaves_weights_codec_and_record(tmp_path, monkeypatch):
    texts = {split: ["red light", "green door", "turn on fan", "stop music"][: 4 if split == "train" else 2] * 8
             for split in ("train", "calibration", "validation", "test")}  # fmt: skip
    monkeypatch.setattr(phrases_corpus, "phrases", lambda: texts)
    monkeypatch.setattr(phrases, "BATCH", 4)
    result = phrases.train(seed=1, output=tmp_path, threads=1, steps=40)
    losses = result["losses"]
    assert losses[-1] < losses[0] - 1  # from ln 257 = 5.5
    assert result["metric"] == "code_nll"
    assert result["test"] < 5
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"architecture.json", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
                    "training.json", "codec.npy"}  # fmt: skip
    assert speech_codec.load(tmp_path / "codec.npy").shape == (3, 256, 160)
    assert json.loads((tmp_path / "training.json").read_text())["seed"] == 1
