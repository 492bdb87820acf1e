"""The columns of one case, now against before: deterministic ones exactly, memory within its tolerance, quality by a paired test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports import paired_quality
from reports.gate_finding import Finding
from reports.lines import primary
from reports.record import Measurement, Record
from reports.statistics import verdict
from reports.thresholds import Threshold, Thresholds
from reports.units import fixed, megabytes, significant

# Kept in both records and read back from the artifact and the session, by the threshold that covers them.
EXACT = {
    "storage": ("weights.dtypes", "weights.parameters", "weights.zero_share", "weights.unique_max"),
    "execution": ("facts.provider", "facts.device", "facts.dtype", "facts.op_counts", "facts.share_on_device"),
}
# A share of zeros moves by single weights between builds of one step on two CPUs; a pruning step that stopped working moves it
# by its whole share.
ZERO_SHARE = 0.001


def exact(new: Record, old: Record, thresholds: Thresholds) -> Iterator[Finding]:
    for metric, names in EXACT.items():
        threshold = thresholds.of(new, metric)
        for name in names:
            after, before = _lookup(new.audit, name), _lookup(old.audit, name)
            if before is None or _alike(name, after, before, thresholds.of(new, "size").relative):
                continue
            yield Finding(new.case, metric, "worse", f"{name} changed: {changes(before, after)}", threshold.gates)


def _lookup(audit: Mapping[str, Any], name: str) -> Any:
    part, _, field = name.partition(".")
    return audit.get(part, {}).get(field)


def _alike(name: str, after: Any, before: Any, relative: float) -> bool:
    if name == "weights.zero_share" and after is not None:
        return abs(after - before) <= ZERO_SHARE
    if name == "weights.dtypes" and after is not None:
        # Bytes by dtype: the same dtypes, and of each as many bytes as the tolerance of the size allows.
        return set(after) == set(before) and all(abs(after[d] - before[d]) <= relative * sum(before.values()) for d in before)
    return bool(after == before)


def changes(before: Any, after: Any) -> str:
    """`int8 802882 -> 0, float32 64136 -> 3273600`: only what differs of two mappings."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        shown = [f"{name} {before.get(name, 0)} -> {after.get(name, 0)}" for name in names[:4]]
        return ", ".join([*shown, *([f"and {len(names) - 4} more"] if len(names) > 4 else [])])
    return f"{before} -> {after}"


def toleranced(new: Record, old: Record, role: str, thresholds: Thresholds) -> Iterator[Finding]:
    """Values of one process each, without a test: worse or better when they differ by more than is tolerated."""
    after, before = dict(primary(new, role)), dict(primary(old, role))
    if role == "agreement":
        after, before = ({k: m for k, m in r.measurements.items() if k == "agreement_top1"} for r in (new, old))
    threshold = thresholds.of(new, role)
    for name, value in before.items():
        if name not in after:
            yield Finding(new.case, role, "unjudged", lost(name, new), threshold.gates)
            continue
        growth = after[name].value - value.value
        loss = growth if value.direction == "lower" else -growth
        allowed = threshold.allowed(value.value)
        word = "same" if abs(loss) <= allowed else changed_at_all("worse" if loss > 0 else "better", threshold)
        relative = f"{growth / value.value:+.1%}" if value.value else "from 0"
        text = f"{name} {show(value)} -> {show(after[name])} ({relative}; tolerated {shown(allowed, value)})"
        if not threshold.gates:
            text += "; only reported"
        yield Finding(new.case, role, word, text, threshold.gates)


def changed_at_all(word: str, threshold: Threshold) -> str:
    """What may not change at all is worse in either direction."""
    return "worse" if word == "better" and threshold.direction == "both" else word


def lost(name: str, record: Record) -> str:
    return f"{name} lost its value: {record.absent.get(name, 'no reason is recorded')}"


def show(measurement: Measurement) -> str:
    return shown(measurement.value, measurement)


def shown(value: float, like: Measurement) -> str:
    if like.unit == "B":
        return megabytes(value)
    return f"{significant(value * 1e3)} ms" if like.unit == "s" else fixed(value, 4)


def quality(new: Record, old: Record, thresholds: Thresholds, alpha: float) -> Iterator[Finding]:
    threshold = thresholds.of(new, "quality")
    before = dict(primary(old, "quality"))
    if not before:
        return
    name, value = next(iter(before.items()))
    paired = paired_quality.compare(new.outcomes, old.outcomes)
    if name not in new.measurements or paired is None:
        why = "the two rows were not scored on the same items: no paired test is possible"
        yield Finding(new.case, "quality", "unjudged", why if paired is None else lost(name, new), threshold.gates)
        return
    margin = threshold.allowed(value.value)
    word = changed_at_all(verdict(paired.difference, paired.low, paired.high, paired.p <= alpha, margin), threshold)
    points = [number * 100 for number in (paired.difference, paired.low, paired.high)]
    text = (
        f"{paired.metric} {points[0]:+.2f} points [{points[1]:+.2f}, {points[2]:+.2f}], p {paired.p:.2g}, {paired.n} items "
        f"({name} {value.value:.4f} -> {new.measurements[name].value:.4f}; margin {margin * 100:.2g} points)"
    )
    yield Finding(new.case, "quality", word, text, threshold.gates)
