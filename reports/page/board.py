"""The one table of the page: the sections of all tasks below each other, the columns of the Markdown side by side, footnotes numbered anew.

A group is what may be compared: one model of one task on one machine. Bars never cross it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from reports import columns
from reports.cells import Cell, Footnotes
from reports.columns import quality_header, quality_metrics
from reports.lines import Line, by_task, join, machine_of
from reports.notes import conditions
from reports.page.columns import Column
from reports.page.wide import wide_columns
from reports.page.words import screen, tell
from reports.record import Record
from reports.speed import ORIGINAL
from reports.table import Grid, Section, sections
from reports.words import say


@dataclass(frozen=True)
class Group:
    """`facts`: what its times and its quality column mean."""

    title: str
    facts: tuple[str, ...]


@dataclass
class Board:
    """`group_of[i]`: the group of row i. `wide`: columns that are hidden at first."""

    columns: list[Column]
    wide: list[Column]
    lines: list[Line]
    groups: list[Group]
    group_of: list[int]
    footnotes: Footnotes = field(default_factory=Footnotes)


def board(records: Sequence[Record], lang: str) -> Board:
    tasks = by_task(records)
    footnotes = Footnotes()
    lines_of = {task: join(rows) for task, rows in tasks.items()}
    lines = [line for found in lines_of.values() for line in found]
    machines = len({machine_of(record) for record in records}) > 1
    made: dict[tuple[str, str], Column] = {}
    start = 0
    for section in sections(records, lang):
        found = [*_names(section, lines_of[section.task], len(tasks) > 1, machines, lang), *_cells(section, lang)]
        numbers = [footnotes.number(text) for text in section.footnotes]
        for title, kind, group, cells in found:
            column = made.setdefault((group, title), Column(title, kind, group))
            _fill(column, start, lang, footnotes)
            for cell in cells:
                column.add(replace(cell, notes=tuple(m for n in cell.notes for m in numbers[n - 1])), lang)
        start += len(lines_of[section.task])
    for column in made.values():
        _fill(column, start, lang, footnotes)
        _share_notes(column)
    groups, group_of = _groups(lines, tasks, machines, lang)
    return Board(list(made.values()), wide_columns(lines, lang), lines, groups, group_of, footnotes)


def _fill(column: Column, rows: int, lang: str, footnotes: Footnotes) -> None:
    """A measure that the tasks above do not have."""
    while len(column.texts) < rows:
        column.add(Cell(say(lang, "absent"), footnotes.number(tell(lang, "other task"))), lang)


Cells = tuple[str, str, str, list[Cell]]  # title, kind, group, one cell per row


def _names(section: Section, lines: Sequence[Line], tasks: bool, machines: bool, lang: str) -> Iterable[Cells]:
    if tasks:
        yield screen(lang)["task"], "name", "names", [Cell(section.task) for _ in lines]
    if machines:
        yield say(lang, "machine"), "name", "names", [Cell(machine_of(line.any)) for line in lines]
    model, method = (first[lang] for first in columns.FIRST)
    last = section.grid.kinds.index("amount") - 1
    yield model, "name", "names", [Cell(line.any.model) for line in lines]
    yield method, "name", "names", [row[last] for row in section.grid.rows]


def _cells(section: Section, lang: str) -> Iterable[Cells]:
    yield from _grid(section.grid, "table", lang)
    if section.speed is not None:
        yield from _grid(section.speed, "speed", lang)


def _grid(grid: Grid, group: str, lang: str) -> Iterable[Cells]:
    for j, (title, kind) in enumerate(zip(grid.headers, grid.kinds, strict=True)):
        if kind == "name":
            continue
        shared = grid.header_notes.get(title, ())
        cells = [replace(row[j], notes=(*row[j].notes, *(shared if row[j].shown else ()))) for row in grid.rows]
        if kind != "quality":
            yield title.replace("`", ""), kind, group, cells
            continue
        # A quality cell is its scores, then "; " and the verdict or the agreement: here two columns, since each is sorted by its own number.
        yield columns.QUALITY[lang], kind, group, [replace(c, text=c.text.partition("; ")[0]) for c in cells]
        original = [row[grid.kinds.index("amount") - 1].text == ORIGINAL for row in grid.rows]
        yield tell(lang, "change"), "change", group, [_change(c, o, lang) for c, o in zip(cells, original, strict=True)]


def _change(cell: Cell, original: bool, lang: str) -> Cell:
    text = cell.text.partition("; ")[2]
    if text:
        return replace(cell, text=text, notes=(), best=False, shown=cell.change)
    if original:
        return Cell(tell(lang, "reference"))
    return replace(cell, text=cell.text if cell.failed else say(lang, "absent"), shown=None)


def _share_notes(column: Column) -> None:
    """Footnotes that every value has belong to the header."""
    noted = [set(column.notes.get(row, ())) for row, value in enumerate(column.values) if value is not None]
    shared = set.intersection(*noted) if len(noted) > 1 else set()
    if not shared:
        return
    column.title_notes = tuple(sorted(shared))
    for row, value in enumerate(column.values):
        if value is not None:
            left = tuple(number for number in column.notes.get(row, ()) if number not in shared)
            column.notes.pop(row, None)
            column.notes.update({row: left} if left else {})


def _groups(lines: Sequence[Line], tasks: dict[str, list[Record]], machines: bool, lang: str) -> tuple[list[Group], list[int]]:
    found: dict[tuple[str, str, str], int] = {}
    rows_of: dict[tuple[str, str, str], list[Record]] = {}
    for record in (record for rows in tasks.values() for record in rows):
        rows_of.setdefault((record.task, record.model, machine_of(record)), []).append(record)
    groups: list[Group] = []
    group_of: list[int] = []
    for line in lines:
        model, machine = line.group
        key = (line.any.task, model, machine)
        if key not in found:
            found[key] = len(groups)
            rows = rows_of[key]
            parts = [model, *([key[0]] if len(tasks) > 1 else []), *([machine] if machines else [])]
            facts = [text.partition(": ")[2] for text in conditions(rows, lang)]
            metrics = quality_metrics(rows)
            groups.append(Group(" · ".join(parts), (*facts, *([quality_header(metrics, lang)] if metrics else []))))
        group_of.append(found[key])
    return groups, group_of
