"""A Gemm with a stored matrix is a product and a sum: the same answers, and the quantizer of products finds it."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from fixtures.methods.onnx_gemm import as_products

INPUTS, HIDDEN, OUTPUTS = 8, 16, 4


def network(shared=False, **given):
    """x -> Gemm with the matrix the other way round and a bias -> Gemm with neither."""
    generator = np.random.default_rng(0)
    stored = {"turned": (HIDDEN, INPUTS), "bias": (HIDDEN,), "plain": (HIDDEN, OUTPUTS)}
    constants = [
        numpy_helper.from_array(generator.standard_normal(shape).astype(np.float32), name) for name, shape in stored.items()
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "turned", "bias"], ["hidden"], "first", transB=1, **given),
        helper.make_node("Gemm", ["hidden", "plain"], ["y"], "second"),
    ]
    outputs = [("y", (None, OUTPUTS))]
    if shared:
        nodes.append(helper.make_node("Gather", ["turned", "row"], ["z"], "tied"))
        constants.append(numpy_helper.from_array(np.array([1], np.int64), "row"))
        outputs.append(("z", (1, INPUTS)))
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (None, INPUTS))], described, constants
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def answers(model):
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.random.default_rng(1).standard_normal((3, INPUTS)).astype(np.float32)})


def test_both_orientations_answer_as_before_and_are_products():
    expected = answers(network())[0]
    changed = as_products(network())
    assert [node.op_type for node in changed.graph.node] == ["MatMul", "Add", "MatMul"]
    assert np.allclose(answers(changed)[0], expected, atol=1e-5)


@pytest.mark.parametrize("other", [{"shared": True}, {"alpha": 0.5}])
def test_a_matrix_that_is_read_elsewhere_and_a_scaled_product_stay(other):
    changed = as_products(network(**other))
    assert changed.graph.node[0].op_type == "Gemm"
    assert all(
        np.allclose(ours, theirs, atol=1e-5) for ours, theirs in zip(answers(changed), answers(network(**other)), strict=True)
    )
