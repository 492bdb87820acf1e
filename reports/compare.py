"""Two runs case by case: what changed, with intervals, and what cannot be compared and why.

Times of two sessions are never divided: speed is compared as the quotient of the two paired speed-ups, each against the original beside it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.columns import label
from reports.conclusions_choose import lead, ram, value
from reports.lines import environment_of, machine_of
from reports.record import Measurement, Record
from reports.speed import speedup
from reports.statistics import QUALITY_MARGIN, SPEED_MARGIN, quotient
from reports.units import difference, percent, ratio
from reports.words import say

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Change:
    """One line of the comparison. Texts are for a reader; `speed` is B / A, above 1 where B is faster."""

    case: str
    size: str = ""
    speed: str = ""
    ram: str = ""
    quality: str = ""
    reason: str = ""  # why (part of) the case is not compared


def compare(a: Iterable[Record], b: Iterable[Record], lang: str = "en") -> list[Change]:
    """In the order of A, then what only B has."""
    sides = _latest(a), _latest(b)
    changes = []
    for key in dict.fromkeys([*sides[0], *sides[1]]):
        before, after = sides[0].get(key), sides[1].get(key)
        if before is None or after is None:
            changes.append(Change(key[1], reason=say(lang, "only in", side="B" if before is None else "A")))
        elif "measured" not in (before.status, after.status):
            changes.append(Change(key[1], reason=say(lang, "measured in neither", a=before.status, b=after.status)))
        elif before.status != "measured" or after.status != "measured":
            side, row = ("A", before) if before.status != "measured" else ("B", after)
            changes.append(Change(key[1], reason=say(lang, "unmeasured side", status=row.status, side=side, reason=row.reason)))
        else:
            changes.append(_change(before, after, lang))
    return changes


def _latest(records: Iterable[Record]) -> Mapping[Key, Record]:
    """The newest row of every case; environments of one machine are cases of their own."""
    return {(r.task, r.case, environment_of(r)): r for r in sorted(records, key=lambda r: (r.run_id, r.started_at))}


def _change(a: Record, b: Record, lang: str) -> Change:
    if a.method_revision != b.method_revision:
        return Change(a.case, reason=say(lang, "revisions", a=a.method_revision, b=b.method_revision))
    reasons = []
    if machine_of(a) != machine_of(b):
        reasons.append(say(lang, "conditions differ", what=say(lang, "machine").lower(), a=machine_of(a), b=machine_of(b)))
    for key in ("batch", "inputs", "threads"):
        if a.conditions.get(key) != b.conditions.get(key):
            reasons.append(say(lang, "conditions differ", what=key, a=a.conditions.get(key), b=b.conditions.get(key)))
    alike = not reasons
    texts, why = _quality(a, b, lang)
    reasons += why
    speed = ""
    if alike:
        speed, why = _speed(a, b, lang)
        reasons += why
    memories = (ram(a), ram(b))
    memory = _relative(memories[0][1], memories[1][1], lang) if alike and memories[0] and memories[1] else ""
    return Change(a.case, _relative(value(a, "size"), value(b, "size"), lang), speed, memory, texts, "; ".join(reasons))


def _relative(a: float | None, b: float | None, lang: str) -> str:
    if a is None or b is None or a <= 0:
        return ""
    return say(lang, "same") if a == b else f"{'+' if b > a else '−'}{percent(abs(b / a - 1))}"


def _speed(a: Record, b: Record, lang: str) -> tuple[str, list[str]]:
    before, after = speedup(a), speedup(b)
    if before is None or after is None:
        return "", [say(lang, "no pairs", side="A" if before is None else "B")]
    if a.method == "original":
        return "", []  # against itself in both: the reference, not a result
    found = quotient(after, before)
    return f"{ratio(found.value, found.low, found.high)} {say(lang, _word(found.low, found.high, 1 + SPEED_MARGIN))}", []


def _word(low: float | None, high: float | None, margin: float) -> str:
    """Unpaired, and between sessions: a change only where the whole interval lies beyond the margin."""
    if low is None or high is None:
        return "unsure"
    if low > margin or high < 1 / margin:
        return "faster" if low > margin else "slower"
    return "same" if low >= 1 / margin and high <= margin else "unsure"


def _quality(a: Record, b: Record, lang: str) -> tuple[str, list[str]]:
    first, second = lead(a), lead(b)
    if first is None or second is None:
        return "", []
    if first[0] != second[0] or first[1].n != second[1].n:
        return "", [say(lang, "metrics differ", a=_what(first, lang), b=_what(second, lang))]
    if a.outcomes and a.outcomes == b.outcomes:
        return f"{label(first[0])} {difference(0.0)} ({say(lang, 'same answers')})", []
    return f"{label(first[0])} {_difference(first[1], second[1], lang)}", []


def _what(found: tuple[str, Measurement], lang: str) -> str:
    return say(lang, "metric of", metric=label(found[0]), n=found[1].n)


def _difference(a: Measurement, b: Measurement, lang: str) -> str:
    """Unpaired: the half-widths are combined as those of independent values, wider than the truth on the same samples."""
    change = b.value - a.value
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return difference(change)
    low = change - math.hypot(b.value - b.low, a.high - a.value)
    high = change + math.hypot(b.high - b.value, a.value - a.low)
    beyond = low > QUALITY_MARGIN or high < -QUALITY_MARGIN
    within = low >= -QUALITY_MARGIN and high <= QUALITY_MARGIN
    higher = (change > 0) == (b.direction != "lower")
    word = ("better" if higher else "worse") if beyond else "same" if within else "unsure"
    return f"{difference(change, low, high)} {say(lang, word)}"


def render(changes: Sequence[Change], lang: str = "en") -> str:
    from reports.render_markdown import escape

    headers = say(lang, "compare headers").split("|")
    rows = [[c.case, c.size, c.speed, c.ram, c.quality, c.reason] for c in changes]
    return markdown([headers, *([escape(cell) for cell in row] for row in rows)])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    lines = [rows[0], ["-" * width for width in widths], *rows[1:]]
    return "".join("| " + " | ".join(t.ljust(w) for t, w in zip(line, widths, strict=True)) + " |\n" for line in lines)
