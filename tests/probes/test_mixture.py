"""A mixed method states its share of integer products, and the audit refuses a session with another one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fixtures.artifact import Artifact
from fixtures.errors import PostconditionFailed
from fixtures.probes import mixture, openvino_products
from fixtures.probes.audit import audit
from tests.building import builder, catalog, session

TEXT = "token-classification"
METHODS = catalog().methods
CLAIMS = {"weights": "int8", "runtime_dtype": "mixed"}
STATED = {"int8": 82, "bfloat16": 95}


def artifact(products: dict[str, int]) -> Artifact:
    made = builder().original(TEXT)
    return replace(made, lineage=({"step": "original"}, {"step": "mixed", "evidence": {"products": products}}))


def said(found: dict[str, int], stated: dict[str, int] = STATED) -> str | None:
    return mixture.wrong_mixture(CLAIMS, artifact(stated), {"products_by_dtype": found})


def test_a_minority_of_integer_products_is_what_the_name_says_when_the_step_stated_it():
    assert said({"uint8": 80, "int8": 2, "bfloat16": 95}) is None
    assert said({"uint8": 81, "bfloat16": 95}) is None  # one fused away: .460 against .463 of all


def test_another_share_of_integer_products_than_stated_is_refused():
    sentence = said({"uint8": 60, "bfloat16": 117})
    assert sentence == (
        "117 bfloat16 and 60 int8 products run, its step stated 95 bfloat16 and 82 int8: another share than its own is in int8 (M22)"
    )
    assert "another share" in str(said({"uint8": 100, "bfloat16": 77}))  # layers that were to stay float and did not


def test_a_third_precision_none_in_int8_and_a_silent_step_are_refused():
    assert "3 products run in float32" in str(said({"uint8": 82, "bfloat16": 92, "float32": 3}))
    assert "none of its products runs in int8: 177 bfloat16 (M23)" in str(said({"bfloat16": 177}))
    assert "its step states no products" in str(said({"uint8": 82, "bfloat16": 95}, {}))
    assert "the session counts no products" in str(said({}))


def test_a_method_of_one_precision_owes_no_mixture():
    assert mixture.wrong_mixture({"runtime_dtype": "int8"}, artifact(STATED), {"products_by_dtype": {"float32": 9}}) is None


@pytest.mark.slow
def test_a_product_is_integer_when_both_of_its_inputs_are_on_levels():
    """Packed weight with quantized input behind a transpose; packed weight with a float input; quantized input with a float weight."""
    from openvino import Model, Type, opset13

    data = opset13.parameter([4, 4], np.float32)
    levels = opset13.fake_quantize(data, 0.0, 1.0, 0.0, 1.0, 256)
    packed = opset13.multiply(opset13.convert(opset13.constant(np.eye(4, dtype=np.int8), Type.i8), "f32"), np.float32(0.5))
    plain = opset13.constant(np.eye(4, dtype=np.float32))
    products = [
        opset13.matmul(opset13.transpose(levels, [1, 0]), packed, False, True),
        opset13.matmul(data, packed, False, True),
        opset13.matmul(levels, plain, False, True),
    ]
    assert openvino_products.count("bfloat16", Model(products, [data], "three")) == {"int8": 1, "bfloat16": 2}


@pytest.mark.slow
def test_the_share_that_a_mixed_graph_states_is_the_one_that_its_session_runs_and_the_audit_finds_another():
    method = METHODS["openvino-int8-mixed"]
    made = builder().artifact(method, TEXT)
    opened = session(method, made)
    facts, weights = opened.facts(), opened.weights()
    stated = made.lineage[-1]["evidence"]["products"]
    assert mixture.unsigned(facts["products_by_dtype"]) == {dtype: count for dtype, count in stated.items() if count}
    assert audit(method, made, facts, weights, "cpu", 1)["products_by_dtype"] == facts["products_by_dtype"]
    fallen_back = {**facts, "products_by_dtype": {"uint8": 1, "bfloat16": sum(stated.values()) - 1}}
    with pytest.raises(
        PostconditionFailed, match=r"openvino-int8-mixed on cpu: .* another share than its own is in int8 \(M22\)"
    ):
        audit(method, made, fallen_back, weights, "cpu", 1)
