"""A column of the page as plain data, from which the scripts make rows: numbers to sort by, texts to show, footnotes by number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.cells import Cell
from reports.words import say

VERDICTS = ("ratio", "change")  # kinds of columns whose texts hold one
GOOD, BAD = ("faster", "better"), ("slower", "worse")


@dataclass
class Column:
    """`group`: "names", "table", "speed" or a device. `kind`: one of reports.table.KINDS, or "change". Lists run over the rows.

    A row without an entry in `notes` has none; `good` and `bad` are the rows whose verdict is one.
    """

    title: str
    kind: str
    group: str
    texts: list[str] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    lows: list[float | None] = field(default_factory=list)
    highs: list[float | None] = field(default_factory=list)
    notes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    best: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    good: list[int] = field(default_factory=list)
    bad: list[int] = field(default_factory=list)
    title_notes: tuple[int, ...] = ()
    reasons: list[str] = field(default_factory=list)  # a column with footnotes of its own

    def add(self, cell: Cell, lang: str) -> None:
        row = len(self.texts)
        value, low, high = cell.shown or (None, None, None)
        self.texts.append(cell.text)
        for numbers, number in ((self.values, value), (self.lows, low), (self.highs, high)):
            numbers.append(None if number is None else compact(number))
        if cell.notes:
            self.notes[row] = cell.notes
        words = cell.text.split() if self.kind in VERDICTS else []
        marks = (
            (self.best, cell.best),
            (self.failed, cell.failed),
            (self.good, any(say(lang, word) in words for word in GOOD)),
            (self.bad, any(say(lang, word) in words for word in BAD)),
        )
        for rows, marked in marks:
            if marked:
                rows.append(row)

    def data(self) -> dict[str, Any]:
        """What is empty is left out."""
        found = {key: value for key, value in vars(self).items() if value or key == "texts"}
        return {key: value for key, value in found.items() if key not in ("values", "lows", "highs") or any_number(value)}


def compact(value: float) -> float:
    """Seven significant digits: more than any text shows, so that sorting agrees with the full value."""
    return float(f"{value:.7g}")


def any_number(values: Sequence[Any]) -> bool:
    return any(value is not None for value in values)
