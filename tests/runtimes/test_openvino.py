"""OpenVINO stores and computes in what it was asked for, and says so."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fixtures.errors import ArtifactCorrupted, BenchmarkError, PostconditionFailed, Unavailable
from fixtures.methods import openvino_export
from fixtures.models import openvino_format
from fixtures.probes import openvino_weights
from fixtures.runtimes import openvino_runtime
from tests import tiny
from tests.building import answers, builder, catalog, session

pytestmark = pytest.mark.slow
TEXT, IMAGE = "token-classification", "image-classification"
METHODS = catalog().methods


def made(name: str, task: str = TEXT):
    return builder().artifact(METHODS[name], task)


def test_an_openvino_worker_imports_neither_torch_nor_onnx():
    program = (
        "import sys; from pathlib import Path; from fixtures.artifact import open_artifact; from fixtures.runtimes import openvino_runtime;"
        "import numpy as np; s = openvino_runtime.open_session(open_artifact(Path(sys.argv[1])), 'cpu', 1);"
        "ids = np.ones((3, 16), np.int64); y = s.to_numpy(s.run(s.prepare({'input_ids': ids, 'attention_mask': ids})));"
        "print(y.shape, sorted({'torch', 'onnx', 'transformers', 'nncf'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", program, str(made("openvino").path)]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(3, 16, 5) []"


@pytest.mark.parametrize(
    ("name", "stored", "computed"), [("openvino", 4, "f32"), ("openvino-fp16", 2, "f32"), ("openvino-bf16", 2, "bf16")]
)
def test_weights_have_the_width_that_the_name_says_and_the_hint_is_read_back(name, stored, computed):
    artifact = made(name)
    matrices = session(METHODS["original"], builder().original(TEXT)).weights()["matrix_parameters"]
    size = (artifact.path / openvino_format.WEIGHTS).stat().st_size
    assert stored * matrices <= size < stored * matrices * 1.2
    facts = session(METHODS[name], artifact).facts()
    assert facts["precision_hint"] == computed
    assert facts["threads"] == 1
    assert facts["streams"] == 1
    assert facts["pinned_by_runtime"] is False


def test_bfloat16_weights_are_the_originals_rounded_as_torch_rounds_them():
    import torch

    data = np.concatenate([np.random.default_rng(0).standard_normal(4096), [0.0, -0.0, 1.00390625, 1.01171875, 3e38]]).astype(
        np.float32
    )
    ours = np.array(openvino_export.rounded(data, "bfloat16").data, copy=True).view(np.uint16)
    theirs = torch.from_numpy(data).to(torch.bfloat16).view(torch.uint16).numpy()
    assert (ours == theirs).all()


def test_a_silent_fp16_save_is_refused_m22(tmp_path):
    """What OpenVINO's own save_model does unless told otherwise."""
    import openvino

    def saved_by_default(context):
        openvino_export.build(context)
        openvino.save_model(openvino_format.read_files(context.output), tmp_path / "half.xml")
        for suffix in ("xml", "bin"):
            (tmp_path / f"half.{suffix}").replace(context.output / f"model.{suffix}")
        return {"inference_precision": "f32"}

    wrong = replace(METHODS["openvino"].steps[1], build=saved_by_default)
    with pytest.raises(PostconditionFailed, match=r"stored as float32, asked were all of them.*M22"):
        tiny.run_step(wrong, made("onnx"), tmp_path / "wrong", TEXT)


def test_another_precision_than_asked_is_refused_m22():
    with pytest.raises(BenchmarkError, match=r"asked OpenVINO to compute in f32, its compiled model says bf16 \(M22\)"):
        openvino_runtime.require_precision("bf16", "f32")


def test_a_cpu_without_the_arithmetic_is_unavailable(monkeypatch):
    monkeypatch.setitem(openvino_runtime.CAPABILITIES, "bf16", "BF16 of another CPU")
    with pytest.raises(Unavailable, match="not in BF16 of another CPU"):
        openvino_runtime.require_capability("bf16")


def test_cuda_is_unavailable():
    with pytest.raises(Unavailable, match="not on cuda"):
        openvino_runtime.open_session(made("openvino"), "cuda", 1)


