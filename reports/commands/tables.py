"""`merge`, `show`, `markdown`, `readme`: the comparison table in its forms."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

from reports import readme, render_csv, render_markdown, render_terminal
from reports.commands.common import RESULTS, WRONG, merged, out, write

WIDE = 140  # columns for a pipe or a file, which does not wrap


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    csv = argparse.ArgumentParser(add_help=False)
    csv.add_argument("--csv", type=Path, metavar="FILE", help="also write the wide table: every measurement of every record")
    joined = commands.add_parser("merge", parents=[common, csv], help="join results files or directories into one Markdown table")
    joined.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    shown = commands.add_parser("show", parents=[common, csv], help="print the stored results in the terminal")
    markdown = commands.add_parser("markdown", parents=[common, csv], help="the stored results as Markdown")
    for command in (shown, markdown):
        command.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    for command in (joined, markdown):
        command.add_argument("--output", type=Path, metavar="FILE", help="write the table there, not to standard output")
        command.set_defaults(run=_markdown)
    shown.set_defaults(run=_show)
    inside = commands.add_parser("readme", parents=[common], help="update the table between the markers of a README in place")
    inside.add_argument("file", type=Path, metavar="README.md")
    inside.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    inside.set_defaults(run=_readme)


def _show(options: argparse.Namespace) -> int:
    found = merged(options.paths)
    if options.csv is not None:
        write(options.csv, render_csv.render(found.records))
    color = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if color else WIDE
    out(render_terminal.render(found.records, width, color, options.lang))
    return WRONG if found.problems else 0


def _markdown(options: argparse.Namespace) -> int:
    found = merged(options.paths)
    if options.csv is not None:
        write(options.csv, render_csv.render(found.records))
    if options.output is not None:
        write(options.output, render_markdown.render(found.records, options.lang))
    elif options.csv is None:
        out(render_markdown.render(found.records, options.lang))
    return WRONG if found.problems else 0


def _readme(options: argparse.Namespace) -> int:
    found = merged(options.paths)
    if not found.records:
        print(f"error: {options.file} is left as it is: there are no records to show", file=sys.stderr)
        return WRONG
    changed = readme.update(options.file, render_markdown.render(found.records, options.lang))
    print(f"{'updated' if changed else 'already up to date'}: {options.file}", file=sys.stderr)
    return WRONG if found.problems else 0
