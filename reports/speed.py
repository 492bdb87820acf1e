"""Speed-up of a row, derived from its raw pairs; never from another run or machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reports.record import Record
from reports.statistics import SPEED_MARGIN, SPEED_WORDS, Estimate, Ratio, median, paired_ratio, quotient

ORIGINAL = "original"
TUNED = "original-tuned"  # the same fp32 weights through the best fp32 library: what the runtime alone gives
# Speed-ups under 1.2 are confirmed on four more pairs of processes: with two more, one of some fifty comparisons of a model with itself still
# came out faster. At 1.1 one came out slower unconfirmed: efficientvit_b3 read .903 against itself, and .902 in a row whose like read 1.05
# in another run. The original against itself is confirmed at any distance: a verdict there accuses the machine.
CLOSE, CONFIRMATIONS = 1.20, 4
# The condition of a row whose timed call did another amount of work than the original's, with the sentence that says so.
OTHER_WORK = "other_work"


def needs_confirmation(found: Ratio, method: str) -> bool:
    """Whether a "faster" or "slower" of one pair of processes may be no more than what differs between two processes of one model."""
    return found.verdict in SPEED_WORDS and (abs(math.log(found.value)) <= math.log(CLOSE) or method == ORIGINAL)


def agrees(value: float, ratios: Sequence[float]) -> bool:
    """Whether the pairs of another pair of processes say the same as `value`: beyond the margin, on its side. None of them say nothing."""
    again = median([math.log(ratio) for ratio in ratios]) if ratios else 0.0
    return again * math.log(value) > 0 and abs(again) > math.log1p(SPEED_MARGIN)


def speedup(record: Record) -> Ratio | None:
    """original / this row, from interleaved pairs without the tainted ones; None when there is no usable pair (`why_no_speedup`).

    A close "faster" or "slower" that was not confirmed on fresh processes is "unsure", whoever wrote the record.
    """
    if record.times is None or record.conditions.get(OTHER_WORK):
        return None
    tainted = {int(index) for index in record.times.tainted}
    if len(tainted) >= len(record.times.original_s):
        return None
    found = paired_ratio(record.times.original_s, record.times.candidate_s, tainted, record.times.process)
    confirmed = len(set(record.times.process)) > CONFIRMATIONS
    return replace(found, verdict="unsure") if needs_confirmation(found, record.method) and not confirmed else found


def why_no_speedup(record: Record) -> str:
    if record.status != "measured":
        return record.reason
    if other := record.conditions.get(OTHER_WORK):
        return str(other)
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
