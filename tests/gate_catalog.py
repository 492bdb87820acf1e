"""What tests/test_gate_run.py runs the gate on: one model for every kind of regression that it plants, each with few methods."""

from __future__ import annotations

from dataclasses import replace

from fixtures.models import embedded
from fixtures.registry import Twin
from tests.end_to_end.catalog import MODELS as TINY
from tests.end_to_end.catalog import TEXT

IMAGE, SENTENCE = TINY
DIGITS = next(model for model in embedded.MODELS if model.name == "digits-efficientvit")
# 205 MB in one embedding: 5 % of it is more than the gate tolerates (2 % + 4 MiB), and a call stays fast.
WIDE = Twin({**TEXT, "config": {**TEXT["config"], "vocab_size": 400_000, "hidden_size": 128, "num_hidden_layers": 1}})

MODELS = [
    replace(IMAGE, name="planted-image", methods=("prune50", "fp16", "onnx")),
    replace(SENTENCE, name="planted-text", methods=("cluster*6",)),
    replace(SENTENCE, name="planted-wide", source=WIDE, methods=("original",)),
    replace(DIGITS, name="planted-digits", methods=("bf16",), default=False),
]
