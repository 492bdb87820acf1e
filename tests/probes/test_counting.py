"""Operations and bytes against numbers worked out by hand."""

import os
import zlib

import pytest

from fixtures.artifact import Artifact, File
from fixtures.errors import ArtifactCorrupted
from fixtures.probes import flops, size


def test_a_linear_layer_is_two_operations_per_weight_and_row():
    torch = pytest.importorskip("torch")
    # 5 rows, 7 inputs, 3 outputs: 5 * 7 * 3 multiply-adds.
    assert flops.count(torch.nn.Linear(7, 3), {"x": torch.zeros(5, 7)}) == 2 * 5 * 7 * 3


def test_a_convolution_is_two_operations_per_weight_and_output_position():
    torch = pytest.importorskip("torch")
    # 3 x 10 x 10, kernel 3, stride 2, no padding: 4 x 4 positions, each 3 * 3 * 3 multiply-adds per output channel; batch 2, 8 channels.
    assert flops.count(torch.nn.Conv2d(3, 8, 3, stride=2), {"x": torch.zeros(2, 3, 10, 10)}) == 2 * 2 * 8 * 4 * 4 * 27
    # In 3 groups of one channel each, a third of the products.
    grouped = torch.nn.Conv2d(3, 6, 3, groups=3)
    assert flops.count(grouped, {"x": torch.zeros(1, 3, 10, 10)}) == 2 * 6 * 8 * 8 * 9


def test_fused_attention_is_counted():
    torch = pytest.importorskip("torch")

    class Attention(torch.nn.Module):
        def forward(self, x):
            return torch.nn.functional.scaled_dot_product_attention(x, x, x)

    # 4 heads, 16 tokens, 8 wide: scores and mixing are 16 * 16 * 8 multiply-adds per head each.
    assert flops.count(Attention(), {"x": torch.randn(1, 4, 16, 8)}) == 2 * 2 * 4 * 16 * 16 * 8


def artifact(path, **contents):
    roles = {"model": "weights", "graph": "graph", "tokenizer": "processor"}
    for name, content in contents.items():
        (path / name).write_bytes(content)
    return Artifact(path, "key", "torch", tuple(File(name, len(content), "", roles[name]) for name, content in contents.items()))


def test_deflated_bytes_are_those_of_the_loaded_files(tmp_path):
    model, graph = bytes(100_000), os.urandom(50_000)
    found = size.deflated_bytes(artifact(tmp_path, model=model, graph=graph, tokenizer=os.urandom(9)))
    assert found == len(zlib.compress(model, 6)) + len(zlib.compress(graph, 6))


def test_files_of_several_pieces_are_counted_once_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(size, "_PIECE", 1 << 20)
    noise = os.urandom((3 << 20) + 17)
    found = size.deflated_bytes(artifact(tmp_path, model=noise))
    assert len(noise) < found < len(noise) * 1.001  # noise cannot be compressed, and no byte is read twice


def test_a_missing_file_is_named(tmp_path):
    built = artifact(tmp_path, model=bytes(10))
    (tmp_path / "model").unlink()
    with pytest.raises(ArtifactCorrupted, match="model: cannot be read"):
        size.deflated_bytes(built)
