"""ExecuTorch, as far as it goes without it: what a program's structures mean, what a check refuses.

Its lowering and its kernels run in its own environment: `tox run -e executorch`.
"""

import math
from types import SimpleNamespace

import pytest

from fixtures.errors import ArtifactCorrupted, PostconditionFailed, Unsupported
from fixtures.methods import executorch_export, executorch_int8
from fixtures.models import pte_format


def value(number: int, dtype: str, dims: list[int]) -> dict:
    return {"xvalue_union": {"tensor_value": {"id_out": number, "datatype": dtype, "dims": dims}}}


def node(**fields: int) -> dict:
    return {"xnode_union": fields, "xnode_union_type": "any"}


def test_xnnpack_computes_in_the_narrowest_type_that_a_filter_and_what_it_meets_share():
    # Filters: 32 int8 weights that meet rounded activations, 16 that meet floats, 6 floats. 99 floats are only added.
    values = [
        value(1, "xnn_datatype_qcint8", [4, 8]),
        value(2, "xnn_datatype_fp32", [2, 3]),
        value(3, "xnn_datatype_fp32", [99]),
        value(4, "xnn_datatype_qint8", [1, 8]),
        value(5, "xnn_datatype_qcint8", [2, 8]),
    ]
    nodes = [
        node(input1_id=4, filter_id=1),
        node(input1_id=3, filter_id=2),
        node(input1_id=3, filter_id=5),
        node(input1_id=3, input2_id=3),
    ]
    program = pte_format.Program((), ({"xvalues": values, "xnodes": nodes},), ("XnnpackBackend",), ())
    assert pte_format.product_types(program) == {"int8": 32, "float32": 22}


def test_activations_without_bounds_are_read_as_flatc_writes_them():
    text = '{"output_max": inf, "output_min": -inf, "name": "inf, nan", "scales": [nan, 1.0, +inf]}'
    found = pte_format.parsed(text)
    assert found["output_max"] == found["scales"][2] == math.inf
    assert found["output_min"] == -math.inf
    assert math.isnan(found["scales"][0])
    assert found["name"] == "inf, nan"


STORED = [
    (executorch_export, {"int8": 90, "float32": 10}, PostconditionFailed, "10.0% of the exported parameters are float32"),
    (executorch_int8, {"float32": 100}, PostconditionFailed, "left every weight as it was"),
    (executorch_int8, {"int8": 30, "float32": 70}, Unsupported, "30.0% of the parameters are int8"),
]


@pytest.mark.parametrize(("method", "stored", "error", "says"), STORED)
def test_an_artifact_that_is_not_what_its_name_says_is_refused(monkeypatch, method, stored, error, says):
    found = {"parameters_by_dtype": stored, "parameters": sum(stored.values()), "dtypes": stored}
    monkeypatch.setattr(pte_format, "describe", lambda artifact: found)
    with pytest.raises(error, match=says):
        method.check(None, None, {})


def test_a_program_of_which_xnnpack_took_nothing_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(pte_format, "read", lambda path: pte_format.Program(("aten::mm",), (), (), ()))
    with pytest.raises(Unsupported, match="XNNPACK took no operator"):
        executorch_export.partitions(SimpleNamespace(path=tmp_path))


def test_a_file_that_is_no_program_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(pte_format, "require", lambda package: None)
    (tmp_path / pte_format.MODEL).write_bytes(b"0123TFL3")
    with pytest.raises(ArtifactCorrupted, match="not a readable ExecuTorch program"):
        pte_format.read(tmp_path / pte_format.MODEL)
