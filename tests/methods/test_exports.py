"""Exports answer as the original does, and what they are made of is what their name says."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest

from fixtures.artifact import Artifact
from fixtures.cases import Case
from fixtures.errors import ArtifactCorrupted, PostconditionFailed, Unavailable, Unsupported, UsageError
from fixtures.methods import (
    aotinductor,
    onnx_fused,
    onnx_levels,
    openvino_int8,
    openvino_sensitivity,
    rounded_answers,
    same_answers,
    same_distributions,
)
from fixtures.methods.openvino_sensitivity import LayerCost
from fixtures.metrics import agreement
from fixtures.models import onnx_format, openvino_format
from fixtures.runtimes import aotinductor_runtime, torchscript_runtime
from fixtures.runtimes.onnx_runtime import INTEGER_PRODUCTS
from tests import tiny
from tests.building import builder, catalog, session

TEXT, IMAGE = "token-classification", "image-classification"
METHODS = catalog().methods


def made(name: str, task: str = TEXT):
    return builder().artifact(METHODS[name], task)


# --- the same answers


@pytest.mark.parametrize(
    ("found", "message"),
    [([[1.0, 2.001]], r"differs from the original by up to 0\.001"), ([[1.0, np.nan]], "differs"), ([[1.0]], "answers")],
)
def test_an_export_beyond_tolerance_is_refused_with_its_numbers(found, message):
    expected = np.array([[1.0, 2.0]], np.float32)
    with pytest.raises(PostconditionFailed, match=message):
        same_answers.compare(expected, np.array(found, np.float32), 1e-4)
    assert same_answers.compare(expected, expected + np.float32(1e-4), 1e-4)["tolerance"] == 1e-4


def test_rounded_weights_are_held_to_their_noise_however_many_logits_there_are():
    random = np.random.default_rng(0)
    expected = random.standard_normal((30, 1000)).astype(np.float32)
    noisy = expected + np.float32(0.04) * random.standard_normal(expected.shape).astype(np.float32)
    assert np.abs(noisy - expected).max() > 0.15  # some logit is beyond any tolerance that a wrong export would not pass as well
    assert rounded_answers.compare(expected, noisy, "bfloat16", "it")["relative_difference"] == pytest.approx(0.04, rel=0.05)
    for dtype, found in (("float16", noisy), ("bfloat16", expected[::-1]), ("bfloat16", expected * np.nan), ("float32", noisy)):
        with pytest.raises(PostconditionFailed, match="differs from the original by"):
            rounded_answers.compare(expected, found, dtype, "it")


def scored(error: float, tmp_path) -> dict:
    """What scoring says of logits that are wrong by `error` in one place of the test split."""
    reference = np.random.default_rng(0).standard_normal((300, 4)).astype(np.float32)
    outputs = reference.copy()
    outputs[7, 2] += error * (1 + abs(reference[7, 2]))
    np.save(tmp_path / "groups.npy", np.arange(300))
    return agreement.evaluate(outputs, reference, tmp_path)["measurements"]


def test_one_wrong_test_sample_of_an_fp32_export_fails_its_row(tmp_path):
    with pytest.raises(PostconditionFailed, match=r"onnx is an fp32 export.*0\.002.*0\.0001 is allowed"):
        same_answers.hold_row(METHODS["onnx"], scored(2e-3, tmp_path))
    same_answers.hold_row(METHODS["onnx"], scored(5e-5, tmp_path))
    for free in ("bf16", "onnx-int8-dynamic", "openvino-fp16"):
        same_answers.hold_row(METHODS[free], scored(2e-3, tmp_path))


@pytest.mark.parametrize("name", ["onnx", "onnx-level0", "onnx-fused", "openvino", "torchscript", "onnx-tensorrt"])
def test_every_fp32_export_is_held_to_it(name, tmp_path):
    with pytest.raises(PostconditionFailed, match="is an fp32 export"):
        same_answers.hold_row(METHODS[name], scored(2e-4, tmp_path))


@pytest.mark.parametrize("name", ["onnx-cached", "openvino-cached", "optimum-onnx", "optimum-openvino"])
def test_an_fp32_export_whose_logits_are_not_kept_is_held_to_its_distributions(name):
    same_distributions.hold_row(METHODS[name], {"kl_divergence": {"value": 2e-12}})
    for found in (1e-5, float("nan")):
        with pytest.raises(PostconditionFailed, match=r"nats of mean KL divergence, 5e-06 is allowed"):
            same_distributions.hold_row(METHODS[name], {"kl_divergence": {"value": found}})
    same_distributions.hold_row(METHODS["onnx-cached-int8-dynamic"], {"kl_divergence": {"value": 1e-2}})


# --- ONNX Runtime's levels


@pytest.mark.slow
def test_level_2_fuses_and_level_0_runs_the_graph_as_written():
    written = onnx_format.op_counts(onnx_format.read(made("onnx")))
    counts = {level: made(f"onnx-level{level}").lineage[-1]["evidence"]["op_counts"] for level in (0, 2)}
    assert counts[0] == written
    assert counts[2]["BiasGelu"] == tiny.BERT["num_hidden_layers"]


@pytest.mark.slow
def test_a_session_says_the_level_that_it_was_opened_with():
    assert session(METHODS["onnx-level0"], made("onnx-level0")).facts()["optimization_level"] == 0
    assert session(METHODS["onnx"], made("onnx")).facts()["optimization_level"] == 99


@pytest.mark.slow
def test_a_level_that_changes_nothing_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_levels, "at_level", lambda model, level: {"MatMul": 10**6})
    with pytest.raises(Unsupported, match="level 1 runs the 1000000 nodes of level 0"):
        tiny.run_step(METHODS["onnx-level1"].steps[1], made("onnx"), tmp_path / "a", TEXT)
    monkeypatch.setattr(onnx_levels, "at_level", lambda model, level: {"MatMul": 1})
    with pytest.raises(PostconditionFailed, match="level 0 runs 1 nodes of 122: it was optimised"):
        tiny.run_step(METHODS["onnx-level0"].steps[1], made("onnx"), tmp_path / "b", TEXT)


@pytest.mark.slow
def test_a_level_that_does_not_exist_lists_those_that_do(tmp_path):
    step = replace(METHODS["onnx-level0"].steps[1], params={"level": 7})
    with pytest.raises(UsageError, match="ONNX Runtime has 0, 1, 2, 99"):
        tiny.run_step(step, made("onnx"), tmp_path / "c", TEXT)


# --- what int8 must not touch in a linear attention


@pytest.mark.slow
def test_what_carries_queries_keys_and_values_to_a_linear_attention_stays_float():
    """Its grouped convolutions stand between the dense convolution that makes all three and the products that read them."""
    model = openvino_format.read(made("openvino-int8", IMAGE))
    carriers = openvino_int8.carriers(openvino_int8.products_of_activations(model))
    assert len(carriers) == 4  # a depthwise one and one of a pixel, for each of the two attentions of the tiny network
    assert {layer.get_type_name() for layer in carriers} == {"GroupConvolution"}
    assert not [layer for layer in carriers if layer.input_value(0).get_node().get_type_name() == "FakeQuantize"]


# --- fusions


@pytest.mark.slow
def test_fusions_find_the_gelu_and_both_normalisations_of_every_layer():
    fused = made("onnx-fused").lineage[-1]["evidence"]["fused"]
    layers = tiny.BERT["num_hidden_layers"]
    assert (fused["BiasGelu"], fused["SkipLayerNormalization"]) == (layers, 2 * layers)


def eager():
    step = METHODS["onnx-fused"].steps[0]
    return builder().artifact(replace(METHODS["onnx-fused"], name="onnx-eager", steps=(step,)), TEXT)


@pytest.mark.slow
def test_a_fusion_that_found_nothing_is_refused():
    with pytest.raises(PostconditionFailed, match="no fusion was found"):
        onnx_fused.check(eager(), eager(), {})


@pytest.mark.slow
def test_a_convolutional_network_has_no_attention_to_write_out(tmp_path):
    with pytest.raises(Unsupported, match="is not of transformers"):
        tiny.run_step(METHODS["onnx-fused"].steps[0], builder().original(IMAGE), tmp_path / "d", IMAGE)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dynamic", "static"])
def test_int8_after_the_fusions_leaves_no_product_with_stored_weights_in_floats(kind):
    """A tensor without a type stays float, and the runtime then multiplies int8 weights by floats (MatMulNBits)."""
    fused, plain = (
        session(METHODS[name], made(name)).facts()["op_counts"] for name in (f"onnx-fused-int8-{kind}", f"onnx-int8-{kind}")
    )
    integer = {
        name: sum(count for operator, count in counts.items() if operator.startswith(INTEGER_PRODUCTS))
        for name, counts in (("fused", fused), ("plain", plain))
    }
    assert integer["fused"] == integer["plain"] > 0
    assert "MatMulNBits" not in fused
    assert fused["BiasGelu"] == tiny.BERT["num_hidden_layers"]


# --- packages of PyTorch


@pytest.mark.slow
def test_a_script_needs_neither_transformers_nor_timm():
    import subprocess
    import sys
    from pathlib import Path

    program = (
        "import sys; from pathlib import Path; from fixtures.artifact import open_artifact;"
        "from fixtures.runtimes import torchscript_runtime;"
        "import numpy as np; s = torchscript_runtime.open_session(open_artifact(Path(sys.argv[1])), 'cpu', 1);"
        "x = np.ones((3, 3, 32, 32), np.float32); y = s.to_numpy(s.run(s.prepare({'pixel_values': x})));"
        "print(y.shape, sorted({'timm', 'transformers', 'torch._inductor'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", program, str(made("torchscript", IMAGE).path)]
    ran = subprocess.run(command, cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "(3, 6) []"


@pytest.mark.slow
def test_a_script_that_was_not_frozen_is_refused(tmp_path):
    import torch

    artifact = made("torchscript")
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)), tmp_path / "model.pt")
    from fixtures.methods import torchscript

    with pytest.raises(PostconditionFailed, match="2 parameters, such as weight, are not constants"):
        torchscript.check(artifact, replace(artifact, path=tmp_path), {})


def test_a_file_that_is_no_script_is_reported_by_name(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(ArtifactCorrupted, match="model.pt: not a loadable"):
        torchscript_runtime.load_script(tmp_path / "model.pt", "cpu")


# --- which layers stay float


def test_the_layers_with_most_error_per_work_stay_float_until_the_noise_is_within_bounds():
    costs = [LayerCost("cheap", 0.02, 1.0), LayerCost("dear", 0.04, 10.0), LayerCost("calm", 0.001, 1.0)]
    assert openvino_sensitivity.left_float(costs, 1.0) == []
    assert openvino_sensitivity.left_float(costs, 0.05) == ["cheap"]
    assert openvino_sensitivity.left_float(costs, 0.001) == ["cheap", "dear"]


@pytest.mark.slow
@pytest.mark.parametrize("task", tiny.TASKS)
def test_a_layers_error_is_what_rounding_it_alone_does(task):
    model = openvino_format.read(made("openvino", task))
    samples = list(tiny.calibration(task)(4))
    costs = openvino_sensitivity.layer_costs(model, samples, 1)
    assert [cost.name for cost in costs] == [layer.get_friendly_name() for layer in openvino_sensitivity.layers(model)]
    assert all(cost.work > 0 for cost in costs)
    # Costs are shares of the variance between samples, tiny in a random network. Of the logits' power rounding to 256 levels is 1e-4:
    # a weight rounded along the wrong axis, or a layer rebuilt with other strides, is far above.
    logits = openvino_format.answers(
        model, {name: np.concatenate([sample[name] for sample in samples]) for name in samples[0]}, 1
    )
    logits = logits.astype(np.float64)
    power = np.square(logits - logits.mean(axis=0)).sum() / np.square(logits).sum()
    assert all(0 < cost.error * power < 0.02 for cost in costs)


def test_a_case_of_the_gpu_methods_says_why_it_does_not_run_on_a_cpu():
    from fixtures import registry

    model = registry.load().models["entities-bert"]
    for name in ("tensorrt-fp16", "tensorrt-int8", "onnx-tensorrt", "onnx-tensorrt-fp16"):
        with pytest.raises(Unsupported, match="TensorRT is a library for NVIDIA GPUs"):
            Case(model, METHODS[name], "cpu").check_supported()


def test_without_a_compiler_the_row_says_what_to_install(monkeypatch):
    monkeypatch.setattr(aotinductor.shutil, "which", lambda name: None)
    with pytest.raises(Unavailable, match=r"needs a C\+\+ compiler and finds none of c\+\+, g\+\+, clang\+\+"):
        aotinductor.require_compiler()


def test_a_package_without_a_compiled_library_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / aotinductor.MODEL, "w") as archive:
        archive.writestr("model/data/weights.txt", "nothing compiled")
    empty = Artifact(tmp_path, "", "aotinductor", ())
    with pytest.raises(PostconditionFailed, match="holds 0 shared libraries"):
        aotinductor.check(empty, empty, {})
    (tmp_path / aotinductor.MODEL).write_bytes(b"no zip")
    with pytest.raises(ArtifactCorrupted, match="not a loadable package"):
        aotinductor_runtime.load_compiled(tmp_path / aotinductor.MODEL)
