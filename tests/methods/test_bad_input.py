"""Calibration that cannot serve, and an export that answers something else: each ends in one sentence with its numbers."""

import numpy as np
import pytest

from fixtures.errors import BenchmarkError, PostconditionFailed
from fixtures.methods import onnx_export, same_answers
from fixtures.worker.build import check_splits
from fixtures.worker.calibration import calibration_batches
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
    with pytest.raises(
        BenchmarkError, match=f"calibration asks for 8 samples, .* holds {held}: lower the method's parameter .*@samples={held}"
    ):
        list(calibration_batches(split(tmp_path / "calibration", held), 8))


def pictures(folder, values):
    folder.mkdir(parents=True)
    np.save(folder / "pixel_values.npy", values)
    return folder


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_number_that_is_not_finite_names_its_sample_and_input(tmp_path, bad):
    values = np.zeros((8, 3, 4, 4), np.float32)
    values[5, 1, 2, :3] = bad
    with pytest.raises(BenchmarkError, match=r"sample 5 of .* has 3 numbers in 'pixel_values' that are NaN or infinite"):
        list(calibration_batches(pictures(tmp_path / "calibration", values), 8))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.zeros((8, 3, 4, 5), np.float32), r"float32 \(3, 4, 5\)"),
        (np.zeros((8, 4, 4), np.float32), r"float32 \(4, 4\)"),
        (np.zeros((8, 3, 4, 4), np.int64), r"int64 \(3, 4, 4\)"),
    ],
)
def test_calibration_of_another_form_than_the_test_split_states_both(tmp_path, values, found):
    pictures(tmp_path / "test", np.zeros((2, 3, 4, 4), np.float32))
    with pytest.raises(BenchmarkError, match=rf"is {found}, in the test split float32 \(3, 4, 4\)"):
        list(calibration_batches(pictures(tmp_path / "calibration", values), 8))


def test_inputs_of_unequal_length_and_other_inputs_are_refused(tmp_path):
    folder = split(tmp_path / "calibration", 8)
    np.save(folder / "attention_mask.npy", np.ones((7, 16), np.int64))
    with pytest.raises(BenchmarkError, match="different numbers of samples"):
        list(calibration_batches(folder, 4))
    np.save(folder / "attention_mask.npy", np.ones((8, 16), np.int64))
    split(tmp_path / "test", 2)
    with pytest.raises(BenchmarkError, match=r"has the inputs \['attention_mask', 'input_ids'\], the test split \['input_ids'\]"):
        list(calibration_batches(folder, 4))


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
        PostconditionFailed, match=r"differs from the original by up to 0\.01 .*tolerance 0\.0001 absolute plus relative"
    ):
        tiny.run_step(catalog().methods["onnx"].steps[0], builder().original(TEXT), tmp_path / "wrong", TEXT)


def test_a_difference_is_judged_absolute_plus_relative():
    # 1e-4 + 1e-4 * 99 = .01 is allowed at a logit of 99, and not at a logit of 1
    assert same_answers.compare(np.array([99.0]), np.array([99.009]), 1e-4)["max_abs_difference"] == pytest.approx(0.009)
    with pytest.raises(PostconditionFailed, match=r"up to 0\.009"):
        same_answers.compare(np.array([1.0]), np.array([1.009]), 1e-4)
