"""Flags in a hand-written table what went wrong in the published ones; the ids are those of the catalogue of mistakes (M1 to M34).

A finding says what was found and what to do. None of them proves a number wrong: each is a thing that measuring does not produce by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from reports.lint_finding import Finding, value_of
from reports.lint_form import FORM
from reports.lint_read import MEMORY, TIMES, UNITS, Row, Table, Value, tables
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
# Chosen, not measured: beyond this a method's own arithmetic ends; the reason is printed with the finding.
CEILINGS: Sequence[tuple[str, float, str]] = (
    (r"prun|прун|прореж|sparse|l1\b", 1.2, "zeros in a dense graph are multiplied like any other number"),
    (r"cluster|класт|k-?means", 1.2, "clustered weights are decoded to full precision before they are multiplied"),
    (r"fp16|half|bf16", 4.5, "16-bit arithmetic has twice the lanes of fp32, and at most 4 times the rate on dot-product units"),
    (r"int8|8.?bit|quant|квант", 8.0, "int8 dot products reach 4 times the fp32 rate, 8 times with tensor units"),
    (r"onnx|torchscript|openvino", 3.0, "an export keeps the arithmetic; the original's runtime was misused or another model timed"),
)  # fmt: skip
SAME = 1e-9  # relative: equal as written


def lint(text: str) -> list[Finding]:
    found = [f for table in tables(text) for f in check(table)]
    return sorted(found, key=lambda f: f.line)


def check(table: Table) -> list[Finding]:
    ragged = [Finding(line, "ragged", "M25", text) for line, text in table.problems]
    return [*ragged, *(finding for rule in RULES for finding in rule(table))]


def _close(a: float, b: float, tolerance: float = SAME) -> bool:
    return abs(a - b) <= tolerance * max(abs(a), abs(b))


def copied_memory(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        known = [(kind, v) for kind in ("size", *MEMORY) if (v := value_of(row, kind)) is not None]
        equal = [(a, b) for (a, x), (b, y) in combinations(known, 2) if _close(x.value, y.value)]
        if equal:
            names = {"size": "size", "ram": "RAM", "vram": "VRAM"}
            what = "; ".join(f"{names[a]} = {names[b]}" for a, b in equal)
            text = f"{row.name}: {what} ({row.text(equal[0][0])}): different things are never equal to the digit; measure each"
            yield Finding(row.line, "copied-memory", "M14", text)


def small_memory(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        size, memory = value_of(row, "size"), value_of(row, "ram")
        if size and memory and size.value > 2 * memory.value:
            text = f"{row.name}: {row.text('size')} of weights in {row.text('ram')} of RAM: duplicate files, or RAM without the weights"
            yield Finding(row.line, "size-over-ram", "M10", text)


def computed_size(table: Table) -> Iterator[Finding]:
    for first, row in _against_original(table):
        a, b = value_of(first, "size"), value_of(row, "size")
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
            a, b = value_of(first, kind), value_of(row, kind)
            if a is None or b is None or not a.unit or a.unit != b.unit or min(a.value, b.value) <= 0:
                continue
            gain = b.value / a.value if a.unit == "1/s" else a.value / b.value
            method = row.text("method")
            limits = [(limit, why) for pattern, limit, why in CEILINGS if re.search(pattern, method, re.I)]
            # A combination may reach what its fastest part reaches.
            if limits and gain > max(limits)[0]:
                text = f"{row.name}: {significant(gain, 3)}x on the {kind.upper()}: {max(limits)[1]}"
                yield Finding(row.line, "impossible-speed", "M12", text)


def slow_gpu(table: Table) -> Iterator[Finding]:
    for row in table.rows:
        cpu, gpu = value_of(row, "cpu"), value_of(row, "gpu")
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
    *FORM, copied_memory, small_memory, computed_size, copied_values, impossible_speed, slow_gpu,
)  # fmt: skip