def test_a_truncated_model_is_reported_by_name(tmp_path):
    (tmp_path / openvino_format.MODEL).write_bytes((made("openvino").path / openvino_format.MODEL).read_bytes()[:2000])
    with pytest.raises(ArtifactCorrupted, match="not a readable OpenVINO model"):
        openvino_runtime.open_session(replace(made("openvino"), path=tmp_path), "cpu", 1)


def test_any_batch_size_runs_and_answers_do_not_share_memory():
    opened = session(METHODS["openvino"], made("openvino"))
    first = opened.to_numpy(opened.run(opened.prepare(tiny.inputs(TEXT, 3, 0))))
    kept = first.copy()
    opened.run(opened.prepare(tiny.inputs(TEXT, 3, 1)))
    assert (first == kept).all()
    assert opened.run(opened.prepare(tiny.inputs(TEXT, 1, 0))).shape == (1, tiny.TOKENS, 5)


@pytest.mark.parametrize("task", tiny.TASKS)
def test_int8_runs_integer_kernels_and_stays_near_the_original(task):
    artifact = made("openvino-int8", task)
    facts = session(METHODS["openvino-int8"], artifact).facts()
    assert facts["dtype"] == "int8"
    assert facts["integer_products"] > 0.5 * sum(facts["products_by_dtype"].values())
    expected = answers(METHODS["original"], builder().original(task), task)
    found = answers(METHODS["openvino-int8"], artifact, task)
    assert np.sqrt(np.square(found - expected).mean() / np.square(expected - expected.mean()).mean()) < 0.3


def test_linear_attention_is_left_float():
    counts = openvino_format.op_counts(openvino_format.read(made("openvino", IMAGE)))
    quantized = openvino_format.read(made("openvino-int8", IMAGE))
    divided = [node for node in quantized.get_ops() if node.get_type_name() == "Divide"]
    assert counts["Divide"] == len(divided) > 0
    assert all(node.input_value(0).get_node().get_type_name() != "FakeQuantize" for node in divided)


def test_a_quantization_that_did_nothing_is_refused_m23(tmp_path):
    def copied(context):
        openvino_export.torch_format.copy_description(context.source.path, context.output)
        openvino_format.write(openvino_format.read(context.source), context.output)
        return {}

    wrong = replace(METHODS["openvino-int8"].steps[-1], build=copied)
    with pytest.raises(PostconditionFailed, match="no FakeQuantize node: nothing was quantized"):
        tiny.run_step(wrong, made("openvino"), tmp_path / "wrong", TEXT)


def test_constants_that_only_broadcast_are_no_matrices():
    from openvino import Model, opset13

    data = opset13.parameter([1, 4, 2, 2], np.float32)
    bias = opset13.constant(np.arange(4, dtype=np.float32).reshape(1, 4, 1, 1))
    report = openvino_weights.describe(Model([opset13.add(data, bias)], [data], "one bias"))
    assert report["parameters"] == 4
    assert report["matrix_parameters"] == 0


def test_packed_weights_are_counted_once_and_half_bytes_are_read_in_their_order():
    """Two rows of four 4-bit levels, their scales and their zero points: eight parameters, no more."""
    from openvino import Model, Type, opset13

    levels = np.array([[1, 2, 3, 4], [15, 6, 7, 0]], np.uint8)
    packed = opset13.constant(levels, Type.u4, name="weight")
    zero = opset13.convert(opset13.constant(np.array([[8], [7]], np.uint8), Type.u4, name="zero"), "f32")
    scale = opset13.constant(np.array([[0.5], [0.25]], np.float32), name="scale")
    widened = opset13.multiply(opset13.subtract(opset13.convert(packed, "f32"), zero), scale)
    data = opset13.parameter([1, 4], np.float32)
    report = openvino_weights.describe(Model([opset13.matmul(data, widened, False, True)], [data], "packed"))
    assert report["parameters_by_dtype"] == {"uint4": 8}
    assert openvino_weights.values_of(packed, "uint4").tolist() == levels.tolist()


def test_products_with_packed_weights_are_integers_only_where_activations_are_rounded_too():
    named = {"uint4": 5, "int8": 2, "float32": 3}  # the last: products of two activations
    assert openvino_runtime.multiplied(named, 32, "f32") == {"int8": 7, "float32": 3}
    assert openvino_runtime.multiplied(named, 0, "f32") == {"float32": 10}
    assert openvino_runtime.multiplied({"uint8": 4}, 0, "bf16") == {"bfloat16": 4}
