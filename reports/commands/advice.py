"""`recommend`: what to ship under given constraints. `lint`: what is doubtful in a hand-written table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports import lint, recommend
from reports.commands.common import NOTHING, RESULTS, WRONG, merged, out, selected
from reports.lint_read import tables


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    advise = commands.add_parser("recommend", parents=[common], help="what to ship under your constraints")
    advise.add_argument("paths", nargs="*", type=Path, metavar="DIR", help=f"default: {RESULTS}")
    size = _type(recommend.size_bytes, "size")
    advise.add_argument(
        "--max-quality-loss",
        type=_type(_amount, "number"),
        metavar="POINTS",
        help="largest loss against the original, in points (hundredths); the worst end of the 95 %% interval must hold it",
    )
    advise.add_argument("--max-ram", type=size, metavar="SIZE", help="largest process RAM (its whole peak), as 500MB")
    advise.add_argument("--max-vram", type=size, metavar="SIZE", help="largest VRAM of the table's column")
    advise.add_argument("--max-size", type=size, metavar="SIZE", help="largest size of the files that are loaded")
    advise.add_argument("--max-latency", type=_type(_amount, "number"), metavar="MS", help="largest median, ms per sample")
    advise.add_argument(
        "--prefer", choices=recommend.PREFERENCES, default="speed", help="what decides between those that qualify"
    )
    for name in ("task", "model"):
        advise.add_argument(f"--{name}", help=f"only this {name}")
    advise.add_argument("--device", choices=("cpu", "cuda"), help="only this device")
    advise.set_defaults(run=_recommend)
    check = commands.add_parser("lint", help="flag what is doubtful in hand-written Markdown tables")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE.md")
    check.set_defaults(run=_lint)  # fmt: skip


def _amount(text: str) -> float:
    found = float(text)
    if not 0 <= found < float("inf"):
        raise ValueError(f"{text} is not a number from 0 up")
    return found


def _type(read: Callable[[str], float], name: str) -> Callable[[str], float]:
    def convert(text: str) -> float:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    convert.__name__ = name
    return convert


def _recommend(options: argparse.Namespace) -> int:
    found = merged(options.paths)
    rows = selected(found.records, options)
    constraints = recommend.limits(
        options.max_quality_loss, options.max_ram, options.max_vram, options.max_size, options.max_latency
    )
    answers = recommend.recommend(rows, constraints, options.prefer, options.lang)
    if not answers:
        cause = "none of the rows is of the asked task, model and device" if found.records and not rows else "no row was measured"
        print(f"nothing to recommend: {cause}", file=sys.stderr)
        reasons = dict.fromkeys(f"  {r.case}: {r.status}, {r.reason}" for r in rows if r.status != "measured")
        print("\n".join(list(reasons)[:5]), end="\n" if reasons else "", file=sys.stderr)
    out("".join(f"{answer.text}\n" for answer in answers))
    if found.problems:
        return WRONG
    return 0 if any(answer.best is not None for answer in answers) else NOTHING


def _lint(options: argparse.Namespace) -> int:
    status = 0
    for path in options.files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            print(f"error: {path}: not UTF-8 ({error})", file=sys.stderr)
            status = WRONG
            continue
        count, findings = len(tables(text)), lint.lint(text)
        out("".join(f"{path}:{finding.line}: {finding.rule} ({finding.mistake}): {finding.text}\n" for finding in findings))
        if not count:
            print(
                f"error: {path}: no table with a model and a method column ('Model | Method' or 'Модель | Метод')",
                file=sys.stderr,
            )
            status = WRONG
        else:
            print(f"{path}: {count} tables, {len(findings)} findings", file=sys.stderr)
            status = max(status, NOTHING if findings else 0)
    return status
