"""A tiny seeded dual autoregressive model as a finished `torch` artifact: 3 codebooks of 8 codes, 12 words."""

import json

import numpy as np

from fixtures import artifact as artifacts
from fixtures.models.torchvision_operators import define_missing_operators

LLAMA = {"intermediate_size": 48, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
CONFIG = {
    "model_type": "dual_ar",
    "codebooks": 3,
    "codebook_size": 8,
    "semantic_begin": 12,
    "end": 0,
    "start": 1,
    "frames": 9,
    "frame_s": 0.032,
    "slow": {**LLAMA, "vocab_size": 20, "hidden_size": 32, "num_hidden_layers": 2},
    "fast": {**LLAMA, "vocab_size": 8, "hidden_size": 16, "num_hidden_layers": 1},
}
ARCHITECTURE = {"library": "transformers", "module": "fixtures.models.dual_ar.modeling:build", "input_names": ["input_ids"]}


def phrases(count, words=3, frames=5, seed=0):
    """int64 (n, words + frames, 4): words, then frames."""
    random = np.random.default_rng(seed)
    ids = np.zeros((count, words + frames, 4), np.int64)
    ids[:, :words, 0] = random.integers(1, 12, (count, words))
    ids[:, words:, 1:] = random.integers(0, 8, (count, frames, 3))
    ids[:, words:, 0] = 12 + ids[:, words:, 1]
    return ids


def original(path):
    """Wide weights, so that the answer depends on what is read."""
    define_missing_operators()
    import safetensors.torch
    import torch

    from fixtures.models import torch_format

    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (path / "architecture.json").write_text(json.dumps(ARCHITECTURE), encoding="utf-8")
    torch.manual_seed(0)
    module = torch_format.build_module(path)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim >= 2:
                parameter.normal_(0, 0.3)
    safetensors.torch.save_file(torch_format.stored_once(module.state_dict()), path / torch_format.WEIGHTS)
    return artifacts.finish(path, "tiny-speaker", "torch", {"library": "transformers"}, [{"step": "original"}])
