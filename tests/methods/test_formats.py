"""What the storing methods write, read back from the files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.errors import ArtifactCorrupted, UsageError
from fixtures.methods import deflate
from fixtures.models import torch_format
from tests import tiny
from tests.building import builder, catalog

TEXT = "token-classification"
METHODS = catalog().methods


def test_sixteen_centroids_store_half_a_byte_a_weight():
    clustered = builder().artifact(METHODS["cluster16"], TEXT)
    stored = torch_format.read_state(clustered)
    weights = torch_format.read_state(builder().original(TEXT))
    name = "bert.embeddings.word_embeddings.weight"
    assert stored[f"{name}.indices"].numel() == weights[name].numel() // 2
    assert stored[f"{name}.codebook"].numel() == 16
    assert name not in stored


def test_deflating_a_clustered_model_loses_nothing():
    plain, deflated = builder().artifact(METHODS["cluster16"], TEXT), builder().artifact(METHODS["cluster16+deflate"], TEXT)
    assert deflate.inflate(deflated) == (plain.path / torch_format.WEIGHTS).read_bytes()
    assert deflated.size_bytes < plain.size_bytes
    assert {file.path for file in deflated.files if file.role == "weights"} == {deflate.DEFLATED}


def test_a_truncated_deflated_file_is_reported_by_name(tmp_path):
    source = builder().artifact(METHODS["deflate"], TEXT)
    (tmp_path / deflate.DEFLATED).write_bytes((source.path / deflate.DEFLATED).read_bytes()[:-100])
    with pytest.raises(ArtifactCorrupted, match="not a readable deflated weight file"):
        deflate.read(replace(source, path=tmp_path))


def test_global_pruning_removes_the_smallest_of_all():
    before = torch_format.read_state(builder().original(TEXT))
    after = torch_format.read_state(builder().artifact(METHODS["prune50"], TEXT))
    removed = max(float(before[name][after[name] == 0].abs().max()) for name in before if before[name].ndim >= 2)
    kept = min(float(after[name][after[name] != 0].abs().min()) for name in before if before[name].ndim >= 2)
    assert removed <= kept
    assert (after["bert.encoder.layer.0.output.dense.bias"] == before["bert.encoder.layer.0.output.dense.bias"]).all()


@pytest.mark.parametrize(
    ("name", "params"), [("prune50", {"zeros": 1.5}), ("cluster16", {"centroids": 1000}), ("deflate", {"level": 0})]
)
def test_a_parameter_out_of_range_says_what_the_range_is(name, params, tmp_path):
    step = replace(METHODS[name].steps[0], params={**METHODS[name].steps[0].params, **params})
    with pytest.raises(UsageError, match=r"between|levels"):
        tiny.run_step(step, builder().original(TEXT), tmp_path / "out", TEXT)


@pytest.mark.slow
def test_an_unknown_calibration_lists_the_known_ones(tmp_path):
    step = replace(METHODS["onnx-int8-static"].steps[1], params={"calibration": "magic", "samples": 4})
    with pytest.raises(UsageError, match="minmax, entropy, percentile"):
        tiny.run_step(step, builder().artifact(METHODS["onnx"], TEXT), tmp_path / "out", TEXT)


@pytest.mark.slow
@pytest.mark.parametrize("calibration", ["entropy", "percentile"])
@pytest.mark.parametrize("task", tiny.TASKS)
def test_other_calibrations_build_another_artifact(calibration, task, tmp_path):
    step = replace(METHODS["onnx-int8-static"].steps[1], params={"calibration": calibration, "samples": 8})
    made = tiny.run_step(step, builder().artifact(METHODS["onnx"], task), tmp_path / "out", task)
    usual = replace(step, params={"calibration": "minmax", "samples": 8})
    minmax = tiny.run_step(usual, builder().artifact(METHODS["onnx"], task), tmp_path / "minmax", task)
    assert made.attributes["calibration"] == calibration
    assert tiny.hashes(made)["model.onnx"] != tiny.hashes(minmax)["model.onnx"]


@pytest.mark.slow
def test_an_exported_file_keeps_no_path_of_the_machine_that_wrote_it():
    exported = builder().artifact(METHODS["onnx"], TEXT)
    assert b"site-packages" not in (exported.path / "model.onnx").read_bytes()


@pytest.mark.slow
def test_embeddings_are_quantized_and_attention_products_are_not():
    from fixtures.models import onnx_format

    model = onnx_format.read(builder().artifact(METHODS["onnx-int8-static"], TEXT))
    producers = {output: node for node in model.graph.node for output in node.output}
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    tables = [node for node in model.graph.node if node.op_type == "Gather" and node.input[0] in producers]
    assert any(producers[node.input[0]].op_type == "DequantizeLinear" for node in tables)
    free = [node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] not in weights]
    dequantized = [node for node in free if producers[node.input[1]].op_type == "DequantizeLinear"]
    assert all(producers[node.input[1]].input[0] in weights for node in dequantized)
    assert len(free) - len(dequantized) == 4  # queries by keys and scores by values, in two layers
