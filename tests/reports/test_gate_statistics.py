"""The gate's statistics: hand-computed decisions, scipy beside them, and properties that hold for every sample."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from reports.gate_statistics import (
    CONFIRMATION_PAIRS,
    CONFIRMATIONS,
    FAMILY_ALPHA,
    LOOKS,
    detectable,
    judge_processes,
    judge_sequential,
    judge_speed,
    next_step,
    one_sided,
    per_case_alpha,
    spend,
)

ALPHA = per_case_alpha(FAMILY_ALPHA, 40)
LOGS = st.lists(st.floats(-0.5, 0.5).map(lambda x: round(x, 4)), min_size=20, max_size=60)


def noisy(change, noise=0.01, pairs=40, seed=0):
    draw = random.Random(seed)
    return [math.log1p(change) + draw.gauss(0, noise) for _ in range(pairs)]


def test_the_sign_test_is_the_exact_binomial_one():
    # 9 of 10 slower: (1 + 10) / 1024
    assert one_sided([0.1] * 9 + [-0.1], slower=True) == pytest.approx(11 / 1024)
    for wrong, n in ((0, 16), (3, 26), (7, 40), (20, 40)):
        logs = [0.1] * (n - wrong) + [-0.1] * wrong
        assert one_sided(logs, slower=True) == pytest.approx(stats.binomtest(wrong, n, 0.5, alternative="less").pvalue)


def test_no_change_at_all_is_not_rejected_by_ties():
    assert one_sided([0.0] * 40, slower=True) == 1.0
    assert judge_speed([0.0] * 40, 0.03, 0.01).word == "same"


def test_the_constants_allow_what_their_comment_says():
    level = spend(ALPHA, len(LOOKS))[0]
    for look, allowed in zip(LOOKS, (0, 3, 7), strict=True):
        assert one_sided([1] * (look - allowed) + [-1] * allowed, slower=True) <= level
        assert one_sided([1] * (look - allowed - 2) + [-1] * (allowed + 2), slower=True) > level


def test_what_is_spent_is_what_there_was():
    assert sum(spend(0.01, 3)) == pytest.approx(0.01)
    assert per_case_alpha(0.01, 40) * 40 == pytest.approx(0.01)
    with pytest.raises(ValueError, match="at least one"):
        per_case_alpha(0.01, 0)
    with pytest.raises(ValueError, match="at least one"):
        spend(0.01, 0)


@pytest.mark.parametrize(
    ("change", "noise", "word"),
    [(0.05, 0.01, "worse"), (-0.05, 0.01, "better"), (0.0, 0.01, "same"), (0.02, 0.01, "same")],
)
def test_a_change_beyond_the_tolerance_is_called_and_a_smaller_one_is_not(change, noise, word):
    assert judge_speed(noisy(change, noise), 0.03, ALPHA / 3).word == word


def test_what_may_be_within_the_tolerance_or_beyond_it_is_unsure():
    # Half of the pairs at 0, half at 5 %: the median is 2.5 %, its interval reaches from 0 to 5 %, and 20 of 40 reject nothing.
    assert judge_speed([0.0, 0.05] * 20, 0.03, ALPHA / 3).word == "unsure"


def test_few_pairs_reject_nothing_however_clear():
    verdict = judge_speed([0.5] * 10, 0.03, 1e-4)
    assert verdict.word == "unsure"
    assert verdict.detectable is None


def test_one_process_that_disagrees_takes_the_verdict_away():
    slow = [noisy(0.06, seed=i) for i in range(5)]
    assert judge_processes(slow, 0.03, ALPHA / 3).word == "worse"
    assert judge_processes([*slow[:4], noisy(-0.01, seed=9)], 0.03, ALPHA / 3).word == "unsure"


def test_the_estimate_is_the_median_of_the_processes_and_the_interval_reaches_to_each():
    groups = [[math.log(1 + change)] * 16 for change in (0.04, 0.05, 0.10)]
    verdict = judge_processes(groups, 0.03, ALPHA)
    assert verdict.slowdown == pytest.approx(1.05)
    assert (verdict.low, verdict.high) == (pytest.approx(1.04), pytest.approx(1.10))
    assert (verdict.pairs, verdict.processes) == (48, 3)


def test_an_empty_process_cannot_be_judged():
    for groups in ([], [[0.1], []]):
        with pytest.raises(ValueError, match="cannot be judged"):
            judge_processes(groups, 0.03, 0.01)


def test_the_obvious_is_cleared_at_the_first_look_and_the_ambiguous_buys_pairs():
    assert next_step(noisy(0)[: LOOKS[0] - 1], 0.03, ALPHA) == "more"
    assert next_step(noisy(0.0, 0.005)[: LOOKS[0]], 0.03, ALPHA) == "done"
    assert next_step(noisy(0.2)[: LOOKS[0]], 0.03, ALPHA) == "confirm"
    assert next_step(noisy(-0.2)[: LOOKS[0]], 0.03, ALPHA) == "confirm"
    assert next_step(noisy(0.0, 0.1)[: LOOKS[0]], 0.03, ALPHA) == "more"
    assert next_step(noisy(0.0, 0.1)[: LOOKS[-1]], 0.03, ALPHA) == "done"


def test_nothing_is_worse_before_fresh_processes_say_so():
    slow = noisy(0.2)
    fresh = [noisy(0.2, pairs=CONFIRMATION_PAIRS, seed=i) for i in range(CONFIRMATIONS)]
    cleared = [noisy(0.0, pairs=CONFIRMATION_PAIRS, seed=i) for i in range(CONFIRMATIONS)]
    assert judge_sequential(slow, [], 0.03, ALPHA).word == "unsure"
    assert judge_sequential(slow, fresh, 0.03, ALPHA).word == "worse"
    assert judge_sequential(slow, cleared, 0.03, ALPHA).word == "same"


def test_what_it_says_it_could_detect_it_detects():
    quiet = noisy(0.0, 0.02, pairs=40, seed=3)
    found = detectable([quiet], 0.03, ALPHA / 3)
    caught = sum(judge_speed(noisy(found - 1, 0.02, seed=seed), 0.03, ALPHA / 3).word == "worse" for seed in range(400))
    assert caught >= 0.93 * 400  # 95 %, less what its own estimate of the spread is off
    less = sum(judge_speed(noisy((found - 1) / 2, 0.02, seed=seed), 0.03, ALPHA / 3).word == "worse" for seed in range(400))
    assert less <= 0.2 * 400


@given(LOGS, st.randoms())
def test_the_order_of_pairs_is_no_matter(logs, draw):
    shuffled = list(logs)
    draw.shuffle(shuffled)
    assert judge_speed(shuffled, 0.03, ALPHA) == judge_speed(logs, 0.03, ALPHA)


@given(LOGS)
def test_swapping_the_sides_swaps_the_words(logs):
    swap = {"worse": "better", "better": "worse"}
    there, back = judge_speed(logs, 0.03, ALPHA), judge_speed([-value for value in logs], 0.03, ALPHA)
    assert back.word == swap.get(there.word, there.word)
    assert back.slowdown == pytest.approx(1 / there.slowdown)


@given(LOGS, st.floats(0.01, 1.0))
def test_a_larger_slowdown_is_never_judged_milder(logs, more):
    severity = {"better": 0, "same": 1, "unsure": 1, "worse": 2}
    before, after = judge_speed(logs, 0.03, ALPHA), judge_speed([value + more for value in logs], 0.03, ALPHA)
    assert severity[after.word] >= severity[before.word]


@given(st.lists(st.floats(1e-4, 10), min_size=20, max_size=40), st.floats(1e-3, 1e3))
def test_the_unit_of_time_is_no_matter(times, scale):
    before = [1.0 + 0.1 * (index % 3) for index in range(len(times))]
    logs = [math.log(now / then) for now, then in zip(times, before, strict=True)]
    scaled = [math.log((now * scale) / (then * scale)) for now, then in zip(times, before, strict=True)]
    assert judge_speed(scaled, 0.03, ALPHA).slowdown == pytest.approx(judge_speed(logs, 0.03, ALPHA).slowdown)
