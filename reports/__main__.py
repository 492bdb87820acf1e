"""`python -m reports merge|show|markdown`: tables from stored results, without measuring anything.

Exit code 0; 2 when the command line or a file is wrong (what could be read is shown all the same).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from reports import merge, render_csv, render_markdown, render_terminal
from reports.results import write_texts
from reports.words import LANGUAGES

RESULTS = Path("reports/results")
WIDE = 140  # columns for a pipe or a file, which does not wrap


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    merged = merge.merge(options.paths or [RESULTS])
    for text in merged.problems:
        print(f"error: {text}", file=sys.stderr)
    for text in (*merged.duplicates, *(f"conflict: {text}" for text in merged.conflicts)):
        print(text, file=sys.stderr)
    try:
        _show(options, merged)
    except BrokenPipeError:  # `python -m reports show | head`
        sys.stderr.close()
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    return 2 if merged.problems else 0


def _show(options: argparse.Namespace, merged: merge.Merged) -> None:
    if options.csv is not None:
        _write(options.csv, render_csv.render(merged.records))
    if options.command == "show":
        color = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if color else WIDE
        _print(render_terminal.render(merged.records, width, color, options.lang))
    elif options.output is not None:
        _write(options.output, render_markdown.render(merged.records, options.lang))
    elif options.csv is None:
        _print(render_markdown.render(merged.records, options.lang))


def _write(path: Path, text: str) -> None:
    write_texts(path.parent, [(path.name, text)])
    print(f"written: {path}", file=sys.stderr)


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:  # a terminal without Unicode
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reports", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lang", choices=LANGUAGES, default="en", help="language of headers and notes")
    common.add_argument("--csv", type=Path, metavar="FILE", help="also write the wide table: every measurement of every record")
    joined = commands.add_parser("merge", parents=[common], help="join results files or directories into one Markdown table")
    joined.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    shown = commands.add_parser("show", parents=[common], help="print the stored results in the terminal")
    shown.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    shown.set_defaults(output=None)
    markdown = commands.add_parser("markdown", parents=[common], help="the stored results as Markdown")
    markdown.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    for command in (joined, markdown):
        command.add_argument("--output", type=Path, metavar="FILE", help="write the table there, not to standard output")
    return parser


if __name__ == "__main__":
    sys.exit(main())
