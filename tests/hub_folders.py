"""Tiny random models in the layout that the hub publishes: what the loading path is tested on without a network."""

import json
from pathlib import Path

from fixtures.models.torchvision_operators import define_missing_operators

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
WORDS = ["anna", "lives", "in", "paris", "new", "york", "and", "likes", "it", "##bob", "bo", "."]


def write_tokenizer(folder: Path):
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def _config(kind, labels):
    define_missing_operators()
    import transformers

    named = {"id2label": dict(enumerate(labels)), "label2id": {name: index for index, name in enumerate(labels)}}
    small = {"vocab_size": len(WORDS) + 5, "max_position_embeddings": 64}
    if kind == "bert":
        return transformers.BertConfig(
            **small, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, **named
        )
    if kind == "distilbert":
        return transformers.DistilBertConfig(**small, dim=32, n_layers=2, n_heads=2, hidden_dim=64, **named)
    if kind == "modernbert":
        tokens = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
        return transformers.ModernBertConfig(
            **small, **tokens, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, **named
        )
    return transformers.ViTConfig(
        image_size=32, patch_size=8, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, **named
    )


def text_model(folder: Path, kind="bert", dtype="float32", labels=TAGS):
    """A token classifier with its tokenizer; returns the module that was saved."""
    return _model(folder, "AutoModelForTokenClassification", _config(kind, labels), dtype)


def headless_model(folder: Path):
    """A masked language model: what a token classifier was not trained from."""
    return _model(folder, "AutoModelForMaskedLM", _config("bert", TAGS), "float32")


def vit_model(folder: Path, labels=("cat", "dog", "owl")):
    module = _model(folder, "AutoModelForImageClassification", _config("vit", labels), "float32")
    settings = {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": 32, "width": 32},
        "resample": 2,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return module


def _model(folder, auto_class, config, dtype):
    import torch
    import transformers

    torch.manual_seed(0)
    module = getattr(transformers, auto_class).from_config(config).to(getattr(torch, dtype)).eval()
    module.save_pretrained(folder)
    write_tokenizer(folder)
    return module


def timm_model(folder: Path, classes=4, architecture="efficientvit_m0"):
    """timm's layout: "architecture" and pretrained_cfg in config.json."""
    define_missing_operators()
    import safetensors.torch
    import timm
    import torch

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    module = timm.create_model(architecture, pretrained=False, num_classes=classes).eval()
    safetensors.torch.save_file(module.state_dict(), folder / "model.safetensors")
    settings = {
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "crop_pct": 0.875,
        "crop_mode": "center",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "num_classes": classes,
    }
    config = {"architecture": architecture, "num_classes": classes, "pretrained_cfg": settings}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return module


def cache_layout(root: Path, repo: str, commits: dict, refs: dict):
    """The hub's cache: models--owner--name/snapshots/<commit> and refs/<branch>. `commits`: commit -> function that fills a folder."""
    base = root / f"models--{repo.replace('/', '--')}"
    for commit, fill in commits.items():
        folder = base / "snapshots" / commit
        folder.mkdir(parents=True)
        fill(folder)
    (base / "refs").mkdir()
    for name, commit in refs.items():
        (base / "refs" / name).write_text(commit)
    return base
