"""What to ship under the user's own constraints, and when nothing qualifies, which constraint stands in the way."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reports.conclusions_causes import facts
from reports.conclusions_choose import Group, evidence, groups, loss, loss_limit, loud, ram, value, why_no_quality
from reports.conclusions_words import tell
from reports.record import Record
from reports.speed import ORIGINAL, TUNED, speedup
from reports.units import megabytes, significant
from reports.words import say

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


Show = Callable[[float, str, Sequence[Record]], str]  # value, language, the rows whose metric gives the unit


@dataclass(frozen=True)
class Limit:
    """One constraint. `read` gives a row's value, None when it was not measured: an unknown value holds no limit."""

    option: str
    value: float
    read: Callable[[Record], float | None]
    show: Show
    found: Show | None = None  # the same of a row's value, where that needs more words

    def held(self, record: Record) -> bool:
        found = self.read(record)
        return found is not None and found <= self.value + 1e-9

    def violation(self, record: Record, lang: str) -> str:
        found = self.read(record)
        text = tell(lang, "limit unknown") if found is None else (self.found or self.show)(found, lang, [record])
        return tell(lang, "limit", option=self.option, limit=self.show(self.value, lang, [record]), found=text)


def limits(
    quality: float | None, ram_bytes: float | None, vram: float | None, size: float | None, ms: float | None
) -> list[Limit]:
    def points(x: float, lang: str, rows: Sequence[Record]) -> str:
        return loss_limit(significant(x, 3), rows, lang)

    def at_worst(x: float, lang: str, rows: Sequence[Record]) -> str:
        return tell(lang, "at worst", limit=points(x, lang, rows))

    def milliseconds(x: float, lang: str, rows: Sequence[Record]) -> str:
        return tell(lang, "ms", value=significant(x, 3))

    def bytes_text(x: float, lang: str, rows: Sequence[Record]) -> str:
        return megabytes(x)

    given: list[tuple[str, float | None, Callable[[Record], float | None], Show]] = [
        ("--max-quality-loss", quality, lambda r: found[1] if (found := loss(r)) else None, points),
        ("--max-ram", ram_bytes, lambda r: found[1] if (found := ram(r)) else None, bytes_text),
        ("--max-vram", vram, lambda r: value(r, "vram"), bytes_text),
        ("--max-size", size, lambda r: value(r, "size"), bytes_text),
        ("--max-latency", ms, lambda r: None if (found := value(r, "latency")) is None else found * 1e3, milliseconds),
    ]
    return [
        Limit(option, bound, read, show, at_worst if show is points else None)
        for option, bound, read, show in given
        if bound is not None
    ]


@dataclass(frozen=True)
class Answer:
    group: str
    best: Record | None
    text: str


def recommend(records: Iterable[Record], constraints: Sequence[Limit], prefer: str = "speed", lang: str = "en") -> list[Answer]:
    """One answer for each model on each device of each machine and run."""
    everything = groups(records)
    return [_answer(group, group.name(everything), constraints, prefer, lang) for group in everything]


def _answer(group: Group, who: str, constraints: Sequence[Limit], prefer: str, lang: str) -> Answer:
    fit = [r for r in group.rows if all(limit.held(r) for limit in constraints)]
    if not fit:
        lines = [tell(lang, "nothing qualifies", who=who), *(f"  {text}" for text in _binding(group, constraints, lang))]
        return Answer(who, None, "\n".join(lines))
    noisy = loud(group)
    by_size = noisy is not None and prefer == "speed"
    prefer = "size" if by_size else prefer
    best, *rest = sorted(fit, key=lambda r: _score(r, prefer), reverse=True)
    unknown = loss(best) is None
    key = "fits" if unknown else "do ship" if best.method != ORIGINAL else "keep"
    lines = [tell(lang, key, who=who, method=best.method, evidence=evidence(best, group.original, lang))]
    lines.append("  " + tell(lang, f"rank {prefer}", count=len(fit), all=len(group.rows)))
    if noisy is not None and by_size:
        lines.append("  " + tell(lang, "not by speed", verdict=say(lang, noisy.verdict)))
    if best.method == TUNED:
        lines.append("  " + tell(lang, "runtime").strip())
    if unknown:
        lines.append("  " + tell(lang, "why unknown", reason=why_no_quality(best, lang)))
    lines += ["  " + tell(lang, "next", method=r.method, evidence=evidence(r, group.original, lang)) for r in rest[:2]]
    lines += [
        "  " + tell(lang, "out", method=r.method, limits=_violations(r, constraints, lang)) for r in group.rows if r not in fit
    ]
    return Answer(who, best, "\n".join(lines))


def _violations(record: Record, constraints: Sequence[Limit], lang: str) -> str:
    return "; ".join(limit.violation(record, lang) for limit in constraints if not limit.held(record))


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


def _imports_of_torch(record: Record) -> float | None:
    """Bytes of the process's peak that the table's RAM column leaves out, where PyTorch runs the row."""
    found, own = ram(record), value(record, "ram")
    if found is None or own is None or not str(facts(record).get("runtime", "")).startswith("torch"):
        return None
    return found[1] - own or None


def _binding(group: Group, constraints: Sequence[Limit], lang: str) -> list[str]:
    """The constraints that alone stand in the way, each with the value that would admit a row."""
    texts = []
    for limit in constraints:
        others = [r for r in group.rows if all(other.held(r) for other in constraints if other is not limit)]
        known = [(found, r) for r in others if (found := limit.read(r)) is not None]
        said = {"option": limit.option, "limit": limit.show(limit.value, lang, group.rows), "count": len(others)}
        if known:
            least, row = min(known, key=lambda pair: pair[0])
            needed = (limit.found or limit.show)(least, lang, [row])
            texts.append(tell(lang, "binding", **said, all=len(group.rows), method=row.method, least=needed))
            if limit.option == "--max-ram" and (imports := _imports_of_torch(row)):
                texts.append(tell(lang, "torch imports", value=megabytes(imports)))
        elif others:
            texts.append(tell(lang, "binding unknown", **said))
    if not texts:
        row = min(group.rows, key=lambda r: sum(not limit.held(r) for limit in constraints))
        texts.append(tell(lang, "no single", method=row.method, limits=_violations(row, constraints, lang)))
    return texts
