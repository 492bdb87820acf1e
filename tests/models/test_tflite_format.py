"""LiteRT, as far as it goes without it: one shape, what a file's structures mean, what a check refuses.

Its conversion and its kernels run in its own environment: `tox run -e litert`.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from fixtures.errors import ArtifactCorrupted, PostconditionFailed, Unsupported
from fixtures.methods import litert_export, litert_int8
from fixtures.models import fixed_shape, tflite_format
from fixtures.runtimes import litert_runtime

TEXT = [{"name": "input_ids", "shape": [1, 4], "dtype": "int32"}, {"name": "attention_mask", "shape": [1, 4], "dtype": "int64"}]


def batch(rows: int, tokens: int = 4) -> dict[str, np.ndarray]:
    ids = np.arange(rows * tokens).reshape(rows, tokens)
    return {"attention_mask": np.ones((rows, tokens), np.int64), "input_ids": ids}


def test_a_batch_becomes_samples_in_the_graphs_own_order_and_types():
    samples = fixed_shape.one_by_one(batch(3), TEXT)
    assert len(samples) == 3
    assert [array.dtype.name for array in samples[1]] == ["int32", "int64"]
    assert samples[1][0].tolist() == [[4, 5, 6, 7]]


def test_a_sample_of_another_shape_is_refused_with_both():
    with pytest.raises(Unsupported, match=r"compiled for input_ids \[1, 4\], this sample is \[1, 5\]"):
        fixed_shape.one_by_one(batch(2, tokens=5), TEXT)


def test_an_operator_was_taken_over_when_a_kernel_writes_what_it_wrote():
    # a -> b -> c, and d beside them. The kernel reads tensor 0 and writes tensor 2: a and b are inside, nobody needs tensor 1 outside.
    operators = [("a", [0], [1]), ("b", [1], [2]), ("c", [2], [3]), ("d", [0], [4])]
    kernel = [{"inputs": [0], "outputs": [2]}]
    assert tflite_format.delegated(operators, kernel) == [True, True, False, False]
    assert tflite_format.delegated(operators, []) == [False] * 4


def test_an_operator_whose_output_a_kernel_is_handed_ran_outside():
    # Two kernels with b between them: tensor 2 comes from b, which LiteRT runs itself.
    operators = [("a", [0], [1]), ("b", [1], [2]), ("c", [2], [3])]
    kernels = [{"inputs": [0], "outputs": [1]}, {"inputs": [2], "outputs": [3]}]
    assert tflite_format.delegated(operators, kernels) == [True, False, True]


def tensor(kind: int, buffer: int) -> SimpleNamespace:
    return SimpleNamespace(type=kind, buffer=buffer)


def test_litert_computes_in_the_type_of_the_weights_that_products_read():
    # Tensors: 0 activations, 1 int8 weights (100 bytes), 2 float32 weights (40 bytes: 10 numbers), 3 int8 weights of no product.
    tensors = [tensor(0, 0), tensor(9, 1), tensor(0, 2), tensor(9, 3)]
    buffers = [SimpleNamespace(data=None), *(SimpleNamespace(data=bytes(size)) for size in (100, 40, 9000))]
    model = SimpleNamespace(subgraphs=[SimpleNamespace(tensors=tensors)], buffers=buffers)
    both = [("FULLY_CONNECTED", [0, 1], [4]), ("CONV_2D", [0, 2], [5]), ("DEQUANTIZE", [3], [6])]
    assert litert_runtime.compute_dtype(model, both) == "int8"
    assert litert_runtime.compute_dtype(model, [("FULLY_CONNECTED", [0, 2], [4]), ("DEQUANTIZE", [3], [6])]) == "float32"


STORED = [
    (litert_export, {"int8": 90, "float32": 10}, PostconditionFailed, "10.0% of the exported parameters are float32"),
    (litert_int8, {"float32": 100}, PostconditionFailed, "left every weight as it was"),
    (litert_int8, {"int8": 30, "float32": 70}, Unsupported, "30.0% of the parameters are int8"),
]


@pytest.mark.parametrize(("method", "stored", "error", "says"), STORED)
def test_an_artifact_that_is_not_what_its_name_says_is_refused(monkeypatch, method, stored, error, says):
    found = {"parameters_by_dtype": stored, "parameters": sum(stored.values()), "dtypes": stored}
    monkeypatch.setattr(tflite_format, "describe", lambda artifact: found)
    with pytest.raises(error, match=says):
        method.check(None, None, {})


def test_constants_that_lie_behind_the_graph_are_read_from_there_and_a_truncated_file_is_refused():
    # The graph takes 8 bytes; a constant of 4 lies at 8. An offset of 1 is the schema's word for none.
    def model() -> SimpleNamespace:
        return SimpleNamespace(
            buffers=[SimpleNamespace(offset=8, size=4, data=None), SimpleNamespace(offset=1, size=0, data=b"ab")]
        )

    filled = model()
    tflite_format.fill_buffers(filled, b"........1234")
    assert [buffer.data for buffer in filled.buffers] == [b"1234", b"ab"]
    with pytest.raises(ArtifactCorrupted, match="a LiteRT constant of 4 bytes at 8 is outside its file of 10 bytes"):
        tflite_format.fill_buffers(model(), b"........12")
