"""Mixed precision in ONNX Runtime: which layers stay float, and that they are the ones that matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fixtures.errors import PostconditionFailed, UsageError
from fixtures.methods import onnx_int8_mixed
from tests import tiny
from tests.building import answers, builder, catalog

METHODS = catalog().methods
MIXED = METHODS["onnx-int8-mixed"].steps[-1]


def noise(name: str, task: str) -> float:
    """What a method adds to the logits of the tiny model, of their variance."""
    original = answers(METHODS["original"], builder().original(task), task)
    return onnx_int8_mixed.relative_error(answers(METHODS[name], builder().artifact(METHODS[name], task), task), original)


def test_the_error_of_a_layer_is_a_share_of_the_variance_of_the_logits():
    expected = np.array([[[1.0, 3.0]], [[-1.0, 3.0]]], np.float32)  # two samples around (0, 3): their squares sum to 2
    found = expected + np.float32([[[0.1, 0.0]], [[0.0, 0.0]]])
    assert onnx_int8_mixed.relative_error(found, expected) == pytest.approx(0.01 / 2, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("task", tiny.TASKS)
def test_the_layers_that_stay_float_are_those_that_disturb_most_alone(task):
    made = builder().artifact(METHODS["onnx-int8-mixed"], task)
    evidence = made.lineage[-1]["evidence"]
    ranked = list(evidence["sensitivities"].items())
    assert set(evidence["kept_float"]) == {name for name, _ in ranked[: MIXED.params["kept"]]}
    assert ranked[0][1] > 0  # a network of convolutions is disturbed as well
    assert evidence["judged_on"] == "validation"
    assert noise("onnx-int8-mixed", task) < noise("onnx-int8-static", task)


@pytest.mark.slow
def test_a_layer_of_another_precision_than_was_chosen_is_found():
    made = builder().artifact(METHODS["onnx-int8-mixed"], "token-classification")
    kept, errors = made.attributes["kept_float"], made.attributes["sensitivities"]
    other = next(name for name in errors if name not in kept)
    swapped = {**made.attributes, "kept_float": [*kept[1:], other], "sensitivities": dict.fromkeys(errors, 1.0)}
    with pytest.raises(PostconditionFailed, match="2 layers have the other precision"):
        onnx_int8_mixed.check(made, replace(made, attributes=swapped), MIXED.params)
    with pytest.raises(PostconditionFailed, match=r"stayed float, asked were the 4 most sensitive"):
        onnx_int8_mixed.check(made, replace(made, attributes={**made.attributes, "kept_float": [*kept[1:], other]}), MIXED.params)


@pytest.mark.slow
def test_all_layers_cannot_stay_float(tmp_path):
    onnx = builder().artifact(METHODS["onnx"], "token-classification")
    with pytest.raises(UsageError, match=r"kept=99: this graph has \d+ layers"):
        tiny.run_step(replace(MIXED, params={**MIXED.params, "kept": 99}), onnx, tmp_path / "a", "token-classification")
