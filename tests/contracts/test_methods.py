"""What holds for every registered method: a new file in fixtures/methods/ is tested here without an edit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from fixtures.artifact import open_artifact
from fixtures.errors import Unsupported
from fixtures.pipelines import with_params
from fixtures.probes.audit import audit
from fixtures.probes.same_model import last_change
from fixtures.registry import Method
from tests import tiny
from tests.building import answers, builder, catalog, session


def short(method: Method) -> Method:
    """Methods that train do five steps here: the loop runs, and nothing is learnt."""
    trains = any("steps" in step.params for step in method.steps)
    return replace(with_params(method, {"steps": "5"}), name=method.name) if trains else method


TASKS = (*tiny.TASKS, tiny.LANGUAGE)
METHODS = [short(method) for method in catalog().methods.values()]
IDS = [
    "original", "original-tuned", "bf16", "fp16", "torch-int8-dynamic", "onnx", "onnx-int8-dynamic", "onnx-int8-static-naive",
    "onnx-int8-static", "prune20", "prune50", "prune80", "cluster16", "cluster256", "prune50+onnx-int8-dynamic",
    "prune50+onnx-int8-static", "cluster16+deflate", "prune50-finetuned", "prune-layer50", "prune-layer50-finetuned", "prune-2to4",
    "prune-2to4-finetuned", "prune-movement50", "prune-structured50", "drop-layers50", "low-rank", "low-rank-finetuned", "student",
    "distil", "distil-features", "distil-attention", "qat-int8", "onnx-int8-smoothquant", "onnx-int4-g32", "rtn-int4-g32",
    "torchao-int8-dynamic", "onnx-level0", "onnx-level1", "onnx-level2",
    "torchao-int8-weight-only", "torchao-int4-weight-only", "cluster4", "cluster16-rows16", "cluster-attention16",
    "cluster16-int8-codebook", "deflate", "huffman", "zstd", "deep-compression", "onnx-fused", "torchscript", "openvino", "openvino-fp16",
    "openvino-bf16", "openvino-int8", "openvino-int8-mixed", "openvino-int8-accuracy", "tensorrt-fp16", "tensorrt-int8", "onnx-tensorrt",
    "onnx-tensorrt-fp16", "openvino-int8-weights", "openvino-int4-g32", "onnx-cached", "onnx-cached-int8-dynamic", "onnx-cached-int4-g32",
    "openvino-cached", "openvino-cached-int8-weights", "openvino-cached-int4-g32",
    "bnb-int8", "bnb-nf4", "quanto-int8", "hqq-int4-g64",
    "executorch", "executorch-int8",
    "auto-gptq-int4-g128", "autoawq-int4-g128",
    "optimum-onnx", "optimum-onnx-int8-dynamic",
    "optimum-openvino", "optimum-openvino-int8",
    "onnx-fused-int8-dynamic", "onnx-fused-int8-static", "onnx-int8-mixed", "aotinductor", "torch-compile", "torch-compile-graphs",
    "torchao-int8-static", "torchao-int8-dynamic+aotinductor",
]  # fmt: skip
# What a method may change: the largest relative error of the logits (RMS of the difference over RMS of the original's, around their mean).
# Lossless ones differ by the order of summation only; the others are read off the tiny models, doubled, to see a broken kernel.
LOSSLESS = {"original": 1e-6, "original-tuned": 1e-4, "deflate": 1e-6, "huffman": 1e-6, "zstd": 1e-6, "onnx": 1e-4,
            "onnx-level0": 1e-4, "onnx-level1": 1e-4, "onnx-level2": 1e-4, "onnx-fused": 1e-4, "torchscript": 1e-4,
            "openvino": 1e-4, "onnx-cached": 1e-4, "openvino-cached": 1e-4, "aotinductor": 1e-4, "torch-compile": 1e-4}  # fmt: skip
CLOSE = {"bf16": 0.1, "fp16": 0.01, "cluster256": 0.2, "torch-int8-dynamic": 0.2, "onnx-int8-dynamic": 0.2}
# Their bytes differ when built twice in one process, and why; the answers do not.
UNREPEATABLE = {
    "torchscript": "names of its classes count the traces of the process",
    **dict.fromkeys(
        ("aotinductor", "torchao-int8-static", "torchao-int8-dynamic+aotinductor"),
        "the package holds the compiler's temporary names and times",
    ),
}
# A minute of C++ compilation each time: `pytest tests/contracts -m compiles`.
COMPILED = ("aotinductor", "torch-compile", "torchao-int8-static", "torchao-int8-dynamic+aotinductor")


def fits(method: Method, task: str) -> bool:
    """Built here: for this task, and in this environment. Those of other environments have a smoke benchmark each (tox.ini)."""
    return task in (method.tasks or TASKS) and task not in method.unsupported and method.home == "core"


PAIRS = [
    pytest.param(method, task, id=f"{method.name}-{task}", marks=[pytest.mark.compiles] if method.name in COMPILED else [])
    for method in METHODS
    for task in TASKS
    if fits(method, task)
]


@pytest.mark.parametrize("name", IDS)
def test_every_promised_method_is_registered(name):
    assert name in catalog().methods


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_names_its_source_and_its_claims(method):
    assert method.source.startswith("https://")
    assert method.summary
    assert {"weights", "runtime_dtype"} <= set(method.claims)
    assert set(method.devices) | set(method.unsupported) >= {"cpu", "cuda"}
    assert all(len(reason) > 20 for reason in method.unsupported.values())
    for step in method.steps:
        assert step.needs
        assert import_module(step.build.__module__).__doc__
        assert "artifact contains" in " ".join(str(import_module(step.build.__module__).__doc__).lower().split())


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_runtime_opens_what_the_pipeline_gives(method):
    assert method.formats[-1] in catalog().runtimes[method.runtime].formats


def test_registering_methods_and_runtimes_imports_no_library():
    program = (
        "import sys; from fixtures import registry; registry.load(); "
        "print(sorted({'numpy','torch','onnx','onnxruntime','transformers','timm','safetensors'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_combinations_share_the_steps_of_their_parts():
    methods = catalog().methods
    assert methods["prune50+onnx-int8-static"].steps[0] is methods["prune50"].steps[0]
    assert methods["prune50+onnx-int8-static"].steps[1:] == methods["onnx-int8-static"].steps
    assert methods["cluster16+deflate"].steps[0] is methods["cluster16"].steps[0]


def built(method: Method, task: str):
    """The artifact, or None where the method says that it cannot work for this model."""
    try:
        return builder().artifact(method, task)
    except Unsupported:
        return None


@pytest.mark.slow
@pytest.mark.parametrize(("method", "task"), PAIRS)
def test_what_a_method_claims_is_what_was_stored_and_what_runs(method, task):
    artifact = built(method, task)
    if artifact is None:
        return
    opened = session(method, artifact)
    opened.run(opened.prepare(tiny.inputs(task, 2, 3)))
    opened.touch_weights()
    evidence = audit(method, artifact, opened.facts(), opened.weights(), "cpu", 1, original=builder().original(task))
    assert evidence["steps"] == ["original", *(step.name for step in method.steps)]
    assert evidence["bytes"] == sum(path.stat().st_size for path in artifact.path.iterdir() if path.name != "manifest.json")
    # Scales and folded normalisation move the count a little; losing a layer, or counting one twice, moves it by more.
    changed = last_change(artifact)  # a smaller architecture has the weights that its own check counted
    expected = changed["matrix_parameters"] if changed else audit_count(task)
    # A packed output layer is no longer the embedding that it was tied to.
    packed = tiny.LLAMA["vocab_size"] * tiny.LLAMA["hidden_size"] if task == "language-modelling" else 0
    assert evidence["matrix_parameters"] in (pytest.approx(expected, rel=0.02), pytest.approx(expected + packed, rel=0.02))


def audit_count(task: str) -> int:
    opened = session(catalog().methods["original"], builder().original(task))
    return opened.weights()["matrix_parameters"]


@pytest.mark.slow
@pytest.mark.parametrize(("method", "task"), PAIRS)
def test_outputs_have_the_original_shape_and_lossless_ones_its_values(method, task, tmp_path):
    artifact = built(method, task)
    if artifact is None:
        return
    expected = answers(catalog().methods["original"], builder().original(task), task)
    found = answers(method, artifact, task)
    # An artifact is its files: copied elsewhere it opens and answers the same.
    moved = open_artifact(shutil.copytree(artifact.path, tmp_path / "moved"))
    assert np.array_equal(answers(method, moved, task), found)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    limit = {**LOSSLESS, **CLOSE}.get(method.name)
    if limit is not None:
        centred = expected - expected.mean()
        assert np.sqrt(np.square(found - expected).mean() / np.square(centred).mean()) < limit


@pytest.mark.slow
@pytest.mark.parametrize(("method", "task"), PAIRS)
def test_building_twice_writes_the_same_bytes_and_leaves_the_original_alone(method, task):
    first = built(method, task)
    if first is None:
        return
    again = builder("again").artifact(method, task)
    if method.name in UNREPEATABLE:
        assert np.array_equal(answers(method, first, task), answers(method, again, task))
    else:
        assert tiny.hashes(first) == tiny.hashes(again)
    builder().original(task).verify()


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_most_methods_work_for_both_tasks_and_the_rest_say_why(task):
    tried = [method for method in METHODS if fits(method, task) and method.name not in COMPILED]
    refused = {method.name for method in tried if built(method, task) is None}
    few = r"only \d+\.\d% of the param"
    linear = ("torch-int8-dynamic", "torchao-int8-dynamic", "torchao-int8-weight-only", "torchao-int4-weight-only")
    nothing_left = r"level 1 runs the \d+ nodes of level 0"
    reasons = {
        "image-classification": {
            **dict.fromkeys(linear, few),
            "onnx-level1": nothing_left,
            **dict.fromkeys(("onnx-fused", "onnx-fused-int8-dynamic", "onnx-fused-int8-static"), "is not of transformers"),
            "openvino-int8-mixed": r"\d% of the parameters are int8",  # the tiny network hardly answers its input
            "onnx-int8-smoothquant": r"and \d+ Conv nodes none reads one",
            "onnx-int4-g32": r"only \d\.\d% of the weights are in MatMul nodes.* are in Conv and",
            "rtn-int4-g128": "groups of 128 do not divide",
        },
        "token-classification": {f"rtn-int4-g{group}": f"groups of {group} do not divide" for group in (128, 64)},
        "language-modelling": {"rtn-int4-g128": "groups of 128 do not divide", "onnx-level1": nothing_left},
    }
    assert refused == set(reasons.get(task, {}))
    for name in refused:
        with pytest.raises(Unsupported, match=reasons[task][name]):
            builder().artifact(next(method for method in METHODS if method.name == name), task)
