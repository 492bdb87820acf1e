"""`compare`: two runs case by case. `history`: one case over all stored runs. `drift`: cases whose level changed over them."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reports import compare, drift, history, share
from reports.commands.common import RESULTS, WRONG, complain, merged, out, said
from reports.record import Record


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    two = commands.add_parser("compare", parents=[common], help="what changed from run A to run B, case by case")
    two.add_argument("a", type=Path, metavar="A", help="results file or directory")
    two.add_argument("b", type=Path, metavar="B", help="results file or directory")
    two.set_defaults(run=_compare)
    past = commands.add_parser("history", parents=[common], help="one case over all stored runs, superseded ones included")
    past.add_argument("case", metavar="CASE", help="as model:method:cpu")
    past.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS} and {share.RECORDS}")
    past.add_argument("--plot", type=Path, metavar="FILE", help="also draw it, as SVG or PNG by the name (needs matplotlib)")
    past.set_defaults(run=_history)
    slow = commands.add_parser(
        "drift", help="changes over all stored runs that one comparison is too coarse to see (needs ruptures)"
    )
    slow.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS} and {share.RECORDS}")
    slow.add_argument("--case", default="*", metavar="GLOB", help="only these cases")
    slow.set_defaults(run=_drift)


def _compare(options: argparse.Namespace) -> int:
    a, b = merged([options.a]), merged([options.b])
    changes = compare.compare(a.records, b.records, options.lang)
    if changes:
        out(compare.render(changes, options.lang))
    return WRONG if a.problems or b.problems else 0


def _drift(options: argparse.Namespace) -> int:
    records, problems = _stored(options)
    chosen = [record for record in records if fnmatchcase(record.case, options.case)]
    found, long = drift.changes(chosen), drift.long_enough(chosen)
    out(drift.render(found) if found else "")
    cases = len({record.case for record in chosen})
    out(f"{len(found)} changes of level; {long} of {cases} cases have the {2 * drift.FEWEST} runs that one needs\n")
    return WRONG if problems else 0


def _stored(options: argparse.Namespace) -> tuple[list[Record], list[str]]:
    records, problems = history.stored(options.paths or [p for p in (RESULTS, share.RECORDS) if p.exists()])
    complain(problems)
    return records, problems


def _history(options: argparse.Namespace) -> int:
    records, problems = _stored(options)
    rows = history.history(records, options.case)
    out(history.render(rows, options.lang))
    if options.plot is not None:
        history.plot(rows, options.plot, options.lang)
        said(options.plot)
    return WRONG if problems else 0
