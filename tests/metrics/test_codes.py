"""Likelihood of audio codes, on logits whose answer can be worked out by hand."""

import json
import math

import numpy as np
import pytest

from fixtures.errors import PostconditionFailed
from fixtures.metrics import codes

LABELS = np.array([[[-100, -100], [0, 1], [2, -100]]] * 8)  # 8 phrases: one frame of two codes, then the end (2)


def logits(right):
    """(8, 3, 2, 3): the label has probability `right`, the other two share the rest."""
    found = np.full((8, 3, 2, 3), math.log((1 - right) / 2), np.float32)
    for index in np.argwhere(LABELS >= 0):
        found[(*index, LABELS[tuple(index)])] = math.log(right)
    return found


@pytest.fixture
def split(tmp_path):
    folder = tmp_path / "test"
    folder.mkdir()
    np.save(folder / "labels.npy", LABELS)
    np.save(folder / "groups.npy", np.arange(8))
    (tmp_path / "data.json").write_text(json.dumps({"labelled": True, "reason": ""}))
    return folder


def condensed(found, reference=None):
    return codes.condense(found, LABELS, reference)[0]


def test_the_mean_is_over_codes_that_are_scored(split):
    # ln 2 for each of the 3 scored codes of a phrase
    scored = codes.evaluate(condensed(logits(0.5)), None, split)["measurements"]["code_nll"]
    assert scored["value"] == pytest.approx(math.log(2), rel=1e-5)
    assert scored["n"] == 24
    assert scored["direction"] == "lower"
    assert scored["primary"]


def test_less_likely_codes_are_worse_by_the_difference_in_nats(split):
    original = logits(0.5)
    ours = condensed(logits(0.25), original)
    found = codes.evaluate(ours, condensed(original), split)["measurements"]
    assert found["code_nll"]["paired"]["difference"] == pytest.approx(math.log(2), rel=1e-5)
    assert found["code_nll"]["paired"]["verdict"] == "worse"
    assert found["code_nll"]["paired"]["relative"] == pytest.approx(1, rel=1e-5)  # twice the perplexity
    # sum of p ln(p / q), with p = (1/2, 1/4, 1/4) and q = (1/4, 3/8, 3/8)
    assert found["kl_divergence"]["value"] == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(2 / 3), rel=1e-4)
    # at .25 each of the others has .375: the preferred code is another one everywhere
    assert found["agreement_top1"]["value"] == 0


def test_the_original_itself_is_the_same_and_agrees(split):
    original = logits(0.5)
    found = codes.evaluate(condensed(original, original), condensed(original), split)["measurements"]
    assert found["code_nll"]["paired"]["verdict"] == "same"
    assert found["agreement_top1"]["value"] == 1
    assert found["kl_divergence"]["value"] == pytest.approx(0, abs=1e-7)


def test_guessing_by_frequency_is_flagged(split):
    # First codebook: 0 and the end, half each; second: always 1. ln 2 of two codes in three.
    assert codes.chance_level(split) == pytest.approx(2 / 3 * math.log(2))
    assert codes.evaluate(condensed(logits(1 / 3)), None, split)["at_chance"]
    assert not codes.evaluate(condensed(logits(0.9)), None, split)["at_chance"]


def test_answers_that_are_not_finite_or_not_one_for_each_code_are_refused():
    broken = logits(0.5)
    broken[0, 0, 0, 0] = np.nan
    with pytest.raises(PostconditionFailed, match="1 of 144 logits are NaN"):
        condensed(broken)
    with pytest.raises(PostconditionFailed, match="expected logits for"):
        codes.condense(logits(0.5)[:, :2], LABELS, None)


def test_without_labels_there_is_agreement_and_no_likelihood(split):
    (split.parent / "data.json").write_text(json.dumps({"labelled": False, "reason": "random weights"}))
    found = codes.evaluate(condensed(logits(0.5), logits(0.5)), condensed(logits(0.5)), split)
    assert found["absent"]["code_nll"] == "random weights"
    assert found["measurements"]["agreement_top1"]["value"] == 1
