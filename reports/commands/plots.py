"""`plots`: figures of stored results as SVG and PNG files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from reports import plots
from reports.commands.common import NOTHING, RESULTS, WRONG, merged, said, selected


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    drawn = commands.add_parser(
        "plots", parents=[common], help="figures as SVG and PNG: quality against time and size, speed-up, memory, latency"
    )
    drawn.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    drawn.add_argument("--output", type=Path, metavar="DIR", default=RESULTS / "plots", help=f"default: {RESULTS / 'plots'}")
    for name in ("task", "model"):
        drawn.add_argument(f"--{name}", help=f"only this {name}")
    drawn.add_argument("--device", choices=("cpu", "cuda"), help="only this device")
    drawn.set_defaults(run=_plots)


def _plots(options: argparse.Namespace) -> int:
    found = merged(options.paths)
    rows = selected(found.records, options)
    written = plots.write(rows, options.lang, options.output)
    for path in written:
        said(path)
    if len(written) == 1:  # the index alone
        print("nothing to draw: no model has two measured rows of one run on one device", file=sys.stderr)
        return WRONG if found.problems else NOTHING
    return WRONG if found.problems else 0
