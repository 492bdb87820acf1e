"""Rules on how a table is written: units, blanks, spread, numbers of samples, names of hardware and metrics."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from reports.lint_finding import Finding, value_of
from reports.lint_read import TIMES, Table, header_unit


def unreadable(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        for kind, cell in row.cells.items():
            if kind in ("model", "method"):
                continue
            if cell.text in ("", "-", "--", "—", "–"):
                yield Finding(
                    row.line, "blank", "M24", f"{row.name}: no value under '{table.headers[kind]}' and no reason; say why"
                )
            elif not cell.values:
                yield Finding(
                    row.line, "unreadable", "M21", f"{row.name}: no number in '{cell.text}' under '{table.headers[kind]}'"
                )
            elif any(v.value < 0 for v in cell.values) and kind != "quality":
                yield Finding(
                    row.line, "negative", "M21", f"{row.name}: '{cell.text}' is negative; a size, time or memory cannot be"
                )


def units(table: Table) -> Iterator[Finding]:
    for kind, header in table.headers.items():
        if kind in ("model", "method", "quality"):
            continue
        promised = header_unit(header)
        written = {v.written: row for row in table.rows if (v := value_of(row, kind)) is not None and v.written}
        for unit, row in written.items():
            if promised and unit.lower() != promised.lower():
                text = f"{row.name}: the header '{header}' says {promised}, the cell '{row.text(kind)}'; write every cell in {promised}"
                yield Finding(row.line, "mixed-units", "M21", text)
        if not promised and len({unit.lower() for unit in written}) > 1:
            text = f"'{header}' mixes {', '.join(sorted(written))}; put one unit into the header"
            yield Finding(table.line, "mixed-units", "M21", text)
        spellings = {unit for unit in (*written, promised) if unit}
        if len({s.lower() for s in spellings}) == 1 < len(spellings) or any(s in ("Mb", "Gb", "Kb") for s in written):
            text = f"'{header}' writes {', '.join(sorted(spellings))}: b is bits, B is bytes; write MB"
            yield Finding(table.line, "unit-spelling", "M21", text)
        if any((v := value_of(row, kind)) is not None and not v.unit for row in table.rows):
            yield Finding(table.line, "no-unit", "M21", f"neither the header '{header}' nor the cells name a unit")


def missing_spread(table: Table) -> Iterator[Finding]:
    for kind in (*TIMES, "quality"):
        bare = [row for row in table.rows if (v := value_of(row, kind)) is not None and v.spread is None]
        if bare:
            text = f"'{table.headers[kind]}': {len(bare)} of {len(table.rows)} rows have no spread; write ± and of how many"
            yield Finding(table.line, "no-spread", "M3" if kind in TIMES else "M26", text)
    counted = re.compile(r"\bn\s*=\s*\d|samples|пример|выборк|calls|запуск|rounds", re.I)
    everything = [*table.headers.values(), *(cell.text for row in table.rows for cell in row.cells.values())]
    if table.rows and not any(counted.search(text) for text in everything):
        yield Finding(
            table.line, "no-n", "M26", "the table does not say how many calls and samples (n = ...) its numbers come from"
        )


def device_once(table: Table) -> Iterator[Finding]:
    notes = {kind: [v.note for row in table.rows if (v := value_of(row, kind)) is not None] for kind in TIMES}
    if any(any(names) for names in notes.values()):
        for kind, names in notes.items():
            if names and not any(names):
                text = f"'{table.headers[kind]}' names no hardware, another column does; name both"
                yield Finding(table.line, "unnamed-hardware", "M33", text)
    elif table.rows:
        yield Finding(
            table.line,
            "unnamed-hardware",
            "M33",
            "no CPU, GPU or thread count is named in the table; say it below or in the header",
        )


def other_metric(table: Table) -> Iterator[Finding]:
    header = table.headers.get("quality", "").lower()
    promised = re.findall(r"[\w-]+", header.partition("(")[2])
    for row in table.rows:
        values = row.cells["quality"].values if "quality" in row.cells else ()
        strange = [v.label for v in values if v.label and not any(v.label.lower().startswith(name) for name in promised)]
        if promised and strange:
            text = f"{row.name}: the cell names {', '.join(strange)}, the header '{table.headers['quality']}' does not"
            yield Finding(row.line, "other-metric", "M29", text)


FORM: Sequence[Callable[[Table], Iterator[Finding]]] = (unreadable, units, missing_spread, device_once, other_metric)
