"""Budgets: limits that are judged without any baseline, from pyproject.toml, a marker of a benchmark file, or a model's entry.

    [[tool.compression-benchmarks.gate.budgets]]
    case = "*:onnx-int8-dynamic:cpu"           # or task, model, method: globs, all that are given must match
    metric = "latency_p95"
    at_most = "30 ms"

    @pytest.mark.budget("ram", "500 MB")       # of every case of that benchmark file
    Model(..., budgets={"ram": "500 MB"})      # of every case of that model

A metric that no row has, a limit in another unit, or two limits for one thing could not be meant: they end the run at its start.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reports.units import SCALES

# What can have a budget, by its base unit: the times and sizes that a row holds. A budget of another name would never be judged.
METRICS: Mapping[str, tuple[str, ...]] = {
    "s": (
        *("latency", "latency_p95", "latency_p99", "latency_batch", "first_call", "load_time", "cpu_time", "build_time"),
        *("time_to_first_token", "time_to_first_token_batch8"),
    ),
    "B": (
        *("size", "deflated_size", "theoretical_size", "ram", "ram_peak", "ram_resident", "build_peak_ram"),
        *("vram", "vram_tensors", "vram_reserved", "vram_device"),
    ),
}


class ThresholdError(ValueError):
    """A threshold or budget that cannot be meant; the message names the entry and what would be right."""


@dataclass(frozen=True)
class Budget:
    """A limit on a measurement of every matching case, in its base unit."""

    where: Mapping[str, str]
    metric: str
    limit: float
    text: str  # as it was written: "30 ms"
    said: str = ""  # where it was written

    @property
    def unit(self) -> str:
        return unit_of(self.metric)


def budget(where: Mapping[str, str], metric: str, at_most: object, said: str) -> Budget:
    """`said`: where it stands, for messages. Raises: ThresholdError."""
    if not metric:
        raise ThresholdError(f"{said}: name the metric, such as latency_p95, ram or size")
    unit = unit_of(metric)
    if not unit:
        raise ThresholdError(
            f"{said}: unknown {metric!r}; there are {', '.join(name for names in METRICS.values() for name in names)}"
        )
    limit, of = amount(at_most, said)
    if of != unit:
        raise ThresholdError(
            f"{said}: {at_most!r} is no limit of {metric}, which is measured in {'seconds' if unit == 's' else 'bytes'}"
        )
    return Budget(where, metric, limit, str(at_most), said)


def unit_of(metric: str) -> str:
    return next((unit for unit, names in METRICS.items() if metric in names), "")


def amount(text: object, said: str) -> tuple[float, str]:
    """ "30 ms" -> (.03, "s"), "500 MB" -> (5e8, "B"). Raises: ThresholdError."""
    number, _, unit = str(text).strip().partition(" ")
    base, factor = SCALES.get(unit, ("", 1.0))
    try:
        value = float(number) / factor
    except ValueError:
        value = math.nan
    if base in METRICS and value > 0 and math.isfinite(value):
        return value, base
    raise ThresholdError(f"{said}: {text!r} is not a limit; write a positive number and a unit, such as '30 ms' or '500 MB'")


def require_one_limit(budgets: Iterable[Budget]) -> None:
    """Raises: ThresholdError for two limits of one metric for the same cases: one of them is a mistake."""
    found: dict[tuple[str, ...], Budget] = {}
    for entry in budgets:
        place = (entry.metric, *(f"{key}={glob}" for key, glob in sorted(entry.where.items())))
        first = found.setdefault(place, entry)
        if first.limit != entry.limit:
            places = f" ({first.said}; {entry.said})" if first.said != entry.said else ""
            raise ThresholdError(f"budgets: {', '.join(place)} has two limits, {first.text} and {entry.text}: keep one{places}")


def literal(text: str) -> str:
    """A glob that matches this text alone."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)
