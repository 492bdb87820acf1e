"""Every other measurement of every record as columns: hidden at first, and read by the scripts when they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.cells import Cell, Footnotes, missing
from reports.columns import ARROWS, label
from reports.lines import DEVICES, Line
from reports.page.columns import Column
from reports.record import Measurement, Record
from reports.units import Span, duration, megabytes, number, percent, significant, span

# base unit -> the display unit that headers and filters of wide columns speak in
SHOWN_IN = {"s": "ms", "B": "MB", "FLOP/s": "GFLOP/s", "B/s": "GB/s"}
SHARES = ("ceiling",)  # roles whose fractions are shown in %


def wide_columns(lines: Sequence[Line], lang: str) -> list[Column]:
    """One column per measurement and device; of a device that measured nothing, none. Each has its own footnotes, read when it is shown."""
    found = []
    for device in devices(lines):
        records = [line.records.get(device) for line in lines]
        for key, first in measured_keys(records).items():
            footnotes = Footnotes()
            column = Column(wide_title(device, key, first), "share" if first.role in SHARES else "amount", device)
            for record in records:
                column.add(wide_cell(record, device, key, first, lang, footnotes), lang)
            column.reasons = footnotes.texts
            found.append(column)
    return found


def devices(lines: Sequence[Line]) -> list[str]:
    present = dict.fromkeys(device for line in lines for device in line.records)
    return [device for device in (*DEVICES, *sorted(set(present) - set(DEVICES))) if device in present]


def measured_keys(records: Iterable[Record | None]) -> dict[str, Measurement]:
    """Key -> its first measurement, in the order in which they were taken."""
    found: dict[str, Measurement] = {}
    for record in records:
        if record is not None and record.status == "measured":
            for key, measurement in record.measurements.items():
                found.setdefault(key, measurement)
    return found


def wide_title(device: str, key: str, first: Measurement) -> str:
    unit = "%" if first.role in SHARES else SHOWN_IN.get(first.unit, "" if first.unit == "1" else first.unit)
    return f"{DEVICES.get(device, device)}, {label(key)}{f', {unit}' if unit else ''}{ARROWS[first.direction]}"


def wide_cell(record: Record | None, device: str, key: str, first: Measurement, lang: str, footnotes: Footnotes) -> Cell:
    found = record.measurements.get(key) if record is not None and record.status == "measured" else None
    if found is None:
        return missing(record, device, key, lang, footnotes)
    if found.unit != first.unit:
        # Another suite version's unit: shown with it, not sorted among values that it cannot be compared with.
        return Cell(measurement_text(found), footnotes.number(found.note))
    to = "%" if found.role in SHARES else SHOWN_IN.get(found.unit, found.unit)
    shown = (
        Span(found.value, found.low, found.high) if to == found.unit else span(found.value, found.unit, to, found.low, found.high)
    )
    return Cell(plain(*shown) if to == "1" else number(*shown), footnotes.number(found.note), shown=shown)


def plain(value: float, low: float | None = None, high: float | None = None) -> str:
    """Counts whole, other numbers with their spread."""
    if value == int(value) and abs(value) < 1e15 and (low is None or high is None):
        return f"{int(value):,}".replace(",", "\u202f")
    return number(value, low, high) if low is not None and high is not None else significant(value, 4)


def measurement_text(found: Measurement) -> str:
    """With the unit that keeps it readable, for lists of unlike measurements."""
    bounds = [bound for bound in (found.low, found.high) if bound is not None]
    show = {"s": duration, "B": megabytes}.get(found.unit)
    if show is None and found.role in SHARES:
        show = percent
    if show is None:
        to = SHOWN_IN.get(found.unit, found.unit)
        shown = span(found.value, found.unit, to).value if to != found.unit else found.value
        interval = f" [{', '.join(significant(bound, 4) for bound in bounds)}]" if len(bounds) == 2 else ""
        return f"{plain(shown)}{'' if to == '1' else f' {to}'}{interval}"
    return show(found.value) + (f" [{', '.join(show(bound) for bound in bounds)}]" if len(bounds) == 2 else "")
