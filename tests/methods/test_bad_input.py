"""Calibration that cannot serve, and an export that answers something else: each ends in one sentence with its numbers."""

import numpy as np
import pytest

from fixtures.errors import BenchmarkError, PostconditionFailed
from fixtures.methods import onnx_export
from fixtures.worker.build import calibration_batches, check_splits
from tests import tiny
from tests.building import builder, catalog

TEXT = "token-classification"


def split(folder, samples, items=None):
    folder.mkdir(parents=True)
    np.save(folder / "input_ids.npy", np.ones((samples, 16), np.int64))
    np.save(folder / "groups.npy", np.arange(samples) if items is None else np.array(items))
    return folder


@pytest.mark.parametrize("held", [0, 7])
def test_a_calibration_set_that_is_empty_or_too_small_says_how_many_it_holds(tmp_path, held):
    with pytest.raises(BenchmarkError, match=f"calibration asks for 8 samples, .* holds {held}: lower the method's `samples`"):
        list(calibration_batches(split(tmp_path / "calibration", held), 8))


def test_a_calibration_set_that_overlaps_the_test_split_is_refused_with_a_shared_item(tmp_path):
    split(tmp_path / "calibration", 3, [1, 2, 30])
    split(tmp_path / "test", 3, [30, 40, 50])
    with pytest.raises(BenchmarkError, match=r"the splits calibration and test share 1 source items \(such as 30\)"):
        check_splits(tmp_path)


def test_an_export_that_answers_something_else_fails_with_the_difference_and_the_tolerance(tmp_path, monkeypatch):
    export = onnx_export.export

    def export_another(module, tensors, opset):
        module.classifier.bias.data[0] += 0.01
        return export(module, tensors, opset)

    monkeypatch.setattr(onnx_export, "export", export_another)
    with pytest.raises(
        PostconditionFailed, match=r"differs from torch by up to 0\.01 .*tolerance 0\.0001 absolute plus relative"
    ):
        tiny.run_step(catalog().methods["onnx"].steps[0], builder().original(TEXT), tmp_path / "wrong", TEXT)


def test_a_difference_is_judged_absolute_plus_relative():
    # 1e-4 + 1e-4 * 99 = .01 is allowed at a logit of 99, and not at a logit of 1
    assert onnx_export.compare(np.array([99.0]), np.array([99.009]), 1e-4)["max_abs_difference"] == pytest.approx(0.009)
    with pytest.raises(PostconditionFailed, match=r"up to 0\.009"):
        onnx_export.compare(np.array([1.0]), np.array([1.009]), 1e-4)
