"""The table as Markdown: sections, footnotes, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reports.cells import Cell
from reports.conclusions import conclusions, grouped
from reports.conclusions_words import tell
from reports.record import Record
from reports.table import Grid, Section, sections
from reports.words import say


def escape(text: str) -> str:
    """User text inside a table cell or list item: no pipe, line break, tag or emphasis of it survives as markup."""
    text = re.sub(r"([\\`|*])", r"\\\1", text).replace("<", "&lt;").replace("](", "]\\(")
    # Underscores inside words are plain in GitHub's dialect; only those at an edge would emphasise.
    text = re.sub(r"(?<!\w)_|_(?!\w)", lambda found: "\\" + found[0], text)
    return re.sub(r"\s*[\r\n]+\s*", " ", text)


def render(records: Iterable[Record], lang: str = "en") -> str:
    records = list(records)
    found = sections(records, lang)
    blocks = [f"# {say(lang, 'title')}"]
    if not found:
        blocks.append(say(lang, "no rows"))
    else:
        blocks.append(say(lang, "legend"))
    blocks += [_section(section, lang) for section in found]
    drawn = conclusions(records, lang)
    if drawn:
        blocks.append(f"## {tell(lang, 'title')}")
        for name, said in grouped(drawn).items():
            blocks += [f"**{escape(name)}**", "\n".join(f"- {escape(conclusion.short)}" for conclusion in said)]
    return "\n\n".join(blocks) + "\n"


def _section(section: Section, lang: str) -> str:
    blocks = [f"## {escape(section.task)}", _grid(section.grid)]
    if section.speed is not None:
        blocks += [f"### {say(lang, 'speed title')}", _grid(section.speed)]
    if section.footnotes:
        blocks.append("\n".join(f"{number}. {escape(text)}" for number, text in enumerate(section.footnotes, 1)))
    if section.remarks:
        blocks.append("\n".join(f"- {escape(text)}" for text in section.remarks))
    return "\n\n".join(blocks)


def _cell(cell: Cell) -> str:
    text = escape(cell.text)
    if cell.best or cell.failed:
        text = f"**{text}**"
    return " ".join([text, *_marks(cell.notes)])


def _marks(numbers: Sequence[int]) -> list[str]:
    return [f"[{number}]" for number in numbers]


def _grid(grid: Grid) -> str:
    headers = [" ".join([code(header), *_marks(grid.header_notes.get(header, ()))]) for header in grid.headers]
    rows = [headers, *([_cell(cell) for cell in row] for row in grid.rows)]
    widths = [max(3, *(len(row[i]) for row in rows)) for i in range(len(grid.headers))]
    rule = ["-" * width for width in widths]
    return "\n".join(_row(row, widths) for row in [rows[0], rule, *rows[1:]])


def code(header: str) -> str:
    """Headers are ours: backticks in them are meant, pipes cannot be."""
    return header.replace("|", "\\|").replace("\n", " ")


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
