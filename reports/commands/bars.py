"""`bars`: the pages that hold stored rows against the declared bars."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from reports import share
from reports.bars import missed
from reports.bars.declared import PAGES
from reports.bars.judge import MISSED, of_page, shown
from reports.bars.page import answers, render, summary, written
from reports.commands.common import NOTHING, WRONG, merged, write

RECORDS = share.RECORDS / "bars"
DOCS = Path("docs")


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    pages = commands.add_parser("bars", help="which quality and speed bars are reached, as pages under docs/")
    pages.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RECORDS}")
    pages.add_argument("--page", choices=[page.name for page in PAGES], help="only this page; default: every page that has rows")
    pages.add_argument("--to", type=Path, default=DOCS, metavar="DIR", help=f"where the pages are written; default: {DOCS}")
    pages.set_defaults(run=_bars)


def _bars(options: argparse.Namespace) -> int:
    """Exit code 1 when a bar is missed and nobody has written why."""
    found = merged(options.paths or [RECORDS])
    texts, used, unexplained = missed.read(), set[str](), list[str]()
    names = shown(PAGES, found.records)
    for page in (page for page in PAGES if page.name in names):
        rows = of_page(page, found.records)
        if options.page not in (None, page.name):
            continue
        write(options.to / f"{page.name}.md", render(page, rows, texts, names))
        judged = answers(page, rows)
        print(f"{page.title}: {summary(judged)}", file=sys.stderr)
        for answer in (answer for answer in judged if answer.outcome == MISSED):
            used |= {answer.key, f"{answer.model}:{answer.bar.name}"}
            unexplained += [] if written(answer, texts) else [answer.key]
    for key in unexplained:
        print(f"missed without a cause: write [{key!r}] with cause and tried into {missed.WRITTEN.name}", file=sys.stderr)
    if stale := sorted(set(texts) - used) if options.page is None else []:
        print(f"texts that no missed bar shows: {', '.join(stale)}", file=sys.stderr)
    return WRONG if found.problems else NOTHING if unexplained else 0
