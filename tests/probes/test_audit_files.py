"""What a folder holds against what is counted as its size."""

import pytest

from fixtures import artifact as artifacts
from fixtures.probes.audit import wrong_files


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
