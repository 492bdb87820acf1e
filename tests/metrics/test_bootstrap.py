"""Intervals and tests: reproducible, calibrated, fast enough, and never certain about nothing."""

import time

import numpy as np
import pytest

from fixtures.metrics import bootstrap


def share(counts):
    return counts[..., 0] / counts[..., 1]


def rows(right):
    return np.stack([right, np.ones(len(right))], axis=1)


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "word"),
    [
        (-0.02, -0.03, -0.01, 0.001, "worse"),
        (0.02, 0.01, 0.03, 0.001, "better"),
        (0.001, -0.004, 0.004, 0.6, "same"),
        (-0.02, -0.05, 0.01, 0.2, "unsure"),
        (-0.004, -0.0049, -0.003, 0.001, "same"),  # certain, and too small to matter
        (-0.004, -0.007, -0.001, 0.01, "unsure"),  # certain that it is not zero, not whether it matters
    ],
)
def test_the_verdict_needs_certainty_and_an_effect_that_matters(difference, low, high, p, word):
    assert bootstrap.verdict(difference, low, high, p) == word


def test_the_same_data_give_the_same_interval():
    right = np.random.default_rng(0).random(200) < 0.8
    first, second = (bootstrap.estimate(bootstrap.resample(rows(right), np.arange(200)), share) for _ in range(2))
    assert first == second


def test_the_interval_covers_the_truth_as_often_as_it_says():
    # 200 samples of 150 at .7; 95 % coverage has a standard error of 1.5 points here, the percentile bootstrap loses about one.
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        _, low, high = bootstrap.estimate(bootstrap.resample(rows(generator.random(150) < 0.7), np.arange(150)), share)
        covered += low <= 0.7 <= high
    assert 0.90 <= covered / 200 <= 0.99


def test_two_equal_models_are_called_different_in_about_five_percent_of_experiments_at_most():
    generator = np.random.default_rng(6)
    rejected = 0
    for _ in range(200):
        ours, theirs = (rows(generator.random(100) < 0.7) for _ in range(2))
        found = bootstrap.compare(bootstrap.resample(ours, np.arange(100), theirs), share)
        rejected += found["verdict"] in ("better", "worse")
    assert rejected / 200 <= 0.09  # 5 % and 2.6 standard errors


def test_mcnemar_matches_the_binomial_by_hand():
    # 1 against 8: 2 * (1 + 9) / 2**9
    assert bootstrap.mcnemar(1, 8) == pytest.approx(20 / 512)
    assert bootstrap.mcnemar(0, 0) == 1


def test_one_cluster_has_neither_an_interval_nor_a_verdict():
    found = bootstrap.resample(rows(np.array([1, 0, 1])), np.zeros(3), rows(np.array([0, 0, 0])))
    assert bootstrap.estimate(found, share) == (pytest.approx(2 / 3), None, None)
    assert bootstrap.compare(found, share)["verdict"] == "unsure"


def test_a_real_split_is_resampled_in_a_fraction_of_a_second():
    # 2400 samples of 10 classes against an original: measured .25 s on one core; the limit leaves room for a busy machine.
    from fixtures.metrics.classification import counts, f1_macro

    generator = np.random.default_rng(0)
    labels, ours, theirs = (generator.integers(0, 10, 2400) for _ in range(3))
    began = time.process_time()
    resampled = bootstrap.resample(counts(ours, labels, 10), np.arange(2400), counts(theirs, labels, 10))
    bootstrap.estimate(resampled, f1_macro)
    bootstrap.compare(resampled, f1_macro)
    assert time.process_time() - began < 2
