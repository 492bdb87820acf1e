"""Speed-up of a row, derived from its raw pairs; never from another run or machine."""

from __future__ import annotations

from collections.abc import Iterable

from reports.record import Record
from reports.statistics import Estimate, Ratio, paired_ratio, quotient

ORIGINAL = "original"
TUNED = "original-tuned"  # the same fp32 weights through the best fp32 library: what the runtime alone gives


def speedup(record: Record) -> Ratio | None:
    """original / this row, from interleaved pairs without the tainted ones; None when there is no usable pair (`why_no_speedup`)."""
    if record.times is None:
        return None
    tainted = {int(index) for index in record.times.tainted}
    if len(tainted) >= len(record.times.original_s):
        return None
    return paired_ratio(record.times.original_s, record.times.candidate_s, tainted, record.times.process)


def why_no_speedup(record: Record) -> str:
    if record.status != "measured":
        return record.reason
    if record.times is not None:
        return f"all {len(record.times.original_s)} pairs were disturbed (steal, throttling or a foreign process) and left out"
    return record.absent.get("speedup") or record.absent.get("latency") or "not timed beside the original"


def same_session(a: Record, b: Record) -> bool:
    """Whether a ratio of the two means anything: one run, one machine, one device, the same batch, shapes and threads."""
    keys = ("batch", "inputs", "threads")
    return (
        (a.task, a.model, a.device, a.run_id) == (b.task, b.model, b.device, b.run_id)
        and all(a.environment.get(key) == b.environment.get(key) for key in ("machine", "label"))
        and all(a.conditions.get(key) == b.conditions.get(key) for key in keys)
    )


def speedup_over_tuned(record: Record, records: Iterable[Record]) -> Estimate | None:
    """The part of the speed-up that the runtime alone does not explain: a quotient of two paired speed-ups, so not itself paired."""
    own = speedup(record)
    if own is None or record.method == TUNED:
        return None
    for other in records:
        if other.method == TUNED and same_session(record, other):
            tuned = speedup(other)
            if tuned is not None:
                return quotient(own, tuned)
    return None
