"""Reads hand-written tables in the course's form into typed values: `185.75Mb`, `31.9ms (Tesla T4)`, `0.42+-0.0005`, `</br>` between metrics.

Eight columns in Russian or English, in any order. A cell keeps its text; what it means is a `Value` in base units, and what cannot be
read is None with the text kept, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# Words of a header, lower case -> what the column holds; the first match decides, so VRAM stands before RAM and GPU before CPU.
KINDS: Sequence[tuple[str, str]] = (
    ("vram", "vram"), ("ram", "ram"), ("gpu", "gpu"), ("cpu", "cpu"), ("модел", "model"), ("model", "model"), ("метод", "method"),
    ("method", "method"), ("размер", "size"), ("size", "size"), ("качеств", "quality"), ("quality", "quality"),
    ("точност", "quality"), ("accuracy", "quality"),
)  # fmt: skip
TIMES, MEMORY = ("cpu", "gpu"), ("ram", "vram")
REQUIRED = ("model", "method")
# unit as people write it, lower case -> (base unit, factor). Mb and MB both mean 10**6 bytes in these tables; MiB says what it is.
UNITS: Mapping[str, tuple[str, float]] = {
    "kb": ("B", 1e3), "mb": ("B", 1e6), "gb": ("B", 1e9), "кб": ("B", 1e3), "мб": ("B", 1e6), "гб": ("B", 1e9),
    "kib": ("B", 2.0**10), "mib": ("B", 2.0**20), "gib": ("B", 2.0**30),
    "ms": ("s", 1e-3), "мс": ("s", 1e-3), "us": ("s", 1e-6), "µs": ("s", 1e-6), "мкс": ("s", 1e-6), "s": ("s", 1.0), "sec": ("s", 1.0),
    "с": ("s", 1.0), "сек": ("s", 1.0), "tokens/sec": ("1/s", 1.0), "tokens/s": ("1/s", 1.0), "%": ("1", 1e-2),
}  # fmt: skip
NUMBER = re.compile(r"[-−+]?\d+(?:[.,]\d+)?(?:e[-+]?\d+)?", re.I)
SPREAD = re.compile(r"\s*(?:\+-|\+/-|±)\s*(\d+(?:[.,]\d+)?)")
UNIT = re.compile(r"\s*(tokens/s(?:ec)?|%|[A-Za-zµа-яА-Я]+)")
NOTHING = ("", "-", "--", "—", "–", "n/a", "нет")


@dataclass(frozen=True)
class Value:
    """One number of a cell. `unit` is a base unit, "" when neither the cell nor the header names one; `written` is the unit as written."""

    value: float
    unit: str
    written: str = ""
    spread: float | None = None
    label: str = ""  # the metric's name in a quality cell
    note: str = ""  # what stands in parentheses: a device


@dataclass(frozen=True)
class Cell:
    text: str
    values: tuple[Value, ...] = ()

    @property
    def first(self) -> Value | None:
        return self.values[0] if self.values else None


@dataclass(frozen=True)
class Row:
    line: int
    cells: Mapping[str, Cell]  # by kind of column

    def text(self, kind: str) -> str:
        return self.cells[kind].text if kind in self.cells else ""

    @property
    def name(self) -> str:
        return " / ".join(filter(None, (self.text("model"), self.text("method"))))


@dataclass(frozen=True)
class Table:
    line: int
    headers: Mapping[str, str]  # kind -> header
    rows: tuple[Row, ...]
    problems: tuple[tuple[int, str], ...] = field(default=())


def tables(text: str) -> list[Table]:
    """Every table of a Markdown text that has a model and a method column; other tables are no one's results."""
    found, lines, i = [], text.splitlines(), 0
    while i + 1 < len(lines):
        if lines[i].count("|") >= 2 and re.fullmatch(r"[\s|:-]*-[\s|:-]*", lines[i + 1]) and "|" in lines[i + 1]:
            end = i + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            table = _table(lines, i, end)
            if all(kind in table.headers for kind in REQUIRED):
                found.append(table)
            i = end
        else:
            i += 1
    return found


def _table(lines: Sequence[str], start: int, end: int) -> Table:
    names = _split(lines[start])
    kinds = [kind_of(name) for name in names]
    rows, problems = [], []
    for at in range(start + 2, end):
        texts = _split(lines[at])
        if len(texts) != len(names):
            problems.append((at + 1, f"{len(texts)} cells under {len(names)} headers: a pipe is missing or one too many"))
        pairs = zip(kinds, names, texts, strict=False)
        rows.append(Row(at + 1, {kind: read(kind, name, cell) for kind, name, cell in pairs if kind}))
    headers = {kind: name for kind, name in zip(kinds, names, strict=True) if kind}
    return Table(start + 1, headers, tuple(rows), tuple(problems))


def _split(line: str) -> list[str]:
    body = line.strip().removeprefix("|")
    body = body[:-1] if body.endswith("|") and not body.endswith("\\|") else body
    return [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", body)]


def kind_of(header: str) -> str:
    return next((kind for word, kind in KINDS if word in header.lower()), "")


def header_unit(header: str) -> str:
    """`(CPU, ms)`, `(МБ)`, `(tokens/sec)`: the unit named in a header, as written; "" for none."""
    inside = re.findall(r"\(([^()]*)\)", header)
    words = (word.strip() for part in inside for word in part.split(","))
    return next((word for word in words if word.lower() in UNITS), "")


def read(kind: str, header: str, text: str) -> Cell:
    plain = re.sub(r"[*`]", "", text).strip()
    if kind in ("model", "method") or plain.lower() in NOTHING:
        return Cell(plain)
    parts = re.split(r"<\s*/?\s*br\s*/?\s*>", plain, flags=re.I) if kind == "quality" else [plain]
    return Cell(plain, tuple(value for part in parts for value in _values(part, kind, header)))


def _values(text: str, kind: str, header: str) -> Iterator[Value]:
    """A quality part may hold several: `0.8474 precision 0.8342 recall`; other cells hold one."""
    notes = re.findall(r"\(([^()]*)\)", text)
    body = re.sub(r"\([^()]*\)", " ", text)
    label = ""
    if kind == "quality" and (named := re.match(r"\s*([A-Za-zА-Яа-я][\w-]*)\s*[:=]\s*", body)):
        label, body = named[1], body[named.end() :]
    at = 0
    while (found := _number(body, at)) is not None:
        number, at = float(found[0].replace(",", ".").replace("−", "-")), found.end()
        spread = SPREAD.match(body, at)
        at = spread.end() if spread else at
        unit = UNIT.match(body, at)
        written = unit[1] if unit and unit[1].lower() in UNITS else ""
        at = unit.end() if unit and written else at
        after = re.match(r"\s*([A-Za-zА-Яа-я][\w-]*)", body[at:]) if kind == "quality" and not label else None
        named_unit = written or (header_unit(header) if kind != "quality" else "")
        base, factor = UNITS.get(named_unit.lower(), ("1" if kind == "quality" else "", 1.0))
        width = float(spread[1].replace(",", ".")) * factor if spread else None
        yield Value(number * factor, base, written, width, label or (after[1] if after else ""), ", ".join(notes))
        if kind != "quality":
            return
        at += after.end() if after else 0


def _number(text: str, at: int) -> re.Match[str] | None:
    """The next number that is not part of a name: not the 1 of `f1-score`."""
    return next((m for m in NUMBER.finditer(text, at) if m.start() == 0 or not re.match(r"[\w.-]", text[m.start() - 1])), None)
