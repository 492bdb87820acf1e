"""Distribution-free statistics of repeated measurements; pure functions of the standard library.

Interval of a median: order statistics with exact binomial coverage (David & Nagaraja, Order Statistics, 3rd ed., section 7.1). It is the
inversion of the sign test, so "the interval excludes 1" and "no change is rejected" are the same statement.

False verdicts: "faster" or "slower" needs a rejection (at most 5 % of runs of two equal models) *and* an estimate beyond 2 %.
Simulated A/A, 20 000 runs each: 20 pairs at sigma 3 % give a false verdict in 0.5 % of runs, at sigma 5 % in 2.7 %; 55 pairs (what
`rounds_needed` asks for at sigma 3 %), and 20 pairs at sigma 1 %, gave none.

Those rates assume independent pairs. They do not describe what differs between two processes of one model for as long as they live
(sd 1.4 % with bound threads, docs/decisions/0003): every pair of one pair of processes shares it, so no number of rounds averages it out.
An interval is within one pair of processes, unless the row was confirmed on several; then it reaches to each one's median.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95
FEWEST_PAIRS = 6  # 1 - 2/2**6 = 96.9 %; with five values even [min, max] covers only 93.75 %
SPEED_MARGIN = 0.02  # measurement rules: smaller differences are called "same" or "unsure", never "faster"
HALF_WIDTH = 0.01  # of the interval of a speed-up: half of the smallest difference that is called one
QUALITY_MARGIN = 0.005  # half a point: the smallest effect that matters
SPEED_WORDS = ("faster", "slower")
QUALITY_WORDS = ("better", "worse")


@dataclass(frozen=True)
class Estimate:
    """A value from `n` samples with an interval of stated coverage, or `reason` why there is none."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None
    coverage: float | None = None
    reason: str = ""

    def interval(self) -> dict[str, float]:
        """As fields of a measurement; empty where too few samples give none."""
        return {} if self.low is None or self.high is None else {"low": self.low, "high": self.high}


@dataclass(frozen=True)
class Ratio(Estimate):
    """original / candidate: above 1 the candidate is faster. `p` is the sign test's p of no change."""

    p: float = 1.0
    verdict: str = "unsure"


def quantile(samples: Sequence[float], q: float) -> float:
    """Linear interpolation between the order statistics around (n - 1) q. Raises: ValueError without samples."""
    if not samples:
        raise ValueError("no samples: a quantile needs at least one")
    ordered = sorted(samples)
    position = (len(ordered) - 1) * q
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    # This form stays within [below, above] and is exact when both are equal.
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def median(samples: Sequence[float]) -> float:
    if not samples:
        raise ValueError("no samples: a median needs at least one")
    ordered, middle = sorted(samples), len(samples) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def iqr(samples: Sequence[float]) -> float:
    return quantile(samples, 0.75) - quantile(samples, 0.25)


def percentile(samples: Sequence[float], q: float) -> tuple[float | None, str]:
    """The value and "", or None and the reason: three samples must lie beyond it (p95 needs 60, p99 needs 300)."""
    needed = round(3 / (1 - q))
    if len(samples) < needed:
        return None, f"p{q * 100:g} needs {needed} samples, {len(samples)} were taken"
    return quantile(samples, q), ""


def binomial_tail(k: int, n: int) -> float:
    """P(X <= k) for X ~ Binomial(n, 1/2), exact."""
    return sum(math.comb(n, i) for i in range(k + 1)) / 2**n if k >= 0 else 0.0


