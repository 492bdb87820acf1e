"""What a folder holds against what is counted as its size."""

import pytest

from fixtures import artifact as artifacts
from fixtures.models import gguf_format, onnx_format, openvino_format, pte_format, tflite_format, torch_format
from fixtures.probes.audit import LOADED, loaded_files, wrong_files
from fixtures.runtimes import aotinductor_runtime, optimum_openvino_runtime, tensorrt_runtime
from tests.building import catalog


def folder(path, name):
    (path / "architecture.json").write_text("{}", encoding="utf-8")
    (path / name).write_bytes(bytes(1000))
    return artifacts.describe(path, "key", "some-format", {}, [])


@pytest.mark.parametrize(
    "name", ["model.safetensors", "model.onnx", "model.pte", "model.pt2", "openvino_model.bin", "model.gguf"]
)
def test_the_file_that_a_runtime_opens_is_counted_as_size(tmp_path, name):
    made = folder(tmp_path, name)
    assert made.size_bytes == 1002
    assert wrong_files(made) is None


def test_weights_under_a_name_that_nobody_counts_are_refused_m7(tmp_path):
    assert "model.weights is larger than all that is counted as its size" in str(wrong_files(folder(tmp_path, "model.weights")))


FORMATS = sorted({name for runtime in catalog().runtimes.values() for name in runtime.formats})
NAMES = {name: LOADED.get(name, ("model.safetensors",))[0] for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_a_second_model_beside_the_one_that_is_loaded_is_refused_m10(tmp_path, name):
    (tmp_path / NAMES[name]).write_bytes(bytes(1000))
    made = artifacts.describe(tmp_path, "key", name, {}, [])
    assert loaded_files(made)
    assert wrong_files(made) is None
    (tmp_path / f"other-{NAMES[name]}").write_bytes(bytes(1000))
    problem = str(wrong_files(artifacts.describe(tmp_path, "key", name, {}, [])))
    assert f"other-{NAMES[name]}, counted as size and never loaded (M10)" in problem


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("optimum-openvino", optimum_openvino_runtime.MODEL),
        ("optimum-onnx", onnx_format.MODEL),
        ("onnx", onnx_format.MODEL),
        ("openvino", openvino_format.MODEL),
        ("pte", pte_format.MODEL),
        ("tflite", tflite_format.MODEL),
        ("gguf", gguf_format.MODEL),
        ("aotinductor", aotinductor_runtime.PACKAGE),
        ("tensorrt", tensorrt_runtime.ENGINE),
        ("library-layers", torch_format.WEIGHTS),
    ],
)
def test_what_is_loaded_is_what_the_runtime_opens(name, file):
    assert LOADED[name] == (file,)


def test_the_weights_beside_a_graph_are_loaded_with_it(tmp_path):
    for name in ("openvino_model.xml", "openvino_model.bin"):
        (tmp_path / name).write_bytes(bytes(10))
    assert wrong_files(artifacts.describe(tmp_path, "key", "optimum-openvino", {}, [])) is None
    (tmp_path / "openvino_decoder.bin").write_bytes(bytes(10))
    assert "openvino_decoder.bin" in str(wrong_files(artifacts.describe(tmp_path, "key", "optimum-openvino", {}, [])))
