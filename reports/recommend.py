"""What to ship under the user's own constraints, and when nothing qualifies, which constraint stands in the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.conclusions_choose import Group, evidence, groups, loss, loud, ram, value, why_no_quality
from reports.record import Record
from reports.speed import ORIGINAL, TUNED, speedup
from reports.units import megabytes, significant

SIZES: Mapping[str, float] = {
    "b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30,
}  # fmt: skip
PREFERENCES = ("speed", "size", "ram", "quality")


def size_bytes(text: str) -> float:
    """`500MB`, `1.5 GB`, `512MiB`. Raises: ValueError."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmg]?i?b)\s*", text, re.I)
    if found is None or found[2].lower() not in SIZES:
        raise ValueError(f"{text!r} is not a size; write a number with a unit, as 500MB, 1.5GB or 512MiB")
    return float(found[1]) * SIZES[found[2].lower()]


@dataclass(frozen=True)
class Limit:
    """One constraint. `read` gives a row's value, None when it was not measured: an unknown value holds no limit."""

    option: str
    value: float
    read: Callable[[Record], float | None]
    show: Callable[[float], str]

    def held(self, record: Record) -> bool:
        found = self.read(record)
        return found is not None and found <= self.value + 1e-9

    def violation(self, record: Record) -> str:
        found = self.read(record)
        return f"{self.option} {self.show(self.value)}: " + ("not measured" if found is None else self.show(found))


def limits(
    quality: float | None, ram_bytes: float | None, vram: float | None, size: float | None, ms: float | None
) -> list[Limit]:
    def points(x: float) -> str:
        return f"{significant(x, 3)} pt"

    given: list[tuple[str, float | None, Callable[[Record], float | None], Callable[[float], str]]] = [
        ("--max-quality-loss", quality, lambda r: found[1] if (found := loss(r)) else None, points),
        ("--max-ram", ram_bytes, lambda r: found[1] if (found := ram(r)) else None, megabytes),
        ("--max-vram", vram, lambda r: value(r, "vram"), megabytes),
        ("--max-size", size, lambda r: value(r, "size"), megabytes),
        (
            "--max-latency",
            ms,
            lambda r: None if (found := value(r, "latency")) is None else found * 1e3,
            lambda x: f"{significant(x, 3)} ms",
        ),
    ]
    return [Limit(option, bound, read, show) for option, bound, read, show in given if bound is not None]


@dataclass(frozen=True)
class Answer:
    group: str
    best: Record | None
    text: str


def recommend(records: Iterable[Record], constraints: Sequence[Limit], prefer: str = "speed", lang: str = "en") -> list[Answer]:
    """One answer for each model on each device of each machine and run."""
    everything = groups(records)
    return [_answer(group, group.name(everything), constraints, prefer, lang) for group in everything]


def _answer(group: Group, name: str, constraints: Sequence[Limit], prefer: str, lang: str) -> Answer:
    fit = [r for r in group.rows if all(limit.held(r) for limit in constraints)]
    if not fit:
        return Answer(
            name, None, "\n".join([f"{name}: nothing qualifies.", *(f"  {text}" for text in _binding(group, constraints))])
        )
    lines = []
    noisy = loud(group)
    if noisy is not None and prefer == "speed":
        prefer = "size"
        lines.append(f"  chosen by size, not speed: the original against itself came out {noisy.verdict}")
    best = max(fit, key=lambda r: _score(r, prefer))
    head = f"{name}: ship {best.method}" if best.method != ORIGINAL else f"{name}: keep the original"
    lines.insert(0, f"{head} ({evidence(best, group.original, lang)})")
    if loss(best) is None:
        lines[0] = f"{name}: {best.method} fits, its quality is unknown ({evidence(best, group.original, lang)})"
    if best.method == TUNED:
        lines.append("  the gain is the runtime's: the weights are those of the original")
    if loss(best) is None:
        lines.append(f"  why: {why_no_quality(best, lang)}; --max-quality-loss excludes such rows")
    rest = sorted((r for r in fit if r is not best), key=lambda r: _score(r, prefer), reverse=True)
    lines += [f"  next: {r.method} ({evidence(r, group.original, lang)})" for r in rest[:2]]
    for r in group.rows:
        if r not in fit:
            lines.append(f"  out: {r.method}, " + "; ".join(limit.violation(r) for limit in constraints if not limit.held(r)))
    return Answer(name, best, "\n".join(lines))


def _score(record: Record, prefer: str) -> tuple[float, float]:
    """Larger is better; rows that are not faster for certain count as the original's speed, and the smaller of equals wins."""
    size = -(value(record, "size") or float("inf"))
    found, lost, memory = speedup(record), loss(record), ram(record)
    if prefer == "speed":
        sure = found is not None and found.verdict in ("faster", "slower")
        return found.value if found is not None and sure else 1.0, size
    if prefer == "quality":
        return -lost[0] if lost else float("-inf"), size
    if prefer == "ram":
        return -memory[1] if memory else float("-inf"), size
    return size, 0.0


def _binding(group: Group, constraints: Sequence[Limit]) -> list[str]:
    """The constraints that alone stand in the way, each with the value that would admit a row."""
    texts = []
    for limit in constraints:
        others = [r for r in group.rows if all(other.held(r) for other in constraints if other is not limit)]
        known = [(found, r) for r in others if (found := limit.read(r)) is not None]
        if known:
            least, row = min(known, key=lambda pair: pair[0])
            texts.append(
                f"binding: {limit.option} {limit.show(limit.value)}; {len(others)} of {len(group.rows)} rows hold the rest, "
                f"and the nearest, {row.method}, needs {limit.show(least)}"
            )
        elif others:
            texts.append(
                f"binding: {limit.option} {limit.show(limit.value)}; the {len(others)} rows that hold the rest have no such value"
            )
    if not texts:
        row = min(group.rows, key=lambda r: sum(not limit.held(r) for limit in constraints))
        texts.append(f"no single constraint is to blame; nearest is {row.method}: " + "; ".join(
            limit.violation(row) for limit in constraints if not limit.held(row)))  # fmt: skip
    return texts
