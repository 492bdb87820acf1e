import math
import random

import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from reports import statistics as s

positive = st.floats(1e-6, 1e6)
samples = st.lists(positive, min_size=1, max_size=60)


def test_median_and_quartiles_of_a_list_worked_out_by_hand():
    # sorted: 1 2 3 4 10; quartiles lie exactly on the 2nd and 4th value
    assert s.median([10, 1, 3, 2, 4]) == 3
    assert s.iqr([10, 1, 3, 2, 4]) == 4 - 2
    assert s.median([4, 1, 3, 2]) == 2.5


@pytest.mark.parametrize("function", [s.median, s.iqr, s.median_estimate])
def test_no_samples_is_an_error_not_a_zero(function):
    with pytest.raises(ValueError, match="no samples"):
        function([])


def test_six_values_are_enclosed_by_their_extremes_with_the_coverage_of_the_formula():
    # P(all six on one side of the median) = 2 / 2**6
    found = s.median_estimate([6, 5, 4, 3, 2, 1])
    assert (found.low, found.high, found.coverage) == (1, 6, 1 - 2 / 64)


def test_the_ranks_for_twenty_values_are_the_sixth_and_fifteenth():
    # Table value (David & Nagaraja): n = 20, k = 6, coverage .9586
    assert s.median_rank(20) == (6, pytest.approx(0.9586, abs=1e-4))


def test_five_values_have_a_median_and_a_reason_instead_of_an_interval():
    found = s.median_estimate([1, 2, 3, 4, 5])
    assert (found.value, found.low, found.high) == (3, None, None)
    assert "needs 6 samples, 5 were taken" in found.reason


@pytest.mark.parametrize("n", [6, 7, 20, 41, 500, 3000])
def test_ranks_are_the_widest_that_scipy_s_binomial_allows(n):
    k, coverage = s.median_rank(n)
    assert coverage == pytest.approx(1 - 2 * scipy.stats.binom.cdf(k - 1, n, 0.5))
    assert coverage >= 0.95 > 1 - 2 * scipy.stats.binom.cdf(k, n, 0.5)


@given(st.lists(positive.filter(lambda r: r != 1), min_size=1, max_size=40))
def test_the_sign_test_is_scipy_s(ratios):
    expected = scipy.stats.binomtest(sum(r > 1 for r in ratios), len(ratios)).pvalue
    assert s.sign_test(ratios) == pytest.approx(expected)


@given(st.lists(st.floats(0.5, 2), min_size=6, max_size=60))
def test_the_interval_excludes_one_exactly_when_no_change_is_rejected(ratios):
    found = s.median_estimate(ratios)
    assert (found.low > 1 or found.high < 1) == (s.sign_test(ratios) <= 0.05)


@pytest.mark.parametrize(("q", "needed"), [(0.95, 60), (0.99, 300)])
def test_a_percentile_needs_three_samples_beyond_it(q, needed):
    assert s.percentile(range(needed - 1), q) == (None, f"p{q * 100:g} needs {needed} samples, {needed - 1} were taken")
    value, reason = s.percentile(range(needed), q)
    assert value == pytest.approx(q * (needed - 1))
    assert reason == ""


@given(samples, st.randoms())
def test_order_does_not_matter(values, rng):
    shuffled = list(values)
    rng.shuffle(shuffled)
    assert s.median_estimate(shuffled) == s.median_estimate(values)
    assert s.iqr(shuffled) == s.iqr(values)


@given(samples)
def test_estimates_scale_with_their_samples(values):
    # By a power of two, so that scaling is exact in floating point.
    once, four = s.median_estimate(values), s.median_estimate([4 * v for v in values])
    assert (four.value, four.low, four.high) == tuple(None if v is None else 4 * v for v in (once.value, once.low, once.high))


@given(st.lists(positive, min_size=6, max_size=40), st.floats(1, 100))
def test_a_slower_original_never_lowers_the_speedup(original, factor):
    candidate = list(reversed(original))
    before, after = s.paired_ratio(original, candidate), s.paired_ratio([v * factor for v in original], candidate)
    assert after.value >= before.value * (1 - 1e-12)
    assert after.low >= before.low * (1 - 1e-12)


@given(st.lists(st.tuples(positive, positive), min_size=1, max_size=40))
def test_swapping_the_sides_gives_the_reciprocal(pairs):
    a, b = zip(*pairs, strict=True)
    there, back = s.paired_ratio(a, b), s.paired_ratio(b, a)
    assert there.value == pytest.approx(1 / back.value)
    assert there.p == back.p
    assert {there.verdict, back.verdict} in ({"faster", "slower"}, {"same"}, {"unsure"})


def test_a_candidate_twice_as_fast_is_faster_by_exactly_two():
    found = s.paired_ratio([2.0] * 10, [1.0] * 10)
    assert (found.value, found.low, found.high, found.verdict) == (pytest.approx(2), pytest.approx(2), pytest.approx(2), "faster")
    assert found.p == 2 / 2**10  # all ten on one side


def test_left_out_pairs_do_not_count():
    found = s.paired_ratio([1.0] * 6 + [100.0], [1.0] * 7, left_out={6})
    assert (found.value, found.n, found.verdict) == (1, 6, "same")
    with pytest.raises(ValueError, match="none of the 1 pairs"):
        s.paired_ratio([1.0], [1.0], left_out={0})


