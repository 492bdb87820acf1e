"""Raw latency samples as bins: the row and the original on one axis, so that the shapes can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.page.words import tell
from reports.record import Record
from reports.speed import ORIGINAL
from reports.statistics import median
from reports.units import duration

BINS = 40  # chosen so that a bar is a few pixels wide on a phone
TAIL = 0.99  # the axis ends here: one pause of the machine would press everything else into the first bin


def histogram(record: Record, lang: str) -> dict[str, Any] | None:
    """Pairs where they were taken, else the samples of the latency; None when the record holds neither."""
    if record.times is not None:
        times, tainted = record.times, {int(index) for index in record.times.tainted}
        names = (record.method, tell(lang, "original"))
        if record.method == ORIGINAL:  # the original against itself: two processes of the same
            names = (f"{names[1]} A", f"{names[1]} B")
        both = (times.candidate_s, times.original_s)
        sides = [(name, [s for i, s in enumerate(found) if i not in tainted]) for name, found in zip(names, both, strict=True)]
        fields = {"n": len(times.candidate_s), "batch": record.conditions.get("batch", "?"), "tainted": len(tainted)}
        return _drawn(sides, "times note", fields, lang)
    latency = record.measurements.get("latency")
    if latency is None or not latency.samples:
        return None
    return _drawn([(record.method, list(latency.samples))], "samples note", {"n": len(latency.samples)}, lang)


def _drawn(sides: Sequence[tuple[str, list[float]]], note: str, fields: dict[str, Any], lang: str) -> dict[str, Any] | None:
    everything = sorted(value for _, values in sides for value in values)
    if not everything:
        return None
    low, high = everything[0], everything[min(len(everything) - 1, int(TAIL * len(everything)))]
    high = high if high > low else low * 1.01
    above = sum(value > high for value in everything)
    return {
        "kind": "histogram",
        "title": tell(lang, "times"),
        "sides": [
            {"name": name, "counts": bins(values, low, high), "median": _place(values, low, high)} for name, values in sides
        ],
        "ticks": [duration(low + (high - low) * part) for part in (0, 0.5, 1)],
        "note": tell(lang, note, above=above, **fields),
    }


def bins(values: Sequence[float], low: float, high: float, count: int = BINS) -> list[int]:
    """How many values fall into each of `count` equal parts of [low, high]; what is outside is in none."""
    found = [0] * count
    for value in values:
        if low <= value <= high:
            found[min(int((value - low) / (high - low) * count), count - 1)] += 1
    return found


def _place(values: Sequence[float], low: float, high: float) -> dict[str, Any] | None:
    if not values:
        return None
    middle = median(values)
    return {"at": round(min(max((middle - low) / (high - low), 0), 1), 4), "text": duration(middle)}
