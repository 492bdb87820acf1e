"""Cells of the eight-column table, and the numbered footnotes that they refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reports import columns
from reports.columns import Column
from reports.lines import DEVICES, Line, primary
from reports.record import Measurement, Record
from reports.units import Span, difference, megabytes, number, percent, span
from reports.words import say


@dataclass(frozen=True)
class Cell:
    """`notes` are footnote numbers. `failed` cells are shown loudly.

    `shown`: the number that leads the text, for sorting and bars; `change`: of a quality cell, its difference to the original.
    """

    text: str
    notes: tuple[int, ...] = ()
    best: bool = False
    failed: bool = False
    shown: Span | None = None
    change: Span | None = None


@dataclass
class Footnotes:
    """Numbers reasons in order of first use; equal reasons share a number."""

    texts: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, *texts: str) -> tuple[int, ...]:
        numbers = []
        for text in filter(None, texts):
            if text not in self._numbers:
                self.texts.append(text)
                self._numbers[text] = len(self.texts)
            numbers.append(self._numbers[text])
        return tuple(dict.fromkeys(numbers))


def missing(record: Record | None, device: str, key: str, lang: str, notes: Footnotes) -> Cell:
    """A value that is not there: `failed` or `N/A`, always with its reason."""
    if record is None:
        return Cell(say(lang, "absent"), notes.number(say(lang, "not selected", device=DEVICES.get(device, device))))
    if record.status == "failed":
        return Cell(say(lang, "failed"), notes.number(record.reason), failed=True)
    reason = record.reason if record.status != "measured" else record.absent.get(key)
    return Cell(say(lang, "absent"), notes.number(reason or say(lang, "not recorded")))


def value_cell(line: Line, column: Column, lang: str, notes: Footnotes) -> tuple[Cell, Record | None, Measurement | None]:
    record, found = columns.find(line, column)
    if record is None or found is None:
        return missing(record, column.devices[0], column.key, lang, notes), record, None
    shown = span(found.value, found.unit, column.unit, found.low, found.high)
    text = number(*shown)
    remarks = [found.note] if column.show_note else []
    if column.role == "size":
        remarks.append(_artifacts(line, lang))
    text = f"{text} {column.unit}" if column.show_unit else text
    return Cell(text, notes.number(*remarks), shown=shown), record, found


def _artifacts(line: Line, lang: str) -> str:
    cpu, cuda = line.records.get("cpu"), line.records.get("cuda")
    if cpu is None or cuda is None or {cpu.status, cuda.status} != {"measured"}:
        return ""
    keys = [str(record.artifact.get("key") or "") for record in (cpu, cuda)]
    sizes = primary(cuda, "size")
    if keys[0] == keys[1] or not all(keys):
        return ""
    size = megabytes(sizes[0][1].value) if sizes else say(lang, "not recorded")
    return say(lang, "artifacts differ", cpu=keys[0][:12], cuda=keys[1][:12], size=size)


def quality_cell(line: Line, metrics: Mapping[str, str], lang: str, notes: Footnotes) -> Cell:
    """`0.8239 ± 0.0120 / 0.8474 / 0.8342; worse −0.3610 [−0.4020, −0.3180]`, in the header's order."""
    record = columns.quality_record(line)
    if record is None or record.status != "measured":
        return missing(record, "cpu", "quality", lang, notes)
    text, numbers = quality_text(record, metrics, lang, notes)
    others = [r for r in line.records.values() if r is not record and r.status == "measured" and primary(r, "quality")]
    for other in others:
        if _values(other) != _values(record):
            numbers += notes.number(say(lang, "quality differs", value=quality_text(other, metrics, lang, notes)[0]))
    return Cell(text, tuple(dict.fromkeys(numbers)), shown=_lead(record, metrics), change=_change(record))


def _lead(record: Record, metrics: Mapping[str, str]) -> Span | None:
    found = dict(primary(record, "quality"))
    return next((Span(m.value, m.low, m.high) for m in (found.get(key) for key in metrics) if m is not None), None)


def _change(record: Record) -> Span | None:
    """The paired difference that the verdict in the text speaks of."""
    for _, measurement in primary(record, "quality"):
        paired = measurement.paired
        if paired and paired.get("verdict"):
            difference = paired.get("difference")
            return None if difference is None else Span(difference, paired.get("low"), paired.get("high"))
    return None


def quality_text(record: Record, metrics: Mapping[str, str], lang: str, notes: Footnotes) -> tuple[str, tuple[int, ...]]:
    found = dict(primary(record, "quality"))
    parts = [score(found[key]) if key in found else say(lang, "absent") for key in metrics]
    numbers = notes.number(*(f"{columns.label(key)}: {found[key].note}" for key in metrics if key in found and found[key].note))
    absent = [key for key in metrics if key not in found]
    if absent or not metrics:
        numbers += notes.number(*_quality_reasons(record, absent, lang))
    if not found:
        agreement = agreement_of(record)
        numbers += notes.number(agreement.note if agreement else "")
        return "; ".join([say(lang, "absent"), *agreement_text(record, lang)]), numbers
    return "; ".join([" / ".join(parts), *quality_verdict(found, lang)]), numbers


def score(found: Measurement) -> str:
    return number(found.value, found.low, found.high, digits=4)


def _quality_reasons(record: Record, absent: list[str], lang: str) -> list[str]:
    reasons = [record.absent[key] for key in (*absent, "quality", *columns.LABELS) if key in record.absent]
    return list(dict.fromkeys(reasons)) or [say(lang, "not recorded")]


def agreement_of(record: Record) -> Measurement | None:
    """Without labels: how often the row decides as the original does."""
    found = {key: m for key, m in record.measurements.items() if m.role == "agreement"}
    return next((m for key, m in found.items() if m.primary or key.startswith("agreement")), None)


def agreement_text(record: Record, lang: str) -> list[str]:
    found = agreement_of(record)
    return [say(lang, "agreement", value=percent(found.value, 4))] if found is not None else []


def quality_verdict(found: Mapping[str, Measurement], lang: str) -> list[str]:
    """The paired verdict of the first metric that has one."""
    for measurement in found.values():
        paired = measurement.paired
        if paired and paired.get("verdict"):
            word = str(paired["verdict"])
            word = say(lang, word) if word in ("better", "worse", "same", "unsure") else word
            change = paired.get("difference")
            return [word if change is None else f"{word} {difference(change, paired.get('low'), paired.get('high'))}"]
    return []


def _values(record: Record) -> list[float]:
    return [m.value for _, m in primary(record, "quality")]