@pytest.mark.parametrize(
    ("estimate", "low", "high", "rejected", "expected"),
    [
        (0.05, 0.03, 0.07, True, "faster"),
        (-0.05, -0.07, -0.03, True, "slower"),
        (0.015, 0.010, 0.018, True, "same"),  # real, and too small to matter
        (0.015, 0.010, 0.030, True, "unsure"),  # rejected, estimate within the margin, interval not
        (0.05, -0.01, 0.11, False, "unsure"),
        (0.001, -0.01, 0.01, False, "same"),
        (0.001, None, None, False, "unsure"),  # too few pairs for an interval never shows equality
    ],
)
def test_verdicts(estimate, low, high, rejected, expected):
    assert s.verdict(estimate, low, high, rejected, s.SPEED_MARGIN, s.SPEED_WORDS) == expected


def test_quality_uses_the_same_rule_with_its_margin():
    assert s.verdict(-0.006, -0.01, -0.002, True, s.QUALITY_MARGIN) == "worse"
    assert s.verdict(0.02, 0.01, 0.03, True, s.QUALITY_MARGIN) == "better"
    assert s.verdict(0.004, 0.001, 0.005, True, s.QUALITY_MARGIN) == "same"
    assert s.verdict(-0.004, -0.007, -0.001, True, s.QUALITY_MARGIN) == "unsure"  # not zero, but does it matter?
    assert s.verdict(-0.02, -0.05, 0.01, False, s.QUALITY_MARGIN) == "unsure"


def simulated(n, sigma, runs=2000):
    rng = random.Random(7)
    words = [s.paired_ratio([math.exp(rng.gauss(0, sigma)) for _ in range(n)], [1.0] * n).verdict for _ in range(runs)]
    return sum(word in s.SPEED_WORDS for word in words) / runs


def test_two_equal_models_are_called_different_in_at_most_one_percent_of_runs_at_three_percent_noise():
    # Stated rates (module docstring): .5 % with 20 pairs, none in 20 000 with the 55 that rounds_needed asks for.
    assert simulated(20, 0.03) <= 0.01
    assert simulated(55, 0.03) == 0


def test_a_slowdown_of_ten_percent_is_seen_at_three_percent_noise():
    rng = random.Random(3)
    found = [s.paired_ratio([1.0] * 30, [1.1 * math.exp(rng.gauss(0, 0.03)) for _ in range(30)]).verdict for _ in range(300)]
    assert found.count("slower") >= 0.99 * 300


def test_rounds_follow_the_noise_of_the_pilot():
    rng = random.Random(5)
    pilot = [math.exp(rng.gauss(0, 0.03)) for _ in range(4000)]
    # (1.96 * 1.2533 * .03 / .01)**2 = 54.3
    assert s.rounds_needed(pilot) == pytest.approx(55, abs=3)
    assert s.rounds_needed(pilot, target=0.02) == 20  # 13.6, below the minimum
    assert s.rounds_needed(pilot, target=0.001, maximum=100) == 100
    assert s.rounds_needed([1.0] * 10) == 20
    assert s.rounds_needed([1.0, 2.0, 3.0]) == 20
    assert s.rounds_needed([1.0] * 10, maximum=6) == 6


def test_the_promised_half_width_is_reached():
    rng = random.Random(11)
    rounds = s.rounds_needed([math.exp(rng.gauss(0, 0.03)) for _ in range(1000)])
    widths = []
    for _ in range(200):
        found = s.paired_ratio([math.exp(rng.gauss(0, 0.03)) for _ in range(rounds)], [1.0] * rounds)
        widths.append((found.high - found.low) / 2)
    assert s.median(widths) == pytest.approx(0.01, rel=0.15)


def test_a_quotient_combines_relative_widths_like_independent_errors():
    # 10 % and 10 % on the log scale: sqrt(2) * 10 %
    a, b = (s.Estimate(v, 20, v / 1.1, v * 1.1, 0.95) for v in (6.0, 3.0))
    found = s.quotient(a, b)
    assert found.value == 2
    assert found.high / found.value == pytest.approx(1.1 ** math.sqrt(2))
    assert found.value / found.low == pytest.approx(1.1 ** math.sqrt(2))


def test_a_quotient_without_an_interval_says_why():
    found = s.quotient(s.Estimate(2, 5, reason="too few"), s.Estimate(1, 20, 0.9, 1.1))
    assert (found.value, found.low, found.reason) == (2, None, "too few")


def test_a_verdict_needs_every_pair_of_processes_on_its_side():
    # 20 pairs at 1.05, then 6 of exactly 1 in a second pair of processes. Pooled, "no change" is rejected (6 of 26: p = .009) and the
    # interval, ranks 8 to 19, is 1.05 alone: only the processes' medians tell.
    original, candidate = [1.05] * 20 + [1.0] * 6, [1.0] * 26
    process = [0] * 20 + [1] * 6
    assert s.paired_ratio(original, candidate).verdict == "faster"
    found = s.paired_ratio(original, candidate, process=process)
    assert (found.verdict, found.p <= 0.05) == ("unsure", True)
    assert (found.low, found.high) == pytest.approx((1.0, 1.05))
    assert s.paired_ratio([1.05] * 26, candidate, process=process).verdict == "faster"


@pytest.mark.parametrize(("second", "word"), [(1.03, "faster"), (1.01, "unsure"), (0.95, "unsure")])
def test_each_process_must_lie_beyond_the_margin_on_the_same_side(second, word):
    process = [0] * 20 + [1] * 6
    found = s.paired_ratio([1.05] * 20 + [second] * 6, [1.0] * 26, process=process)
    assert (found.verdict, found.low, found.high) == (word, pytest.approx(second), pytest.approx(1.05))


def test_a_pair_of_processes_whose_rounds_are_all_left_out_confirms_nothing():
    found = s.paired_ratio([1.05] * 26, [1.0] * 26, left_out=set(range(20, 26)), process=[0] * 20 + [1] * 6)
    assert (found.n, found.verdict) == (20, "unsure")
