"""A library's crash fails its row and says what it was; only a deliberate no of the library makes the row "not applicable"."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch._subclasses.fake_tensor import UnsupportedOperatorException

from fixtures.errors import BenchmarkError, Unavailable, Unsupported
from fixtures.methods import (
    executorch_export,
    executorch_int8,
    gptq,
    litert_export,
    litert_int8,
    optimum_onnx,
    optimum_openvino,
)
from fixtures.models import library_layers, optimum_models, pte_format, tflite_format
from fixtures.refusals import TORCH_EXPORT, Refusal, named, told_from_crashes
from fixtures.registry import BuildContext
from fixtures.worker.protocol import error_to_message
from tests import tiny
from tests.building import builder

TEXT, TAGS = "language-modelling", "token-classification"


def raising(error):
    def call(*arguments, **named):
        raise error

    return call


def context(tmp_path, task=TAGS, **params):
    (tmp_path / "output").mkdir()
    return BuildContext(builder().original(task), tmp_path / "output", params, 0, 1, task, tiny.calibration(task))


def executorch(monkeypatch, tmp_path, error):
    library = SimpleNamespace(to_edge_transform_and_lower=raising(error), XnnpackPartitioner=SimpleNamespace)
    monkeypatch.setattr(pte_format, "require", lambda package: library)
    executorch_export.lower(context(tmp_path), lambda: None)


def executorch_quantized(monkeypatch, tmp_path, error):
    quantizer = SimpleNamespace(set_operator_type=lambda operator, config: None)
    library = SimpleNamespace(XNNPACKQuantizer=lambda: quantizer, get_symmetric_quantization_config=lambda is_per_channel: None)
    monkeypatch.setattr(pte_format, "require", lambda package: library)
    monkeypatch.setattr(torch.export, "export", raising(error))
    executorch_int8.build(context(tmp_path, samples=1))


def litert(monkeypatch, tmp_path, error):
    monkeypatch.setattr(tflite_format, "require", lambda package: SimpleNamespace(convert=raising(error)))
    litert_export.build(context(tmp_path))


def litert_quantized(monkeypatch, tmp_path, error):
    quantizer = SimpleNamespace(need_calibration=False, quantize=raising(error))
    monkeypatch.setattr(tflite_format, "require", lambda package: SimpleNamespace(Quantizer=lambda path, recipe: quantizer))
    given = context(tmp_path)
    litert_int8.quantize(replace(given, source=replace(given.source, attributes={"inputs": []})), [])


def gptqmodel(monkeypatch, tmp_path, error):
    library = SimpleNamespace(GPTQModel=SimpleNamespace(load=raising(error)), QuantizeConfig=dict)
    monkeypatch.setitem(sys.modules, "gptqmodel", library)
    monkeypatch.chdir(tmp_path)  # it changes to its scratch folder
    gptq.run_library(context(tmp_path, TEXT, samples=1, group=32), tmp_path, [], gptq.settings)


def optimum_to_onnx(monkeypatch, tmp_path, error):
    monkeypatch.setattr(optimum_models, "class_of", lambda folder, environment: SimpleNamespace(from_pretrained=raising(error)))
    optimum_onnx.build(context(tmp_path))


def optimum_to_openvino(monkeypatch, tmp_path, error):
    monkeypatch.setattr(optimum_models, "class_of", lambda folder, environment: SimpleNamespace(from_pretrained=raising(error)))
    optimum_openvino.export(context(tmp_path), tmp_path, {})


def layers(monkeypatch, tmp_path, error):
    library = SimpleNamespace(distribution="quanto", quantize=raising(error))
    monkeypatch.setattr(library_layers.torch_format, "resolve", lambda name: library)
    library_layers.build(context(tmp_path, TEXT), "a:library")


PLACES = [
    executorch, executorch_quantized, litert, litert_quantized, gptqmodel, optimum_to_onnx, optimum_to_openvino, layers,
]  # fmt: skip


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, TypeError, KeyError, AssertionError, NotImplementedError])
@pytest.mark.parametrize("place", PLACES)
def test_a_crash_of_a_library_fails_its_row_with_class_words_and_cause(monkeypatch, tmp_path, place, kind):
    planted = kind("index 7 is out of range")
    with pytest.raises(BenchmarkError, match=f"{kind.__name__}: .*index 7 is out of range") as found:
        place(monkeypatch, tmp_path, planted)
    assert type(found.value) is BenchmarkError  # Unsupported would be a green row
    assert found.value.__cause__ is planted


SPEC = torch._export.verifier.SpecViolationError("[my::operator] is not Core ATen operator")
NO_SHAPE = UnsupportedOperatorException(torch.ops.aten.nonzero.default)
REFUSED = [
    (executorch, SPEC, "is not Core ATen operator"),
    (executorch, RuntimeError("Missing out variants: {'my::operator'}"), "Missing out variants"),
    (executorch, RuntimeError("For x, call_function:foo is not supported in XNNPACK Delegate"), "foo is not supported"),
    (executorch, RuntimeError("0 in strides is not supported for ExecuTorch."), "0 in strides"),
    (executorch_quantized, NO_SHAPE, "nonzero"),
    (litert, NO_SHAPE, "nonzero"),
    (litert, RuntimeError("Lowering not found: my.operator"), "my.operator"),
    (litert_quantized, ValueError("Unsupported operation CUSTOM for Algorithm: min_max."), "CUSTOM"),
    (layers, library_layers.WrongShape("30 inputs are not divided"), "quanto cannot quantize model.layers.0.*30 inputs"),
]


@pytest.mark.parametrize(("place", "error", "says"), REFUSED)
def test_what_a_library_refuses_on_purpose_is_not_applicable_in_its_own_words(monkeypatch, tmp_path, place, error, says):
    with pytest.raises(Unsupported, match=says) as found:
        place(monkeypatch, tmp_path, error)
    assert found.value.__cause__ is error


def told(error):
    with told_from_crashes("asked", *TORCH_EXPORT):
        raise error


def test_a_refusal_is_found_where_a_pass_wrapped_it():
    wrapped = RuntimeError("While executing node 7")
    wrapped.__cause__ = NO_SHAPE
    with pytest.raises(Unsupported, match="asked: .*nonzero"):
        told(wrapped)


def test_what_was_raised_beside_a_refusal_and_not_from_it_is_a_crash():
    beside = RuntimeError("out of memory")
    beside.__context__ = NO_SHAPE
    with pytest.raises(BenchmarkError, match="RuntimeError: out of memory .while handling UnsupportedOperatorException") as found:
        told(beside)
    assert type(found.value) is BenchmarkError


def test_our_own_errors_keep_their_kind():
    with pytest.raises(Unavailable, match="^no network$"):
        told(Unavailable("no network"))


def test_a_crash_shows_what_it_was_raised_from_first():
    outer, inner = ImportError("Could not import PreTrainedModel"), RuntimeError("operator nms does not exist")
    outer.__cause__ = inner
    assert named(outer) == "ImportError: Could not import PreTrainedModel (from RuntimeError: operator nms does not exist)"
    assert named(EOFError()) == "EOFError"  # never another error for want of words
    beside = ValueError("no such kernel")
    beside.__context__ = inner
    assert named(beside) == "ValueError: no such kernel (while handling RuntimeError: operator nms does not exist)"
    beside.__suppress_context__ = True  # `raise ... from None`
    assert named(beside) == "ValueError: no such kernel"
    reply = error_to_message(outer)
    assert reply["message"] == named(outer)
    assert "operator nms does not exist" in reply["trace"]


def test_a_class_that_bugs_raise_is_no_refusal_without_a_sentence():
    with pytest.raises(ValueError, match="give the sentence"):
        Refusal("builtins.RuntimeError")


TYPES = {"llama": ("text-generation",), "bert": ("fill-mask",)}


class Table:
    """Optimum's TasksManager for two types of models."""

    @staticmethod
    def get_supported_tasks_for_model_type(kind, exporter, library_name):
        if kind not in TYPES:
            raise KeyError(f"{kind} is not supported yet for transformers. Only {list(TYPES)} are supported")
        return TYPES[kind]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("gpt9", "no configuration for models of type gpt9"),
        ("bert", "no text-generation for models of type bert; it has fill-mask"),
    ],
)
def test_a_type_that_optimum_does_not_export_is_refused_before_it_is_asked(tmp_path, kind, says):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind}))
    with pytest.raises(Unsupported, match=says):
        optimum_models.require_exportable(tmp_path, "onnx", "text-generation", Table)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    optimum_models.require_exportable(tmp_path, "onnx", "text-generation", Table)
