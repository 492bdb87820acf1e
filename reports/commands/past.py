"""`compare`: two runs case by case. `history`: one case over all stored runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from reports import compare, history, share
from reports.commands.common import RESULTS, WRONG, complain, merged, out, said


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    two = commands.add_parser("compare", help="what changed from run A to run B, case by case")
    two.add_argument("a", type=Path, metavar="A", help="results file or directory")
    two.add_argument("b", type=Path, metavar="B", help="results file or directory")
    two.set_defaults(run=_compare)
    past = commands.add_parser("history", help="one case over all stored runs, superseded ones included")
    past.add_argument("case", metavar="CASE", help="as model:method:cpu")
    past.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS} and {share.RECORDS}")
    past.add_argument("--plot", type=Path, metavar="FILE", help="also draw it as SVG (needs matplotlib)")
    past.set_defaults(run=_history)


def _compare(options: argparse.Namespace) -> int:
    a, b = merged([options.a]), merged([options.b])
    changes = compare.compare(a.records, b.records)
    if changes:
        out(compare.render(changes))
    return WRONG if a.problems or b.problems else 0


def _history(options: argparse.Namespace) -> int:
    records, problems = history.stored(options.paths or [p for p in (RESULTS, share.RECORDS) if p.exists()])
    complain(problems)
    rows = history.history(records, options.case)
    out(history.render(rows))
    if options.plot is not None:
        history.plot(rows, options.plot)
        said(options.plot)
    return WRONG if problems else 0
