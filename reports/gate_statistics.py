"""The gate's verdict on speed: has one side become slower by more than the tolerance, at an error rate that holds for the whole run?

Samples are log ratios log(now / before), one per interleaved pair, above 0 where the new side is slower. A pair of processes is
measured at growing numbers of pairs (`LOOKS`); what is suspected is measured again on fresh processes (`CONFIRMATIONS`) before
it is called worse.

- Within processes: the exact one-sided sign test, distribution-free, for outliers and noise of any shape (Dixon and Mood 1946,
  https://doi.org/10.1080/01621459.1946.10501898). Alpha is spent evenly over the looks (Pocock 1977,
  https://doi.org/10.1093/biomet/64.2.191, in the conservative form of a union bound) and divided over the cases of the run
  (Bonferroni).
- Between processes: two processes of one model differ for as long as they live (their ratio has sd .9-1.4 % here,
  docs/decisions/0003), which no sign test over their pairs can see. What is suspected is judged on fresh pairs of processes
  alone (the first were selected for being slow), by the median of their medians, each of them on the same side.
- Worse also needs the estimate beyond the tolerance. A rule that wants the whole interval beyond it cannot see a slowdown of
  its own size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.statistics import binomial_tail, iqr, median, median_estimate

# Of a run, over all cases and looks.
FAMILY_ALPHA = 0.01
# At 1 % over 40 cases and three looks a case has 8.3e-5 a look: 14 pairs are the fewest that can reject (2**-14 = 6.1e-5), 16
# leave a margin; 26 allow three pairs on the wrong side, 40 seven, which is what 5 % outliers and noise as large as a third of
# the change produce.
LOOKS = (16, 26, 40)
# Fresh pairs of processes for what is suspected, and pairs in each. The median of five medians has .54 of the spread of one:
# .75 % at the largest sd seen, so that 3 % is four of them away.
CONFIRMATIONS, CONFIRMATION_PAIRS = 5, 16
# Suspected is half of the tolerance: at sd 1.4 % between processes a slowdown of 5 % reads less than 3 % in one of twelve first
# pairs, less than 1.5 % in one of 160.
SUSPECT = 0.5


@dataclass(frozen=True)
class SpeedVerdict:
    """`slowdown` = now / before, above 1 slower; [`low`, `high`] its 95 % interval. `p` of "not slower" or "not faster", the smaller one.

    `word`: worse | better | same | unsure. `detectable`: the slowdown that these pairs would have called worse in 95 % of
    cases, from their own number and spread; None where they are too few to reject anything.
    """

    word: str
    slowdown: float
    low: float | None
    high: float | None
    p: float
    pairs: int
    processes: int = 1
    detectable: float | None = None


def per_case_alpha(family_alpha: float, cases: int) -> float:
    """Bonferroni. Raises: ValueError without cases."""
    if cases < 1:
        raise ValueError(f"{cases} cases share no error rate: a gate judges at least one")
    return family_alpha / cases


def spend(alpha: float, looks: int) -> list[float]:
    """The error rate of each look; the sum is `alpha`."""
    if looks < 1:
        raise ValueError(f"{looks} looks spend no error rate: there is at least one")
    return [alpha / looks] * looks


def one_sided(logs: Sequence[float], slower: bool) -> float:
    """p of the sign test of "not slower" (or "not faster"). An exact 0 counts against rejection."""
    against = sum(value <= 0 if slower else value >= 0 for value in logs)
    return binomial_tail(against, len(logs))


def judge_speed(log_ratios: Sequence[float], tolerance: float, alpha: float) -> SpeedVerdict:
    """One look at the pairs of one pair of processes. Raises: ValueError without pairs."""
    return judge_processes([log_ratios], tolerance, alpha)


def judge_processes(groups: Sequence[Sequence[float]], tolerance: float, alpha: float) -> SpeedVerdict:
    """The pairs of several pairs of processes, one sequence each.

    `tolerance` is a fraction (.03), `alpha` the error rate of this one decision. Raises: ValueError when a group is empty.
    """
    logs = [value for group in groups for value in group]
    if not groups or any(not group for group in groups):
        raise ValueError("a pair of processes without a usable pair of times cannot be judged")
    medians = [median(group) for group in groups]
    center, margin = median(medians), math.log1p(tolerance)
    estimate = median_estimate(logs)
    low, high = estimate.low, estimate.high
    if len(groups) > 1 and low is not None and high is not None:
        low, high = min(low, *medians), max(high, *medians)
    slower, faster = one_sided(logs, slower=True), one_sided(logs, slower=False)
    if slower <= alpha and center > margin and min(medians) > 0:
        word = "worse"
    elif faster <= alpha and center < -margin and max(medians) < 0:
        word = "better"
    elif low is not None and high is not None and -margin <= low and high <= margin:
        word = "same"
    else:
        word = "unsure"
    return SpeedVerdict(
        word,
        math.exp(center),
        None if low is None else math.exp(low),
        None if high is None else math.exp(high),
        min(slower, faster),
        len(logs),
        len(groups),
        detectable(groups, tolerance, alpha),
    )


def detectable(groups: Sequence[Sequence[float]], tolerance: float, alpha: float) -> float | None:
    """The slowdown that would be called worse in 95 % of cases: now / before; None when these pairs could not reject at `alpha`.

    The median log ratio must pass the tolerance, and so many pairs must be slower that the sign test rejects: the k-th smallest
    of n lies above 0 when the change exceeds what that order statistic lies below the median. To both, 1.645 standard errors of
    the median are added.
    """
    logs = sorted(value for group in groups for value in group)
    n = len(logs)
    rank = sum(binomial_tail(k, n) <= alpha for k in range(n // 2))  # pairs that may stand on the wrong side, and one
    if rank == 0:
        return None
    middle = median(logs)
    reach = middle - logs[rank - 1]
    error = (
        1.2533 * (iqr(logs) / 1.349) / math.sqrt(n)
    )  # sqrt(pi/2): of the median of a normal distribution, sigma from the quartiles
    return math.exp(max(math.log1p(tolerance), reach) + 1.645 * error)


def suspected(verdict: SpeedVerdict, tolerance: float, alpha: float) -> bool:
    """Whether this look asks for fresh processes: no change is rejected and half of the tolerance passed, on either side."""
    return verdict.p <= alpha and abs(math.log(verdict.slowdown)) > SUSPECT * math.log1p(tolerance)


def next_step(log_ratios: Sequence[float], tolerance: float, alpha: float, looks: Sequence[int] = LOOKS) -> str:
    """What to do after these pairs of the first processes: "more" pairs, "confirm" on fresh processes, or "done". `alpha`: of the case."""
    taken = [look for look in looks if look <= len(log_ratios)]
    if not taken:
        return "more"
    level = spend(alpha, len(looks))[len(taken) - 1]
    verdict = judge_speed(log_ratios[: taken[-1]], tolerance, level)
    if suspected(verdict, tolerance, level):
        return "confirm"
    return "done" if verdict.word == "same" or len(taken) == len(looks) else "more"


def judge_sequential(
    first: Sequence[float],
    confirmations: Sequence[Sequence[float]],
    tolerance: float,
    alpha: float,
    looks: Sequence[int] = LOOKS,
) -> SpeedVerdict:
    """The case's verdict from the first processes' pairs, in time order, and those of the fresh ones, where they were asked for.

    The fresh ones alone decide. Without them nothing is worse or better: what is only suspected is "unsure".
    """
    level = spend(alpha, len(looks))[0]
    if confirmations:
        return judge_processes(confirmations, tolerance, level)
    verdict = judge_speed(first, tolerance, level)
    return verdict if verdict.word == "same" else replace(verdict, word="unsure")
