"""`record`, `export`, `import`: rows between teams and tools."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from reports import export, render_csv, share
from reports.commands.common import RESULTS, WRONG, complain, merged, out, said, write
from reports.imported import imported
from reports.record import RecordError, write_records
from reports.render_markdown import render


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    recorded = commands.add_parser("record", help="copy results to where your team commits them")
    recorded.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    recorded.add_argument("--label", required=True, metavar="TEAM", help="your team's name; its folder and part of every row")
    recorded.add_argument("--to", type=Path, default=share.RECORDS, metavar="DIR", help=f"default: {share.RECORDS}")
    recorded.set_defaults(run=_record)
    exported = commands.add_parser("export", help="rows for a spreadsheet, pandas or Polars")
    exported.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    exported.add_argument("--csv", type=Path, metavar="FILE", help="wide: one line per record")
    exported.add_argument("--long", type=Path, metavar="FILE", help="long: one line per measurement, CSV")
    exported.add_argument("--parquet", type=Path, metavar="FILE", help="long, as Parquet (needs pyarrow)")
    exported.set_defaults(run=_export)
    taken = commands.add_parser("import", parents=[common], help="read files of pytest-benchmark (--benchmark-json)")
    taken.add_argument("files", nargs="+", type=Path, metavar="FILE")
    taken.add_argument("--label", default="", metavar="TEAM", help="label of the rows")
    taken.add_argument("--output", type=Path, metavar="FILE", help="write a results file; without it the table is printed")
    taken.set_defaults(run=_import)


def _record(options: argparse.Namespace) -> int:
    found = merged(options.paths)
    out("".join(f"{text}\n" for text in share.share(found.records, options.label, options.to)))
    return WRONG if found.problems else 0


def _export(options: argparse.Namespace) -> int:
    if not any((options.csv, options.long, options.parquet)):
        raise RecordError("nothing to write: name --csv FILE, --long FILE or --parquet FILE")
    found = merged(options.paths)
    if options.csv is not None:
        write(options.csv, render_csv.render(found.records))
    if options.long is not None:
        write(options.long, export.long_csv(found.records))
    if options.parquet is not None:
        export.write_parquet(options.parquet, found.records)
        said(options.parquet)
    return WRONG if found.problems else 0


def _import(options: argparse.Namespace) -> int:
    records, problems = [], []
    for path in options.files:
        try:
            found, wrong = imported(path, options.label)
        except RecordError as error:
            found, wrong = [], [str(error)]
        records += found
        problems += wrong
    complain(problems)
    if options.output is not None and records:
        if options.output.exists():
            raise RecordError(f"{options.output} exists; name another file, nothing is overwritten")
        write_records(options.output, records)
        print(f"written: {options.output}, {len(records)} rows", file=sys.stderr)
    elif records:
        out(render(records, options.lang))
    return WRONG if problems else 0
