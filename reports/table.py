"""The comparison table as plain data: one section per task, from which every renderer writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reports import columns, notes
from reports.cells import Cell, Footnotes, missing, quality_cell, value_cell
from reports.lines import DEVICES, Line, by_task, join, machine_of, primary
from reports.record import Measurement, Record
from reports.speed import ORIGINAL, OTHER_WORK, TUNED, speedup, speedup_over_tuned, why_no_speedup
from reports.statistics import Estimate, Ratio
from reports.units import Span, quantity, ratio, span
from reports.words import say

# The names of a row; an amount from 0 up; the first quality metric; a speed-up around 1; a fraction of a limit.
KINDS = ("name", "amount", "quality", "ratio", "share")


@dataclass(frozen=True)
class Grid:
    """`header_notes`: footnotes of a whole column, by header. `kinds`: what each column holds, one of KINDS."""

    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    header_notes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """`grid` is the eight-column table (with a machine column in front when there are several), `speed` the split of the speed-ups."""

    task: str
    grid: Grid
    speed: Grid | None
    footnotes: tuple[str, ...]
    remarks: tuple[str, ...]


def sections(records: Iterable[Record], lang: str = "en") -> list[Section]:
    return [_section(task, rows, lang) for task, rows in by_task(records).items()]


def _section(task: str, records: Sequence[Record], lang: str) -> Section:
    lines, footnotes = join(records), Footnotes()
    metrics = columns.quality_metrics(records)
    machines = len({machine_of(r) for r in records}) > 1
    measured: list[list[tuple[Cell, Record | None, Measurement | None]]] = []
    for line in lines:
        row = [value_cell(line, column, lang, footnotes) for column in columns.COLUMNS]
        measured.append([*row, _quality(line, metrics, lang, footnotes)])
    bold = _best(lines, measured)
    shared = _shared_notes(measured)
    grid = []
    for i, (line, cells) in enumerate(zip(lines, measured, strict=True)):
        values = []
        for j, (cell, _, found) in enumerate(cells):
            own = tuple(number for number in cell.notes if found is None or number not in shared[j])
            values.append(replace(cell, best=(i, j) in bold, notes=own))
        grid.append((*_names(line, machines, lang, footnotes), *values))
    headers = columns.headers(metrics, lang)
    header_notes = {headers[j + len(columns.FIRST)]: numbers for j, numbers in enumerate(shared) if numbers}
    if machines:
        headers.insert(0, say(lang, "machine"))
    kinds = ("name",) * (len(columns.FIRST) + machines) + ("amount",) * len(columns.COLUMNS) + ("quality",)
    speed = _speed(lines, records, machines, lang, footnotes)
    main = Grid(tuple(headers), tuple(grid), header_notes, kinds)
    return Section(task, main, speed, tuple(footnotes.texts), tuple(notes.remarks(records, lang)))


def _names(line: Line, machines: bool, lang: str, footnotes: Footnotes) -> list[Cell]:
    record = line.any
    runs = {device: r.run_id for device, r in line.records.items() if device in DEVICES and r.status == "measured"}
    remark = ""
    if len(set(runs.values())) > 1:
        remark = say(lang, "runs joined", **runs)
    method = Cell(f"{record.method} ({line.tag})" if line.tag else record.method, footnotes.number(remark))
    return [*([Cell(machine_of(record))] if machines else []), Cell(record.model), method]


def _quality(
    line: Line, metrics: Mapping[str, str], lang: str, footnotes: Footnotes
) -> tuple[Cell, Record | None, Measurement | None]:
    record = columns.quality_record(line)
    found = dict(primary(record, "quality")) if record is not None and record.status == "measured" else {}
    lead = next((found[key] for key in metrics if key in found), None)
    return quality_cell(line, metrics, lang, footnotes), record, lead


def _shared_notes(measured: Sequence[Sequence[tuple[Cell, Record | None, Measurement | None]]]) -> list[tuple[int, ...]]:
    """By column: the footnotes that every value of it has, where there are several; they belong to the header."""
    shared = []
    for j in range(len(columns.COLUMNS) + 1):
        notes_of = [row[j][0].notes for row in measured if row[j][2] is not None]
        common = [n for n in notes_of[0] if all(n in other for other in notes_of)] if len(notes_of) > 1 else []
        shared.append(tuple(common))
    return shared


def _best(
    lines: Sequence[Line], measured: Sequence[Sequence[tuple[Cell, Record | None, Measurement | None]]]
) -> set[tuple[int, int]]:
    """(row, column) of the best values: of two or more measured ones of a model on a machine, obtained under equal conditions."""
    best: set[tuple[int, int]] = set()
    for j in range(len(columns.COLUMNS) + 1):
        groups: dict[tuple[str, str], list[tuple[int, Record, Measurement]]] = {}
        for i, line in enumerate(lines):
            _, record, found = measured[i][j]
            if record is not None and found is not None and not (found.role == "latency" and record.conditions.get(OTHER_WORK)):
                groups.setdefault(line.group, []).append((i, record, found))
        for values in groups.values():
            # Quality is comparable on the same number of items; the other columns say what they need.
            alike = {(m.direction, columns.COLUMNS[j].conditions(r) if j < len(columns.COLUMNS) else m.n) for _, r, m in values}
            direction = values[0][2].direction
            if len(values) > 1 and len(alike) == 1 and direction != "none":
                top = (min if direction == "lower" else max)(m.value for _, _, m in values)
                best |= {(i, j) for i, _, m in values if m.value == top}
    return best


def _speed(lines: Sequence[Line], records: Sequence[Record], machines: bool, lang: str, footnotes: Footnotes) -> Grid | None:
    """Speed-ups by device, against `original` and against `original-tuned`, where anything was timed in pairs."""
    devices = [d for d in DEVICES if any(r.device == d and speedup(r) is not None for r in records)]
    if not devices:
        return None
    tuned = {d for d in devices if any(r.device == d and r.method == TUNED and speedup(r) is not None for r in records)}
    limited = {d for d in devices if any(r.device == d and ceiling_share(r) for r in records)}
    rates = {d: columns.rates([r for r in records if r.device == d]) for d in devices}
    headers = [say(lang, "machine")] if machines else []
    headers += [first[lang] for first in columns.FIRST]
    kinds = ["name"] * len(headers)
    for device in devices:
        kinds += ["ratio", *["ratio"] * (device in tuned), *["share"] * (device in limited), *["amount"] * len(rates[device])]
        headers.append(say(lang, "speed original", device=DEVICES[device]))
        headers += [say(lang, "speed tuned", device=DEVICES[device])] * (device in tuned)
        headers += [say(lang, "ceiling share", device=DEVICES[device])] * (device in limited)
        headers += [
            f"{DEVICES[device]}, {columns.label(key)}{columns.ARROWS[direction]}" for key, direction in rates[device].items()
        ]
    references = [r for r in records if r.method == TUNED]
    rows = []
    for line in lines:
        cells = _names(line, machines, lang, footnotes)
        for device in devices:
            record = line.records.get(device)
            cells.append(_paired(record, device, lang, footnotes))
            if device in tuned:
                cells.append(_unpaired(record, references, device, lang, footnotes))
            if device in limited:
                cells.append(_share(record, device, lang, footnotes))
            cells += [_rate(record, device, key, lang, footnotes) for key in rates[device]]
        rows.append(tuple(cells))
    return Grid(tuple(headers), tuple(rows), kinds=tuple(kinds))


def ceiling_share(record: Record) -> tuple[str, Measurement] | None:
    """The measurement that says how much of the machine's best rate the row reaches."""
    return next(((name, found) for name, found in record.measurements.items() if found.role == "ceiling"), None)


