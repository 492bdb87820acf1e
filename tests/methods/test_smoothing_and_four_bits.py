"""SmoothQuant, MatMulNBits and rounding at four bits on the tiny models: each proof holds, and goes red when it is broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from fixtures import artifact as artifacts
from fixtures.errors import PostconditionFailed, Unsupported
from fixtures.methods import (
    int4_layers,
    onnx_int4,
    onnx_smoothing,
    smoothquant,
)
from fixtures.models import onnx_format, torch_format
from tests import tiny
from tests.building import answers, builder, catalog

TEXT, IMAGE = tiny.TASKS[1], tiny.TASKS[0]
METHODS = catalog().methods


def made(name, task=TEXT):
    return builder().artifact(METHODS[name], task)


def rewritten(source, path, change):
    """A copy of an ONNX artifact with a changed graph."""
    path.mkdir()
    model = onnx_format.read(source)
    change(model)
    torch_format.copy_description(source.path, path)
    onnx_format.write(model, path)
    return artifacts.describe(path, source.key, source.format, source.attributes, source.lineage)


def initializer(model, ending):
    return next(tensor for tensor in model.graph.initializer if tensor.name.endswith(ending))


def add(tensor, change):
    value = onnx.numpy_helper.to_array(tensor)
    tensor.CopyFrom(onnx.numpy_helper.from_array((value + change).astype(value.dtype), tensor.name))


def graph_of_one_norm(residual):
    """x -> LayerNorm -> two products (and their sum with the norm's output where a residual reads it)."""
    rng = np.random.default_rng(0)
    values = {
        "scale": np.array([1, 1, 50, 1], np.float32),
        "bias": np.zeros(4, np.float32),
        "a": rng.normal(size=(4, 4)).astype(np.float32),
        "b": rng.normal(size=(4, 4)).astype(np.float32),
    }
    nodes = [
        onnx.helper.make_node("LayerNormalization", ["x", "scale", "bias"], ["n"], "norm"),
        onnx.helper.make_node("MatMul", ["n", "a"], ["p"], "first"),
        onnx.helper.make_node("MatMul", ["n", "b"], ["q"], "second"),
        onnx.helper.make_node("Add", ["p", "q"], ["s"], "sum"),
        onnx.helper.make_node("Add", ["s", "n" if residual else "p"], ["y"], "last"),
    ]
    shape = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 4])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 3, 4])
    stored = [onnx.numpy_helper.from_array(value, name) for name, value in values.items()]
    graph = onnx.helper.make_graph(nodes, "one", [shape], [out], stored)
    return onnx.helper.make_model(graph, ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 18)])


def run(model, x):
    import onnxruntime

    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


@pytest.mark.parametrize("residual", [False, True])
def test_smoothing_moves_an_outlier_into_the_weights_and_changes_no_answer(residual):
    model = graph_of_one_norm(residual)
    x = np.random.default_rng(1).normal(size=(1, 3, 4)).astype(np.float32)
    before = run(model, x)
    (group,) = onnx_smoothing.find_groups(model)
    assert group.alone is not residual
    largest = onnx_smoothing.channel_maxima(model, ["n"], [{"x": x}], 1)["n"]
    scale = onnx_smoothing.smooth(model, group, largest, 0.5)
    weights = graph_of_one_norm(residual).graph.initializer[2:]
    heaviest = np.max([np.abs(onnx.numpy_helper.to_array(weight)).max(1) for weight in weights], axis=0)
    assert scale == pytest.approx(np.sqrt(largest / heaviest), rel=1e-5)  # equation 4 at alpha = 1/2
    assert onnx_smoothing.spread(largest / scale) < onnx_smoothing.spread(largest) / 2
    assert [node.op_type for node in model.graph.node].count("Mul") == int(residual)
    assert run(model, x) == pytest.approx(before, rel=1e-4, abs=1e-4)


def test_a_smoothed_graph_that_answers_something_else_goes_red(tmp_path):
    method = METHODS["onnx-int8-smoothquant"]
    source, artifact = made("onnx"), builder().artifact(replace(method, steps=method.steps[:2]), TEXT)
    evidence = smoothquant.check(source, artifact, {})
    assert evidence["products"] >= evidence["groups"] > 0
    wrong = rewritten(artifact, tmp_path / "wrong", lambda model: add(initializer(model, "classifier.bias"), 1))
    with pytest.raises(PostconditionFailed, match="differs"):
        smoothquant.check(source, wrong, {})
    untouched = artifacts.describe(source.path, artifact.key, "onnx", artifact.attributes, artifact.lineage)
    with pytest.raises(PostconditionFailed, match=r"0 weights were changed, \d+ products were to be smoothed"):
        smoothquant.check(source, untouched, {})


def test_a_graph_without_a_normalisation_before_a_product_is_refused_with_its_counts(tmp_path):
    with pytest.raises(Unsupported, match=r"and \d+ Conv nodes none reads one"):
        tiny.run_step(smoothquant.SMOOTH, made("onnx", IMAGE), tmp_path / "out", IMAGE)


def test_packed_matrices_answer_near_the_original_and_a_moved_scale_goes_red(tmp_path):
    artifact, step = made("onnx-int4-g32"), METHODS["onnx-int4-g32"].steps[-1]
    evidence = step.check(made("onnx"), artifact, step.params)
    assert evidence["op_counts"]["MatMulNBits"] == evidence["layers"] > 0
    assert evidence["steps_max"] < onnx_int4.MOST_STEPS
    expected, found = (answers(METHODS[name], made(name), TEXT) for name in ("onnx", "onnx-int4-g32"))
    assert np.corrcoef(expected.ravel(), found.ravel())[0, 1] > 0.95
    for name, change in (("moved", 1), ("nan", np.nan)):
        wrong = rewritten(artifact, tmp_path / name, lambda model, change=change: add(initializer(model, "_scales"), change))
        with pytest.raises(PostconditionFailed, match="steps from its original"):
            step.check(made("onnx"), wrong, step.params)
    with pytest.raises(PostconditionFailed, match="is packed in groups of 32, asked were 64"):
        step.check(made("onnx"), artifact, {**step.params, "group": 64})
    with pytest.raises(PostconditionFailed, match="no MatMulNBits node"):
        step.check(made("onnx"), made("onnx"), step.params)


@pytest.mark.parametrize("name", ["onnx-int8-smoothquant", "onnx-int4-g32"])
def test_methods_that_read_one_graph_are_not_offered_for_speech_and_say_why(name):
    assert "two" in METHODS[name].unsupported["speech-recognition"]


def test_four_bit_rounding_covers_convolutions_of_one_pixel_and_not_the_head():
    original = builder().original(IMAGE)
    module = torch_format.load_module(original)
    names = int4_layers.linear_layers(module, torch_format.read_state(original))
    kinds = {type(module.get_submodule(name)).__name__ for name in names}
    assert "Conv2d" in kinds
    assert list(module.named_modules())[-1][0] not in names
    assert all(
        module.get_submodule(name).kernel_size == (1, 1)
        for name in names
        if name and hasattr(module.get_submodule(name), "groups")
    )
