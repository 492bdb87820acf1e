"""Agreement with the original: hand-worked, and immune to answers that agree for nothing."""

import json

import numpy as np
import pytest

from fixtures.metrics import agreement
from reports.record import Measurement


def split(path, **arrays):
    directory = path / "test"
    directory.mkdir(exist_ok=True)
    (path / "data.json").write_text(json.dumps({"labels": ["a", "b"]}), encoding="utf-8")
    for name, array in arrays.items():
        np.save(directory / f"{name}.npy", array)
    return directory


def random_logits(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_agreement_and_errors_match_a_hand_worked_example(tmp_path):
    theirs = np.zeros((256, 3), np.float32)
    theirs[np.arange(256), np.arange(256) % 2] = 1
    ours = theirs.copy()
    ours[:64] = ours[:64, [1, 0, 2]]  # a quarter of the samples swaps its two classes: 2 of 3 logits are off by 1
    found = agreement.evaluate(ours, theirs, split(tmp_path))["measurements"]
    assert found["agreement_top1"]["value"] == 0.75
    assert found["logit_error_max"]["value"] == 1
    assert found["logit_error_mean"]["value"] == pytest.approx(0.25 * 2 / 3)
    # Centred, a sample is (+-.5, -+.5, 0); a swap turns its sign: cosine (192 - 64) / 256.
    assert found["logit_cosine"]["value"] == pytest.approx(0.5)
    # Wilson for 192 of 256: centre (.75 + z2/512) / (1 + z2/256), z2 = 3.8415 -> .7463; half width .0527
    assert (found["agreement_top1"]["low"], found["agreement_top1"]["high"]) == pytest.approx((0.6935, 0.7990), abs=2e-4)
    assert "2 distinct classes predicted, 2 by the original" in found["agreement_top1"]["note"]
    for fields in found.values():
        assert Measurement(**fields).role == "agreement"


def test_an_error_is_scaled_by_the_logit_that_it_is_an_error_of(tmp_path):
    # .5 of 99 is .5 / (1 + 99) = .005, .01 of 0 is .01: the smaller absolute error is the larger scaled one.
    theirs = np.array([[99, 0]] * 256, np.float32)
    found = agreement.evaluate(theirs + np.array([0.5, 0.01], np.float32), theirs, split(tmp_path))["measurements"]
    assert found["logit_error_max"]["value"] == pytest.approx(0.5)
    assert found["logit_error_scaled"]["value"] == pytest.approx(0.01)


def test_fewer_than_256_comparisons_are_absent_with_a_reason(tmp_path):
    logits = random_logits(255, 4)
    result = agreement.evaluate(logits, logits, split(tmp_path))
    assert result["absent"]["agreement_top1"] == "255 samples to compare; agreement needs at least 256"
    assert result["measurements"]["logit_cosine"]["value"] == pytest.approx(1)


def test_a_common_bias_earns_no_cosine(tmp_path):
    # Both answer around (100, 0, 0, 0): the plain cosine of two unrelated models would be over .99.
    bias = np.array([100, 0, 0, 0], np.float32)
    ours, theirs = random_logits(400, 4, seed=1) + bias, random_logits(400, 4, seed=2) + bias
    assert abs(agreement.evaluate(ours, theirs, split(tmp_path))["measurements"]["logit_cosine"]["value"]) < 0.1


def test_a_constant_output_is_flagged_and_has_no_cosine(tmp_path):
    constant = np.tile(np.array([1, 0], np.float32), (300, 1))
    result = agreement.evaluate(constant, constant, split(tmp_path))
    assert "means nothing" in result["warnings"][0]
    assert "same for every input" in result["absent"]["logit_cosine"]


def test_only_tokens_that_count_are_compared(tmp_path):
    theirs = random_logits(40, 16, 2)
    mask = np.zeros((40, 16), np.int64)
    mask[:, :8] = 1
    ours = theirs.copy()
    ours[:, 8:] *= -1  # padding disagrees everywhere
    found = agreement.evaluate(ours, theirs, split(tmp_path, attention_mask=mask))["measurements"]["agreement_top1"]
    assert (found["value"], found["n"]) == (1, 320)
    labels = np.full((40, 16), -100)
    labels[:, :7] = 0
    found = agreement.evaluate(ours, theirs, split(tmp_path, labels=labels))["measurements"]["agreement_top1"]
    assert (found["value"], found["n"]) == (1, 280)


def test_the_original_has_nothing_to_agree_with(tmp_path):
    result = agreement.evaluate(random_logits(300, 3), None, split(tmp_path))
    assert set(result["absent"]) == set(agreement.NAMES)
    assert result["measurements"] == {}
