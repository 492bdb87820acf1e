"""`page`: the stored results as one HTML file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reports import page, plots
from reports.commands.common import RESULTS, WRONG, complain, merged, selected, write
from reports.export import MissingLibrary
from reports.record import Record

NAME = RESULTS / "page.html"


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    made = commands.add_parser("page", parents=[common], help="one HTML file: sortable table, conclusions, details of every row")
    made.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    made.add_argument("--output", type=Path, metavar="FILE", default=NAME, help=f"default: {NAME}")
    for name in ("task", "model"):
        made.add_argument(f"--{name}", help=f"only this {name}")
    made.add_argument("--device", choices=("cpu", "cuda"), help="only this device")
    made.add_argument("--no-plots", action="store_true", help="without figures, which take some seconds to draw")
    made.set_defaults(run=_page)


def _page(options: argparse.Namespace) -> int:
    """What could not be read is said on the page as well: it is shown to others than who made it."""
    found = merged(options.paths)
    rows = selected(found.records, options)
    if not rows:
        cause = "none of the rows is of the asked task, model and device" if found.records else "there are no records to show"
        complain([f"{options.output} is not written: {cause}"])
        return WRONG
    figures, no_figures = ((), "") if options.no_plots else _figures(rows, options.lang)
    write(options.output, page.render(rows, options.lang, (*found.problems, *found.conflicts), figures, no_figures))
    return WRONG if found.problems else 0


def _figures(rows: Sequence[Record], lang: str) -> tuple[Sequence[plots.Figure], str]:
    """The figures, or why there are none: a page without them is a page all the same."""
    try:
        return plots.figures(rows, lang), ""
    except MissingLibrary as error:
        return (), str(error)
