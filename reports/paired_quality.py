"""Quality of now and before on the same test items, from the per-item outcomes that both records keep. Standard library only.

Right or wrong per item: McNemar's exact test (McNemar 1947, https://doi.org/10.1007/BF02295996). Counts of true and false
positives and false negatives per item: F1 of the totals, a permutation test that swaps the two sides of items (Noreen 1989,
Computer-Intensive Methods for Testing Hypotheses), interval by the delete-one jackknife (Efron and Stein 1981,
https://doi.org/10.1214/aos/1176345462).
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.statistics import binomial_tail

# The smallest p that 9999 random swaps can give is 1e-4, below the share of each of 40 cases at 1 % over the run (2.5e-4).
PERMUTATIONS = 9999
Counts = tuple[int, int, int]  # true positives, false positives, false negatives


@dataclass(frozen=True)
class Paired:
    """now - before of `metric`, as a fraction; [`low`, `high`] its 95 % interval, `p` of no change, `n` items."""

    metric: str
    difference: float
    low: float
    high: float
    p: float
    n: int


def compare(now: Mapping[str, Any], before: Mapping[str, Any]) -> Paired | None:
    """None when the two keep no outcomes of the same kind for the same number of items."""
    for names, test in ((("correct",), _accuracy), (("tp", "fp", "fn"), _f1), (("nll_micro", "tokens"), _likelihood)):
        if all(name in side for side in (now, before) for name in names):
            columns = [[side[name] for name in names] for side in (now, before)]
            lengths = {len(column) for side in columns for column in side}
            if len(lengths) == 1 and lengths != {0}:
                return test(*[list(zip(*side, strict=True)) for side in columns])
    return None


def _accuracy(now: Sequence[tuple[int]], before: Sequence[tuple[int]]) -> Paired:
    n = len(now)
    gained = sum(new > old for new, old in zip(now, before, strict=True))
    lost = sum(new < old for new, old in zip(now, before, strict=True))
    difference = (gained - lost) / n
    reach = 1.96 * math.sqrt(max(gained + lost - (gained - lost) ** 2 / n, 0)) / n
    p = min(1.0, 2 * binomial_tail(min(gained, lost), gained + lost)) if gained + lost else 1.0
    return Paired("accuracy", difference, difference - reach, difference + reach, p, n)


def f1(tp: float, fp: float, fn: float) -> float:
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0


def _f1(now: Sequence[Counts], before: Sequence[Counts]) -> Paired:
    n, totals = len(now), (_sum(now), _sum(before))
    difference = f1(*totals[0]) - f1(*totals[1])
    without = [
        f1(*_minus(totals[0], new)) - f1(*_minus(totals[1], old)) if n > 1 else difference
        for new, old in zip(now, before, strict=True)
    ]
    mean = sum(without) / n
    reach = 1.96 * math.sqrt((n - 1) / n * sum((value - mean) ** 2 for value in without))
    changed = [_minus(new, old) for new, old in zip(now, before, strict=True) if new != old]
    p = _permutation(totals, changed, abs(difference)) if changed else 1.0
    return Paired("F1", difference, difference - reach, difference + reach, p, n)


def _likelihood(now: Sequence[tuple[int, int]], before: Sequence[tuple[int, int]]) -> Paired | None:
    """Log perplexity: its difference is the relative change of perplexity, positive when it fell. None for other tokens.

    Sign-flip permutation of the windows' differences (Fisher 1935, The Design of Experiments), normal interval of their mean.
    """
    tokens = [count for _, count in before]
    if tokens != [count for _, count in now] or not sum(tokens):
        return None
    gains = [(old - new) * 1e-6 for (new, _), (old, _) in zip(now, before, strict=True)]
    n, total = len(gains), sum(tokens)
    difference, mean = sum(gains) / total, sum(gains) / n
    reach = 1.96 * math.sqrt(n * sum((gain - mean) ** 2 for gain in gains) / max(n - 1, 1)) / total
    draw, as_extreme = random.Random(0), 0
    for _ in range(PERMUTATIONS if any(gains) else 0):
        signs = draw.getrandbits(n)
        moved = sum(-gain if signs >> index & 1 else gain for index, gain in enumerate(gains))
        as_extreme += abs(moved) >= abs(sum(gains)) - 1e-12
    p = (as_extreme + 1) / (PERMUTATIONS + 1) if any(gains) else 1.0
    return Paired("log perplexity", difference, difference - reach, difference + reach, p, n)


def _permutation(totals: tuple[Counts, Counts], changed: Sequence[Counts], observed: float) -> float:
    draw, as_extreme = random.Random(0), 0
    for _ in range(PERMUTATIONS):
        swaps = draw.getrandbits(len(changed))
        moved = _sum([delta for index, delta in enumerate(changed) if swaps >> index & 1])
        new, old = _minus(totals[0], moved), _minus(totals[1], _minus((0, 0, 0), moved))
        as_extreme += abs(f1(*new) - f1(*old)) >= observed - 1e-12
    return (as_extreme + 1) / (PERMUTATIONS + 1)


def _sum(items: Sequence[Counts]) -> Counts:
    return tuple(map(sum, zip(*items, strict=True))) if items else (0, 0, 0)  # type: ignore[return-value]


def _minus(a: Counts, b: Counts) -> Counts:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])
