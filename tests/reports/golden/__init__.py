"""The stored tables. `python -m tests.reports.golden` rewrites them from the sample records."""

from pathlib import Path

from reports import render_csv, render_markdown, render_terminal
from reports.record import read_records
from tests.samples.build import SAMPLES

GOLDEN = Path(__file__).parent


def _desk():
    return read_records(SAMPLES / "desk.json")


def _both():
    return _desk() + read_records(SAMPLES / "rack.json")


TABLES = {
    "table-en.md": lambda: render_markdown.render(_desk()),
    "table-ru.md": lambda: render_markdown.render(_both(), "ru"),
    "table.csv": lambda: render_csv.render(_desk()),
    "terminal.txt": lambda: render_terminal.render(_both(), 120),
}
