"""Flags in a hand-written table what went wrong in the published ones; the ids are those of the catalogue of mistakes (M1 to M34).

A finding says what was found and what to do. None of them proves a number wrong: each is a thing that measuring does not produce by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from reports.lint_read import MEMORY, TIMES, Row, Table, Value, header_unit, tables
from reports.units import significant

ORIGINAL = re.compile(r"original|оригинал|baseline|исходн", re.I)
# Fractions that arithmetic gives and files do not: bits 16, 8, 4, 2 of 32, and shares of kept weights.
FRACTIONS = {
    0.5: "1/2",
    0.25: "1/4",
    0.125: "1/8",
    0.0625: "1/16",
    0.9: "0.9",
    0.8: "0.8",
    0.7: "0.7",
    0.75: "0.75",
    0.6: "0.6",
    0.3: "0.3",
    0.2: "0.2",
}
# Beyond this a method's own arithmetic ends; the reason is printed with the finding.
CEILINGS: Sequence[tuple[str, float, str]] = (
    (r"prun|прун|прореж|sparse|l1\b", 1.2, "zeros in a dense graph are multiplied like any other number"),
    (r"cluster|класт|k-?means", 1.2, "clustered weights are decoded to full precision before they are multiplied"),
    (r"fp16|half|bf16", 4.5, "16-bit arithmetic has twice the lanes of fp32, and at most 4 times the rate on dot-product units"),
    (r"int8|8.?bit|quant|квант", 8.0, "int8 dot products reach 4 times the fp32 rate, 8 times with tensor units"),
    (r"onnx|torchscript|openvino", 3.0, "an export keeps the arithmetic; the original's runtime was misused or another model timed"),
)  # fmt: skip
SAME = 1e-9  # relative: equal as written


@dataclass(frozen=True)
class Finding:
    line: int
    rule: str
    mistake: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.rule} ({self.mistake}): {self.text}"


def lint(text: str) -> list[Finding]:
    found = [f for table in tables(text) for f in check(table)]
    return sorted(found, key=lambda f: f.line)


def check(table: Table) -> list[Finding]:
    ragged = [Finding(line, "ragged", "M25", text) for line, text in table.problems]
    return [*ragged, *(finding for rule in RULES for finding in rule(table))]


def _value(row: Row, kind: str) -> Value | None:
    return row.cells[kind].first if kind in row.cells else None


def _close(a: float, b: float, tolerance: float = SAME) -> bool:
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


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
        written = {v.written: row for row in table.rows if (v := _value(row, kind)) is not None and v.written}
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
        if any((v := _value(row, kind)) is not None and not v.unit for row in table.rows):
            yield Finding(table.line, "no-unit", "M21", f"neither the header '{header}' nor the cells name a unit")


def copied_memory(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        known = [(kind, v) for kind in ("size", *MEMORY) if (v := _value(row, kind)) is not None]
        equal = [(a, b) for (a, x), (b, y) in combinations(known, 2) if _close(x.value, y.value)]
        if equal:
            names = {"size": "size", "ram": "RAM", "vram": "VRAM"}
            what = "; ".join(f"{names[a]} = {names[b]}" for a, b in equal)
            text = f"{row.name}: {what} ({row.text(equal[0][0])}): different things are never equal to the digit; measure each"
            yield Finding(row.line, "copied-memory", "M14", text)


def small_memory(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        size, memory = _value(row, "size"), _value(row, "ram")
        if size and memory and size.value > 2 * memory.value:
            text = f"{row.name}: {row.text('size')} of weights in {row.text('ram')} of RAM: duplicate files, or RAM without the weights"
            yield Finding(row.line, "size-over-ram", "M10", text)


def computed_size(table: Table) -> Iterator[Finding]:
    for first, row in _against_original(table):
        a, b = _value(first, "size"), _value(row, "size")
        if a is None or b is None or a.value <= 0:
            continue
        for fraction, name in FRACTIONS.items():
            # To half a unit of the last digit written: 46.44 of 185.75 is 1/4.
            if abs(b.value - a.value * fraction) <= _half_digit(row.text("size")) * _scale(b):
                text = f"{row.name}: {row.text('size')} is exactly {name} of {first.text('size')}: sum the files that are loaded instead"
                yield Finding(row.line, "computed-size", "M7", text)


def _half_digit(text: str) -> float:
    decimals = re.search(r"\d+(?:[.,](\d+))?", text)
    return 0.5000001 * 10.0 ** -len(decimals[1] or "") if decimals else 0.0


def _scale(value: Value) -> float:
    from reports.lint_read import UNITS

    return UNITS.get(value.written.lower(), ("", 1e6 if value.unit == "B" else 1.0))[1]


def copied_values(table: Table) -> Iterator[Finding]:
    for kind, rule, mistake in (
        ("cpu", "identical-time", "M5"),
        ("gpu", "identical-time", "M5"),
        ("quality", "identical-quality", "M5"),
    ):
        seen: dict[tuple[str, tuple[float, ...]], Row] = {}
        for row in table.rows:
            values = tuple(v.value for v in row.cells[kind].values) if kind in row.cells else ()
            first = seen.setdefault((row.text("model"), values), row)
            if values and first is not row:
                why = (
                    "two measurements never agree to the digit"
                    if kind != "quality"
                    else "true of an exact export; say that it was evaluated"
                )
                text = f"{row.name}: '{row.text(kind)}' is that of {first.text('method')} to the digit: {why}"
                yield Finding(row.line, rule, mistake, text)


def impossible_speed(table: Table) -> Iterator[Finding]:
    for first, row in _against_original(table):
        for kind in TIMES:
            a, b = _value(first, kind), _value(row, kind)
            if a is None or b is None or not a.unit or a.unit != b.unit or min(a.value, b.value) <= 0:
                continue
            gain = b.value / a.value if a.unit == "1/s" else a.value / b.value
            method = row.text("method")
            limits = [(limit, why) for pattern, limit, why in CEILINGS if re.search(pattern, method, re.I)]
            # A combination may reach what its fastest part reaches.
            if limits and gain > max(limits)[0]:
                text = f"{row.name}: {significant(gain, 3)}x on the {kind.upper()}: {max(limits)[1]}"
                yield Finding(row.line, "impossible-speed", "M12", text)


def missing_spread(table: Table) -> Iterator[Finding]:
    for kind in (*TIMES, "quality"):
        bare = [row for row in table.rows if (v := _value(row, kind)) is not None and v.spread is None]
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
    notes = {kind: [v.note for row in table.rows if (v := _value(row, kind)) is not None] for kind in TIMES}
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


def slow_gpu(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        cpu, gpu = _value(row, "cpu"), _value(row, "gpu")
        if cpu and gpu and cpu.unit == gpu.unit == "s" and gpu.value > cpu.value > 0:
            text = f"{row.name}: {row.text('gpu')} on the GPU, {row.text('cpu')} on the CPU: look for nodes that fell back to the CPU or copy"
            yield Finding(row.line, "slow-gpu", "M24", text)


def _against_original(table: Table) -> Iterator[tuple[Row, Row]]:
    originals = {row.text("model"): row for row in reversed(table.rows) if ORIGINAL.search(row.text("method"))}
    for row in table.rows:
        first = originals.get(row.text("model"))
        if first is not None and first is not row:
            yield first, row


RULES: Sequence[Callable[[Table], Iterator[Finding]]] = (
    unreadable, units, copied_memory, small_memory, computed_size, copied_values, impossible_speed, missing_spread, device_once,
    other_metric, slow_gpu,
)  # fmt: skip
