"""What a bar can ask of a row: each quantity is a title, a way to show it, and a function of the row and its peers.

Peers are the rows of the same model, device, machine and run: a ratio never uses a number of another run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from reports.bars.declared import FP32_EXPORTS
from reports.bars.scores import (
    Unknown,
    gain_over_counterpart,
    increase,
    original,
    original_score,
    points_more,
    score,
    share_of_score,
)
from reports.columns import label
from reports.record import Record
from reports.speed import ORIGINAL, same_session, speedup, why_no_speedup
from reports.statistics import Estimate, Ratio, quotient
from reports.table import ceiling_share
from reports.units import fixed, percent, ratio

# Sizes after a lossless coder of the indices or of the whole file; the smallest that was measured counts.
ENTROPY_CODED = ("huffman_size", "zstd_size", "deflated_size")
SHANNON = "shannon_size"  # a bound: no file has it, so it is shown and never counts


@dataclass(frozen=True)
class Quantity:
    """`read(row, peers)` raises Unknown; `show(estimate)` is a cell's text; `limit(number)` shows a bar's own number."""

    title: str
    read: Callable[[Record, Sequence[Record]], Estimate]
    show: Callable[[Estimate], str]
    limit: Callable[[float], str]


def measured(name: str) -> Callable[[Record, Sequence[Record]], Estimate]:
    def read(row: Record, peers: Sequence[Record]) -> Estimate:
        found = row.measurements.get(name)
        if found is None:
            raise Unknown(row.absent.get(name, f"no {label(name)} was measured"))
        return Estimate(found.value, found.n, found.low, found.high)

    return read


def over_original(*names: str, of: str = "") -> Callable[[Record, Sequence[Record]], Estimate]:
    """The smallest of the measurements that the row has, divided by the original's `of` (its first of `names`)."""

    def read(row: Record, peers: Sequence[Record]) -> Estimate:
        whole = original(row, peers).measurements.get(of or names[0])
        found = [row.measurements[name].value for name in names if name in row.measurements]
        if not found or whole is None:
            raise Unknown(next((row.absent[name] for name in names if name in row.absent), f"no {label(names[0])} was measured"))
        return Estimate(min(found) / whole.value, 1)

    return read


def left_of(name: str) -> Callable[[Record, Sequence[Record]], Estimate]:
    """What the steps that changed the architecture counted after the last of them, of what the first of them found."""

    def read(row: Record, peers: Sequence[Record]) -> Estimate:
        changed = [step["evidence"]["changed"] for step in row.artifact.get("lineage", ()) if "changed" in evidence(step)]
        if not changed:
            raise Unknown("no step of it changed the architecture")
        return Estimate(changed[-1][name] / changed[0][f"{name}_before"], 1)

    return read


def evidence(step: Mapping[str, Any]) -> Mapping[str, Any]:
    return step.get("evidence") or {}


def over_torch(row: Record, peers: Sequence[Record]) -> Ratio:
    found = speedup(row)
    if found is None:
        raise Unknown(why_no_speedup(row))
    return found


def over_best_fp32(row: Record, peers: Sequence[Record]) -> Estimate:
    """A quotient of two paired speed-ups, so not itself paired. What the best runtime gives is not compression's merit."""
    name, best = best_fp32(row, peers)
    return Estimate(1.0, best.n) if name == row.method else quotient(over_torch(row, peers), best)


def best_fp32(row: Record, peers: Sequence[Record]) -> tuple[str, Ratio]:
    timed = [
        (other.method, found)
        for other in peers
        if other.method != ORIGINAL and same_session(row, other) and (found := speedup(other)) is not None
        if any(fnmatchcase(other.method, name) for name in FP32_EXPORTS)
    ]
    if not timed:
        raise Unknown("no other fp32 runtime was timed in the same run")
    return max(timed, key=lambda pair: pair[1].value)


def over(name: str) -> Callable[[Record, Sequence[Record]], Estimate]:
    """Against the row of another method of the run; a quotient of two paired speed-ups."""

    def read(row: Record, peers: Sequence[Record]) -> Estimate:
        for other in peers:
            if other.method == name and same_session(row, other) and (found := speedup(other)) is not None:
                return quotient(over_torch(row, peers), found)
        raise Unknown(f"{name} was not timed in the same run")

    return read


def of_ceiling(row: Record, peers: Sequence[Record]) -> Estimate:
    found = ceiling_share(row)
    if found is None:
        raise Unknown(row.absent.get("ceiling_share", "no ceiling was measured"))
    return Estimate(found[1].value, found[1].n)


def percents(found: Estimate) -> str:
    text = f"{fixed(found.value * 100, 2)} %"
    return (
        text if found.low is None or found.high is None else f"{text} [{fixed(found.low * 100, 2)}, {fixed(found.high * 100, 2)}]"
    )


def points(found: Estimate) -> str:
    text = f"{fixed(found.value * 100, 2, sign=True)} pt"
    if found.low is None or found.high is None:
        return text
    return f"{text} [{fixed(found.low * 100, 2, sign=True)}, {fixed(found.high * 100, 2, sign=True)}]"


def signed_percents(found: Estimate) -> str:
    return points(found).replace(" pt", " %")


def exact_points(value: float) -> str:
    return f"{value * 100:g} pt"


def times(found: Estimate) -> str:
    return ratio(found.value, found.low, found.high)


def plain(found: Estimate) -> str:
    return f"{found.value:.4f}"


def small(found: Estimate) -> str:
    return f"{found.value:.1e}"


def exact_percent(value: float) -> str:
    return f"{value * 100:g} %"


def exact_times(value: float) -> str:
    return f"{value:g}×"


QUANTITIES: Mapping[str, Quantity] = {
    "original_score": Quantity("original", original_score, plain, "{:g}".format),
    "score": Quantity("score", score, plain, "{:g}".format),
    "share_of_score": Quantity("of the original's score [95 %, paired]", share_of_score, percents, exact_percent),
    "points_more": Quantity("points more than the original [95 %, paired]", points_more, points, exact_points),
    "increase": Quantity("more than the original [95 %, paired]", increase, signed_percents, exact_percent),
    "below_naive": Quantity("below its naive counterpart", gain_over_counterpart, signed_percents, exact_percent),
    "gain": Quantity("score above the same student's", gain_over_counterpart, points, exact_points),
    "agreement": Quantity("agreement", measured("agreement_top1"), lambda e: percent(e.value, 4), exact_percent),
    "cosine": Quantity("cosine of centred logits", measured("logit_cosine"), plain, "{:g}".format),
    "logit_error": Quantity("logit error, absolute plus relative", measured("logit_error_scaled"), small, "{:g}".format),
    "size": Quantity("size", over_original("size"), times, exact_times),
    "entropy_coded": Quantity("entropy-coded size", over_original(*ENTROPY_CODED, of="size"), times, exact_times),
    "shannon": Quantity("Shannon bound", over_original(SHANNON, of="size"), times, exact_times),
    "flops": Quantity("operations", left_of("flops"), percents, exact_percent),
    "parameters": Quantity("parameters", left_of("parameters"), percents, exact_percent),
    "ram": Quantity("RAM, peak minus imports", over_original("ram"), times, exact_times),
    "over_torch": Quantity("torch fp32 [95 %, paired]", over_torch, times, exact_times),
    "over_fp32": Quantity("best fp32 runtime [95 %]", over_best_fp32, times, exact_times),
    "over_onnx": Quantity("ONNX fp32 [95 %]", over("onnx"), times, exact_times),
    "ceiling": Quantity("of the machine's ceiling", of_ceiling, lambda e: percent(e.value, 2), exact_percent),
}
