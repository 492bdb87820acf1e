"""What the commands share: where results are looked for, how problems are said, how text and files are written."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from reports import merge
from reports.record import Record
from reports.results import write_texts

RESULTS = Path("reports/results")
WRONG = 2  # the command line or a file is wrong; what could be read is shown all the same
NOTHING = 1  # the question was answered with no


def merged(paths: Sequence[Path]) -> merge.Merged:
    found = merge.merge(paths or [RESULTS])
    complain(found.problems)
    for text in (*found.duplicates, *(f"conflict: {text}" for text in found.conflicts)):
        print(text, file=sys.stderr)
    return found


def selected(records: Iterable[Record], options: argparse.Namespace) -> list[Record]:
    """Rows of the asked task, model and device; an option that was not given leaves nothing out."""
    asked = {key: getattr(options, key) for key in ("task", "model", "device") if getattr(options, key, None)}
    return [r for r in records if all(getattr(r, key) == value for key, value in asked.items())]


def complain(problems: Iterable[str]) -> None:
    for text in problems:
        print(f"error: {text}", file=sys.stderr)


def write(path: Path, text: str) -> None:
    write_texts(path.parent, [(path.name, text)])
    said(path)


def said(path: Path) -> None:
    print(f"written: {path}", file=sys.stderr)


def out(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:  # a terminal without Unicode
        encoding = sys.stdout.encoding or "ascii"
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
