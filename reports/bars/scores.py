"""What a bar can ask of a row's score: all of it, what is left of the original's, points or percent more errors, and the gain over a method
without its idea. Peers are the rows of the same model, device, machine and run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from reports import paired_quality
from reports.conclusions_choose import lead
from reports.record import Measurement, Record
from reports.speed import ORIGINAL
from reports.statistics import Estimate


class Unknown(Exception):
    """The row does not hold the quantity; the message says why."""


def share_of_score(row: Record, peers: Sequence[Record]) -> Estimate:
    """Score / the original's, with the interval of their paired difference divided by the original's score."""
    found = led(row)
    if row.method == ORIGINAL:
        return Estimate(1.0, found.n)
    paired = found.paired or {}
    if paired.get("difference") is None or found.direction != "higher":
        raise Unknown("no paired comparison with the original")
    before = original_score(row, peers).value
    low, high = (None if paired.get(side) is None else 1 + paired[side] / before for side in ("low", "high"))
    return Estimate(found.value / before, found.n, low, high)


def points_more(row: Record, peers: Sequence[Record]) -> Estimate:
    """The paired difference of an error rate, which is a fraction: more errors are above 0."""
    found, paired = lower_is_better(row)
    if paired.get("relative") is not None:
        raise Unknown("its score has no scale of points")
    return Estimate(paired["difference"], found.n, paired.get("low"), paired.get("high"))


def increase(row: Record, peers: Sequence[Record]) -> Estimate:
    """The paired change of a perplexity, divided by the original's."""
    found, paired = lower_is_better(row)
    relative = paired.get("relative")
    if relative is None:
        raise Unknown("its score is compared in points")
    before = original_score(row, peers).value
    low, high = (None if paired.get(side) is None else paired[side] / before for side in ("low", "high"))
    return Estimate(relative, found.n, low, high)


def lower_is_better(row: Record) -> tuple[Measurement, Mapping[str, Any]]:
    found = led(row)
    if row.method == ORIGINAL:
        raise Unknown("the original is what the other rows are compared with")
    if found.direction != "lower" or (found.paired or {}).get("difference") is None:
        raise Unknown("no paired comparison with the original")
    return found, found.paired or {}


def score(row: Record, peers: Sequence[Record]) -> Estimate:
    found = led(row)
    return Estimate(found.value, found.n, found.low, found.high)


def original_score(row: Record, peers: Sequence[Record]) -> Estimate:
    """What the row was paired with; so no other row is needed, when only the latest original of several runs is stored."""
    if row.method == ORIGINAL:
        return score(row, peers)
    difference = (led(row).paired or {}).get("difference")
    if difference is None:
        raise Unknown("no paired comparison with the original")
    return Estimate(led(row).value - difference, led(row).n)


def led(row: Record) -> Measurement:
    found = lead(row)
    if found is None:
        raise Unknown(next(iter(row.absent.values()), "no quality was measured"))
    return found[1]


def original(row: Record, peers: Sequence[Record]) -> Record:
    for other in peers:
        if other.method == ORIGINAL and other.status == "measured":
            return other
    raise Unknown("the original was not measured in the same run")


def gain_over_counterpart(row: Record, peers: Sequence[Record]) -> Estimate:
    """Score minus that of the method without this one's idea. The interval is paired by item where both kept the counts of one metric."""
    name = str(row.conditions.get("counterpart", ""))
    naive = next((other for other in peers if other.method == name and other.status == "measured"), None)
    if naive is None:
        raise Unknown(f"{name or 'its counterpart'} was not measured in the same run")
    difference = led(row).value - led(naive).value
    if led(row).direction == "lower":
        return fallen(row, naive, difference)
    paired = paired_quality.compare(row.outcomes, naive.outcomes)
    if paired is None:
        return Estimate(difference, led(row).n)
    # Moved to the row's own score where the kept outcomes are of another metric (accuracy beside macro F1).
    moved = difference - paired.difference
    return Estimate(difference, paired.n, paired.low + moved, paired.high + moved)


def fallen(row: Record, naive: Record, difference: float) -> Estimate:
    """How far an error of the counterpart falls, of its own value: by the log likelihoods of the same windows where both kept them."""
    paired = paired_quality.compare(row.outcomes, naive.outcomes)
    if paired is None or paired.metric != "log perplexity":
        return Estimate(-difference / led(naive).value, led(row).n)
    value, low, high = (-math.expm1(-change) for change in (paired.difference, paired.low, paired.high))
    return Estimate(value, paired.n, low, high)