def median_rank(n: int, confidence: float = CONFIDENCE) -> tuple[int, float] | None:
    """(k, coverage): the k-th smallest and k-th largest of n values enclose the median with at least `confidence`; None when no pair does."""
    total, tail, term, found = 2**n, 0, 1, None
    for k in range(1, n // 2 + 1):
        tail += term  # P(X <= k - 1) * 2**n
        if 2 * tail / total > 1 - confidence:
            break
        found = (k, 1 - 2 * tail / total)
        term = term * (n - k + 1) // k
    return found


def median_estimate(samples: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The median with its distribution-free interval; coverage is the exact one, at least `confidence`."""
    n, rank = len(samples), median_rank(len(samples), confidence)
    value = median(samples)
    if n < FEWEST_PAIRS or rank is None:
        return Estimate(value, n, reason=f"an interval of the median needs {FEWEST_PAIRS} samples, {n} were taken")
    ordered = sorted(samples)
    return Estimate(value, n, ordered[rank[0] - 1], ordered[-rank[0]], rank[1])


def sign_test(ratios: Sequence[float]) -> float:
    """Two-sided p of "the median ratio is 1". A ratio of exactly 1 counts against rejection on both sides."""
    fewer = min(sum(r <= 1 for r in ratios), sum(r >= 1 for r in ratios))
    return min(1.0, 2 * binomial_tail(fewer, len(ratios)))


def verdict(
    estimate: float, low: float | None, high: float | None, rejected: bool, margin: float, words: tuple[str, str] = QUALITY_WORDS
) -> str:
    """words[0] | words[1] | same | unsure, on a scale where 0 is no change and more is better (log of a ratio, or a difference).

    `rejected`: a paired test rejects "no change" at 95 %. A difference within the margin is never called one, however sure.
    """
    if rejected and abs(estimate) > margin:
        return words[0] if estimate > 0 else words[1]
    if low is not None and high is not None and -margin <= low and high <= margin:
        return "same"
    return "unsure"


def paired_ratio(
    original: Sequence[float], candidate: Sequence[float], left_out: Collection[int] = (), process: Sequence[int] = ()
) -> Ratio:
    """Speed-up as the median of per-round ratios original / candidate. Raises: ValueError when no pair is left.

    `process` numbers the pair of processes that each round ran in. Two processes of one model differ by a percent or more for as long as they
    live, which no number of rounds averages out: with several, "faster" or "slower" needs each of them beyond the margin on that side, and
    the interval reaches to each one's median.
    """
    kept = [index for index in range(len(original)) if index not in left_out]
    if len(original) != len(candidate):
        raise ValueError(f"{len(original)} original and {len(candidate)} candidate times are no pairs")
    ratios = [original[index] / candidate[index] for index in kept]
    if not ratios:
        raise ValueError(f"none of the {len(original)} pairs can be used")
    # The median is taken of logarithms, so that swapping the two sides gives exactly the reciprocal.
    logs = median_estimate([math.log(r) for r in ratios])
    low, high = logs.low, logs.high
    p = sign_test(ratios)
    margin = math.log1p(SPEED_MARGIN)
    medians = _by_process(ratios, [process[index] for index in kept]) if process else []
    complete = len(medians) == len(set(process))  # a process without a usable pair confirms nothing
    if len(medians) > 1 and low is not None and high is not None:
        low, high = min(low, *medians), max(high, *medians)
    agreed = complete and (all(value > margin for value in medians) or all(value < -margin for value in medians))
    word = verdict(logs.value, low, high, p <= 1 - CONFIDENCE and agreed, margin, SPEED_WORDS)
    return Ratio(
        value=math.exp(logs.value),
        n=logs.n,
        low=None if low is None else math.exp(low),
        high=None if high is None else math.exp(high),
        coverage=logs.coverage,
        reason=logs.reason.replace("samples", "pairs"),
        p=p,
        verdict=word,
    )


def _by_process(ratios: Sequence[float], process: Sequence[int]) -> list[float]:
    """The median log ratio of each pair of processes, in order of their numbers."""
    numbers = sorted(set(process))
    return [median([math.log(r) for r, number in zip(ratios, process, strict=True) if number == found]) for found in numbers]


def rounds_needed(pilot: Sequence[float], target: float = HALF_WIDTH, minimum: int = 20, maximum: int = 400) -> int:
    """Pairs until the interval of the median ratio would have a half-width of `target`, judged by the spread of the pilot's ratios.

    Half-width of a median of n: 1.96 * sqrt(pi/2) * sigma / sqrt(n), sigma from the quartiles (one outlier in a pilot must not buy
    hundreds of pairs). A pilot of fewer than four ratios says nothing about the spread: `minimum`.
    """
    if len(pilot) < 4:
        return min(minimum, maximum)
    sigma = iqr([math.log(r) for r in pilot]) / 1.349  # quartiles of a normal distribution are 1.349 sigma apart
    needed = math.ceil(math.pi / 2 * (1.96 * sigma / target) ** 2)
    return min(max(needed, minimum), maximum)


def quotient(a: Estimate, b: Estimate) -> Estimate:
    """a / b of two separately measured positive estimates; intervals are combined on the log scale (MOVER, Zou & Donner 2008)."""
    value, n = a.value / b.value, min(a.n, b.n)
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return Estimate(value, n, reason=a.reason or b.reason or "one side has no interval")
    if min(a.low, b.low) <= 0:
        return Estimate(value, n, reason="an interval that reaches zero has no logarithm")
    down = math.hypot(math.log(a.value / a.low), math.log(b.high / b.value))
    up = math.hypot(math.log(a.high / a.value), math.log(b.value / b.low))
    coverage = min(a.coverage or CONFIDENCE, b.coverage or CONFIDENCE)
    return Estimate(value, n, value * math.exp(-down), value * math.exp(up), coverage)