def _share(record: Record | None, device: str, lang: str, footnotes: Footnotes) -> Cell:
    share = ceiling_share(record) if record is not None and record.status == "measured" else None
    if share is None:
        return missing(record, device, "ceiling_share", lang, footnotes)
    shown = span(share[1].value, "1", "%", share[1].low, share[1].high)
    return Cell(f"{share[1].value:.0%}", footnotes.number(share[1].note), shown=shown)


def _rate(record: Record | None, device: str, key: str, lang: str, footnotes: Footnotes) -> Cell:
    found = record.measurements.get(key) if record is not None and record.status == "measured" else None
    if found is None:
        return missing(record, device, key, lang, footnotes)
    shown = span(found.value, found.unit, rate_unit(found), found.low, found.high)
    return Cell(rate_text(found), footnotes.number(found.note), shown=shown)


def rate_unit(found: Measurement) -> str:
    return "ms" if found.unit == "s" else found.unit


def rate_text(found: Measurement) -> str:
    to = rate_unit(found)
    text = quantity(found.value, found.unit, to, found.low, found.high)
    return f"{text} {to}" if found.unit == "s" else text


def _paired(record: Record | None, device: str, lang: str, footnotes: Footnotes) -> Cell:
    if record is None or record.status != "measured":
        return missing(record, device, "speedup", lang, footnotes)
    found = speedup(record)
    if found is None:
        return Cell(say(lang, "absent"), footnotes.number(why_no_speedup(record)))
    text = speedup_text(found, lang)
    text = f"{text} ({say(lang, 'A/A')})" if record.method == ORIGINAL else text
    return Cell(text, _no_interval(found, lang, footnotes), shown=Span(found.value, found.low, found.high))


def speedup_text(found: Ratio, lang: str) -> str:
    return f"{ratio(found.value, found.low, found.high)} {say(lang, found.verdict)}"


def _unpaired(record: Record | None, references: Sequence[Record], device: str, lang: str, footnotes: Footnotes) -> Cell:
    if record is None or record.status != "measured":
        return missing(record, device, "speedup", lang, footnotes)
    if record.method == TUNED:
        return Cell("1×", footnotes.number(say(lang, "is tuned")), shown=Span(1.0))
    found = speedup_over_tuned(record, references)
    if found is None:
        reason = why_no_speedup(record) if speedup(record) is None else say(lang, "no tuned")
        return Cell(say(lang, "absent"), footnotes.number(reason))
    shown = Span(found.value, found.low, found.high)
    return Cell(ratio(*shown), _no_interval(found, lang, footnotes), shown=shown)


def _no_interval(found: Estimate, lang: str, footnotes: Footnotes) -> tuple[int, ...]:
    return footnotes.number(say(lang, "no interval", n=found.n, reason=found.reason)) if found.reason else ()
