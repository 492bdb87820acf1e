"""What may be compared, and what qualifies: the rows of one model on one device of one machine in one run, with their evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.columns import LABELS, label
from reports.conclusions_words import tell
from reports.lines import DEVICES, environment_of, machine_of, primary
from reports.record import Measurement, Record
from reports.speed import ORIGINAL, speedup
from reports.statistics import Estimate, Ratio
from reports.table import speedup_text
from reports.units import difference, megabytes, percent, ratio

LOSS_POINTS = 1.0  # the default of `--max-quality-loss`, from the issue's own example: "smallest within 1 % quality"


@dataclass(frozen=True)
class Group:
    """Rows that may be compared with each other; `original` is their reference, when it was measured."""

    task: str
    model: str
    device: str
    machine: str
    run_id: str
    rows: tuple[Record, ...]

    @property
    def original(self) -> Record | None:
        return next((r for r in self.rows if r.method == ORIGINAL), None)

    def name(self, everything: Sequence[Group]) -> str:
        alike = [g for g in everything if (g.model, g.device) == (self.model, self.device)]
        where = f" ({self.machine}, {self.run_id})" if len(alike) > 1 else ""
        return f"{self.model}, {DEVICES.get(self.device, self.device)}{where}"


def groups(records: Iterable[Record]) -> list[Group]:
    found: dict[tuple[str, str, str, str, str], list[Record]] = {}
    for r in records:
        if r.status == "measured":
            found.setdefault((r.task, r.model, r.device, machine_of(r), r.run_id), []).append(r)
    return [Group(*key, rows=tuple(_unlike(rows))) for key, rows in found.items()]


def _unlike(rows: list[Record]) -> list[Record]:
    """Of a method measured in several environments of one run only the first: a name must mean one row."""
    originals = [r for r in rows if r.method == ORIGINAL]
    home = environment_of(originals[0]) if originals else ""
    kept: dict[str, Record] = {}
    for row in rows:
        if row.method not in kept or environment_of(row) == home != environment_of(kept[row.method]):
            kept[row.method] = row
    return list(kept.values())


def value(record: Record, role: str) -> float | None:
    values = primary(record, role)
    return values[0][1].value if values else None


def ram(record: Record) -> tuple[str, float] | None:
    """(name, bytes): the whole process's peak, which a memory limit kills by; where it was not recorded the table's column (minus imports).

    Two quantities, so two names: *RAM use* is the column, *process RAM* has the imports.
    """
    peak = record.measurements.get("ram_peak")
    if peak is not None:
        return "process ram", peak.value
    own = value(record, "ram")
    return None if own is None else ("ram", own)


def lead(record: Record) -> tuple[str, Measurement] | None:
    values = primary(record, "quality")
    return values[0] if values else None


def loss(record: Record) -> tuple[float, float] | None:
    """(estimate, worst end of the 95 % interval) of the quality lost against the original, in points; None without a paired comparison.

    The one rule of every limit: it is held when the worst end holds it (`holds`). A loss that might be larger is not promised to be smaller.
    """
    if record.method == ORIGINAL:
        return None if lead(record) is None else (0.0, 0.0)
    found = lead(record)
    if found is None or not found[1].paired or found[1].paired.get("difference") is None:
        return None
    paired, higher = found[1].paired, found[1].direction != "lower"
    change = float(paired["difference"])
    end = paired.get("low") if higher else paired.get("high")
    worst = change if end is None else float(end)
    sign = -100.0 if higher else 100.0
    if paired.get("relative") is not None and change:  # perplexity has no scale of points: percent of the original's
        sign *= float(paired["relative"]) / change
    return sign * change, sign * worst


def holds(record: Record, points: float) -> bool:
    """The loss against the original, at the worst end of its interval, is at most `points`; an unknown loss holds nothing."""
    found = loss(record)
    return found is not None and found[1] <= points + 1e-9


def loss_limit(points: str, rows: Iterable[Record], lang: str) -> str:
    """With its unit: a metric without a scale of points, such as perplexity, loses percent of the original's (`loss`)."""
    relative = any((found[1].paired or {}).get("relative") is not None for r in rows if (found := lead(r)))
    return tell(lang, "limit percent" if relative else "limit pt", limit=points)


def writing(record: Record) -> Estimate | None:
    """Tokens a second while writing with a cache (batch 1), in shares of the original's; None where it was not measured in turn with it."""
    found = record.measurements.get("decode_rate")
    if found is None or not found.paired or found.paired.get("ratio") is None:
        return None
    low, high = (found.paired.get(key) for key in ("ratio_low", "ratio_high"))
    return Estimate(float(found.paired["ratio"]), found.n, low, high)


def why_no_quality(record: Record, lang: str) -> str:
    named = [record.absent[key] for key in ("quality", *LABELS) if key in record.absent]
    return named[0] if named else tell(lang, "no quality")


def loud(group: Group) -> Ratio | None:
    """The original against itself, when it came out faster or slower: then no speed of this group means anything."""
    found = speedup(group.original) if group.original is not None else None
    return found if found is not None and found.verdict in ("faster", "slower") else None


def evidence(record: Record, original: Record | None, lang: str) -> str:
    """`1.48 MB (12.2 % of the original), 0.976× [0.970, 0.988] unsure, F1 entity −0.0005 [...] same, RAM use 9 MB, process RAM 114 MB`."""
    parts = []
    size, reference = value(record, "size"), value(original, "size") if original is not None else None
    if size is not None:
        share = (
            f" ({tell(lang, 'of original', share=percent(size / reference))})" if reference and record.method != ORIGINAL else ""
        )
        parts.append(megabytes(size) + share)
    found = speedup(record)
    if found is not None and record.method != ORIGINAL:
        parts.append(speedup_text(found, lang))
    rate = writing(record)
    if rate is not None and record.method != ORIGINAL:
        parts.append(tell(lang, "writes at", ratio=ratio(rate.value, rate.low, rate.high)))
    quality = lead(record)
    if quality is not None:
        paired = quality[1].paired or {}
        change = paired.get("difference")
        text = f"{quality[1].value:.4f}" if change is None else difference(change, paired.get("low"), paired.get("high"))
        parts.append(f"{label(quality[0])} {text}")
    if record.device == "cpu":
        named = {"ram": value(record, "ram"), **dict(filter(None, [ram(record)]))}
        parts += [tell(lang, name, value=megabytes(found)) for name, found in named.items() if found is not None]
    video = value(record, "vram")
    parts += [f"VRAM {megabytes(video)}"] if video is not None else []
    return ", ".join(parts)
