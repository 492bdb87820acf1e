"""Tiny seeded models of both tasks as `torch` artifacts, and the pipeline runner that the cache and worker are in a real run.

The text model is a BERT of width 32, the image model a timm EfficientViT; random weights, with BatchNorm statistics set by three batches in
training mode, else its activations mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fixtures import artifact as artifacts
from fixtures.artifact import Artifact
from fixtures.registry import BuildContext, Step
from fixtures.training.data import TrainingData

TASKS = ("image-classification", "token-classification")
LANGUAGE = "language-modelling"  # a third, which the contract tests hold methods to as well
BERT = {
    "model_type": "bert",
    "architectures": ["BertForTokenClassification"],
    "vocab_size": 128,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 32,
    "num_labels": 5,
    "id2label": {str(label): f"L{label}" for label in range(5)},
    "label2id": {f"L{label}": label for label in range(5)},
}
EFFICIENTVIT = {
    "widths": [8, 16, 24, 32, 48],
    "depths": [1, 1, 1, 1, 1],
    "head_dim": 8,
    "head_widths": [64, 96],
    "num_classes": 6,
}
LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 128,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "tie_word_embeddings": True,
    "eos_token_id": 0,
}
TOKENS, PIXELS = 16, 32


def inputs(task: str, count: int, seed: int) -> dict[str, np.ndarray]:
    """(count, ...) seeded samples; half of the text samples end in padding."""
    random = np.random.default_rng(seed)
    if task == "image-classification":
        return {"pixel_values": random.standard_normal((count, 3, PIXELS, PIXELS)).astype(np.float32)}
    mask = np.ones((count, TOKENS), np.int64)
    if task == "token-classification":
        mask[: count // 2, TOKENS - 5 :] = 0
    return {"input_ids": random.integers(0, 128, (count, TOKENS)), "attention_mask": mask}


def calibration(task: str, seed: int = 7) -> Any:
    def samples(count: int) -> Iterator[dict[str, np.ndarray]]:
        arrays = inputs(task, count, seed)
        for index in range(count):
            yield {name: array[index : index + 1] for name, array in arrays.items()}

    return samples


def training(task: str) -> TrainingData:
    """Seeded inputs with labels that depend on them a little; enough for a loop to run, too few to learn from."""

    def labelled(count: int, seed: int) -> Any:
        arrays = inputs(task, count, seed)
        shape = (count,) if task == "image-classification" else (count, TOKENS)
        labels = np.random.default_rng(seed).integers(0, 5, shape)
        if task == "token-classification":
            labels[arrays["attention_mask"] == 0] = -100
        return arrays, labels

    def batches(seed: int) -> Iterator[Any]:
        step = 0
        while True:
            yield labelled(4, 1000 + 100 * seed + step)
            step += 1

    return TrainingData(batches, labelled(8, 999))


def describe(task: str, path: Path) -> None:
    """Writes architecture.json (and config.json) of the tiny model of a task."""
    if task == "image-classification":
        described: dict[str, Any] = {
            "library": "timm-class",
            "architecture": "efficientvit_mit.EfficientVit",
            "arguments": EFFICIENTVIT,
            "input_names": ["pixel_values"],
        }
    else:
        tags = task == "token-classification"
        described = {
            "library": "transformers",
            "auto_class": "AutoModelForTokenClassification" if tags else "AutoModelForCausalLM",
            "input_names": ["input_ids", "attention_mask"],
        }
        (path / "config.json").write_text(json.dumps(BERT if tags else LLAMA), encoding="utf-8")
    (path / "architecture.json").write_text(json.dumps(described), encoding="utf-8")


def original(task: str, path: Path, seed: int = 0) -> Artifact:
    """The tiny model of a task, finished in `path`."""
    import torch

    from fixtures.models import torch_format

    path.mkdir(parents=True, exist_ok=True)
    describe(task, path)
    torch.set_num_threads(1)  # sums of BatchNorm statistics, and so the bytes, depend on their number
    torch.manual_seed(seed)
    module = torch_format.build_module(path)
    with torch.no_grad():
        if task == "image-classification":
            module.train()
            for step in range(3):
                module(torch.from_numpy(inputs(task, 16, 100 + step)["pixel_values"]))
            module.eval()
        else:
            for name, parameter in module.named_parameters():
                if parameter.ndim >= 2:  # the default .02 leaves logits constant; wider ones make the answer depend on the tokens
                    parameter.normal_(0, 0.15 if "embeddings" not in name else 0.5)
    # Saved beside itself: the description is there already.
    import safetensors.torch

    safetensors.torch.save_file(torch_format.stored_once(module.state_dict()), path / torch_format.WEIGHTS)
    return artifacts.finish(path, f"tiny-{task}-{seed}", "torch", {}, [{"step": "original"}])


def run_step(step: Step, source: Artifact, output: Path, task: str) -> Artifact:
    """What a building worker does with one step."""
    output.mkdir(parents=True)
    context = BuildContext(
        source,
        output,
        step.params,
        0,
        1,
        task,
        calibration(task),
        lambda text: None,
        lambda: training(task),
    )
    attributes = dict(step.build(context))
    entry: dict[str, Any] = {"step": step.name, "params": dict(step.params)}
    draft = artifacts.describe(output, f"{source.key}-{step.name}", step.gives, attributes, [*source.lineage, entry])
    entry["evidence"] = json.loads(json.dumps(dict(step.check(source, draft, step.params))))
    artifacts.write_manifest(draft)
    return artifacts.open_artifact(output)


def hashes(artifact: Artifact) -> Mapping[str, str]:
    return {file.path: file.sha256 for file in artifact.files}
