"""The quality of a row as a plot needs it: a value, its interval against the original, and whether more is better.

The bar of a row is its paired interval, drawn around its value: original + [low, high] of the difference on the same items. It decides
whether two rows differ; the interval of a row alone is wider and would hide it. Where a row has no pairing its own interval is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.cells import agreement_of
from reports.columns import label
from reports.conclusions_choose import lead, why_no_quality
from reports.plots.facets import Facet
from reports.plots.words import tell
from reports.record import Measurement, Record
from reports.speed import ORIGINAL


@dataclass(frozen=True)
class Worth:
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scale:
    """`reason`: why agreement stands for quality; empty where quality was measured."""

    metric: str
    name: str
    higher: bool
    reason: str = ""


def scale(facet: Facet, lang: str) -> Scale | None:
    """The metric of the figure: the original's first one, else that of the first row that has one, else agreement with the original."""
    scored = [r for r in (facet.original, *facet.rows) if r is not None and lead(r) is not None]
    if scored:
        metric, found = lead(scored[0]) or ("", None)
        assert found is not None
        return Scale(metric, label(metric), found.direction != "lower")
    if any(agreement_of(r) for r in facet.rows):
        return Scale("", tell(lang, "agreement"), True, why_no_quality(facet.original or facet.rows[0], lang))
    return None


def worth(record: Record, of: Scale, original: Record | None, lang: str) -> Worth | str:
    """The row's value, or the sentence that says why it has none."""
    if not of.metric:
        if record.method == ORIGINAL:
            return Worth(1.0, 1.0, 1.0)  # by definition
        agreed = agreement_of(record)
        return tell(lang, "no value", what=of.name) if agreed is None else _own(agreed)
    found = lead(record)
    if found is None:
        return why_no_quality(record, lang)
    if found[0] != of.metric:
        return tell(lang, "other metric", metric=label(found[0]))
    reference = lead(original) if original is not None else None
    paired = found[1].paired or {}
    change, low, high = paired.get("difference"), paired.get("low"), paired.get("high")
    value = found[1].value
    if record.method == ORIGINAL:
        return Worth(value, value, value)
    if reference is None or change is None or low is None or high is None:
        return _own(found[1])
    if abs(reference[1].value + change - value) > 1e-6 * max(1.0, abs(value)):
        return _own(found[1])
    return Worth(value, min(value, reference[1].value + low), max(value, reference[1].value + high))


def _own(found: Measurement) -> Worth:
    low, high = (found.value if bound is None else bound for bound in (found.low, found.high))
    return Worth(found.value, min(low, found.value), max(high, found.value))
