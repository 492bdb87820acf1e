"""Methods as text."""

import pytest

from fixtures.errors import UsageError
from fixtures.pipelines import combine, resolve, with_params
from tests.building import catalog

METHODS = catalog().methods


def test_a_registered_name_is_that_method():
    assert resolve("prune50+onnx-int8-static", METHODS) is METHODS["prune50+onnx-int8-static"]


def test_a_combination_has_the_steps_and_claims_of_all_its_parts():
    made = combine("prune80+cluster16+deflate", METHODS)
    assert made.name == "prune80+cluster16+deflate"
    assert [step.name for step in made.steps] == ["prune80", "cluster16", "deflate"]
    assert made.claims == {"weights": "codebook", "zeros": 0.8, "centroids": 16, "runtime_dtype": "float32"}
    assert made.formats == ["torch", "torch", "torch-clustered", "torch-deflated"]


def test_a_later_part_does_not_undo_a_claim_by_its_default():
    assert combine("fp16+prune20", METHODS).claims == {"weights": "float16", "zeros": 0.2, "runtime_dtype": "float16"}


def test_a_combination_runs_where_all_its_parts_run():
    made = combine("prune50+torch-int8-dynamic", METHODS)
    assert made.devices == ("cpu",)
    assert "cuda" in made.unsupported


def test_formats_that_do_not_chain_are_both_named():
    with pytest.raises(UsageError, match="onnx-int8-dynamic gives onnx, but prune50 takes torch"):
        combine("onnx-int8-dynamic+prune50", METHODS)


def test_a_part_without_steps_is_refused():
    with pytest.raises(UsageError, match="original has no step of its own"):
        combine("prune50+original", METHODS)


def test_an_unknown_part_is_named():
    with pytest.raises(UsageError, match="unknown method 'magic'; "):
        combine("prune50+magic", METHODS)


def test_parameters_take_the_type_of_their_default():
    made = resolve("onnx-int8-static@calibration=entropy,samples=16", METHODS)
    assert made.name == "onnx-int8-static@calibration=entropy,samples=16"
    assert made.steps[0] is METHODS["onnx"].steps[0]
    assert made.steps[1].params == {"calibration": "entropy", "samples": 16}
    assert METHODS["onnx-int8-static"].steps[1].params["calibration"] == "minmax"
    assert resolve("onnx-int8-dynamic@per_channel=false", METHODS).steps[1].params["per_channel"] is False


def test_a_claim_of_a_parameters_name_follows_it():
    assert resolve("prune50@zeros=0.3", METHODS).claims["zeros"] == 0.3
    assert resolve("cluster16@centroids=8", METHODS).claims["centroids"] == 8


def test_parameters_work_inside_a_combination():
    made = resolve("prune50@zeros=0.3+onnx-int8-static@samples=8", METHODS)
    assert made.steps[0].params == {"zeros": 0.3}
    assert made.steps[2].params["samples"] == 8
    assert made.claims["zeros"] == 0.3


def test_what_a_step_is_cannot_be_asked_for_as_a_parameter():
    method = METHODS["autoround-int4-g32"]
    with pytest.raises(UsageError, match=r"no parameter 'version'; its parameters are: samples=128, iterations=200, group=32$"):
        with_params(method, {"version": "0.13"})
    assert with_params(method, {"iterations": "50"}).steps[0].params["algorithm"] == "autoround"


def test_calibration_without_samples_is_refused():
    with pytest.raises(UsageError, match=r"gptq-int4-g32@samples=0: expected at least 1 calibration sample"):
        with_params(METHODS["gptq-int4-g32"], {"samples": "0"})


def test_an_unknown_parameter_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"no parameter 'magic'; its parameters are: opset=20, calibration=minmax, samples="):
        with_params(METHODS["onnx-int8-static"], {"magic": "1"})


@pytest.mark.parametrize("text", ["onnx-int8-static@samples=many", "onnx-int8-dynamic@per_channel=1", "prune50@zeros"])
def test_a_value_of_another_type_or_no_value_is_refused(text):
    with pytest.raises(UsageError, match="expected|not key=value"):
        resolve(text, METHODS)


@pytest.mark.parametrize(
    ("text", "counterpart"),
    [
        ("distil", "student"),
        ("distil@size=0.3", "student@size=0.3"),  # as small a student
        ("distil@logits=1,size=0.3", "student@size=0.3"),  # which has no teacher to weigh
        ("distil@size=0.3+onnx-int8-dynamic", "student@size=0.3+onnx-int8-dynamic"),
        ("prune50+wanda50", "prune50+magnitude-blocks50"),
        ("prune50@zeros=0.3", ""),
    ],
)
def test_what_a_row_is_compared_with_differs_from_it_by_one_idea_only(text, counterpart):
    assert resolve(text, METHODS).counterpart == counterpart
