"""Tiny twins of both tasks, named on the command line as any user's catalog is."""

from fixtures.registry import DataSource, Model, Twin
from tests.tiny import BERT, EFFICIENTVIT, PIXELS, TOKENS

IMAGE = {
    "library": "timm-class",
    "architecture": "efficientvit_mit.EfficientVit",
    "arguments": EFFICIENTVIT,
    "input_names": ["pixel_values"],
    "image": {"input_size": [3, PIXELS, PIXELS], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "num_classes": 6},
}
TEXT = {
    "library": "transformers",
    "auto_class": "AutoModelForTokenClassification",
    "input_names": ["input_ids", "attention_mask"],
    "config": BERT,
}

MODELS = [
    Model(
        "tiny-image", "image-classification", "Apache-2.0", Twin(IMAGE), DataSource("random"), parameters=50_000, flops=2_000_000
    ),
    Model("tiny-text", "token-classification", "Apache-2.0", Twin(TEXT), DataSource("random"), sequence=TOKENS),
]
