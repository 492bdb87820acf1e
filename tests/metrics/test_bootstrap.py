"""Intervals and tests: reproducible, calibrated, fast enough, and never certain about nothing."""

import time

import numpy as np
import pytest

from fixtures.metrics import bootstrap
from reports import statistics


def share(counts):
    return counts[..., 0] / counts[..., 1]


def rows(right):
    return np.stack([right, np.ones(len(right))], axis=1)


def test_a_comparison_uses_the_verdict_rule_of_the_reports():
    """400 items; the candidate loses none, 2, or 40 that the original has: the rule itself is tested with reports.statistics."""
    theirs = np.arange(400) < 360
    words = []
    for lost in (0, 2, 40):
        found = bootstrap.compare(
            bootstrap.resample(rows(theirs & (np.arange(400) >= lost)), np.arange(400), rows(theirs)), share
        )
        rejected = found["p"] < bootstrap.ALPHA
        assert found["verdict"] == statistics.verdict(
            found["difference"], found["low"], found["high"], rejected, statistics.QUALITY_MARGIN
        )
        words.append(found["verdict"])
    assert words == ["same", "unsure", "worse"]


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
