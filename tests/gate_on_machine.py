"""How often the gate on speed is wrong on this machine, and what it sees: a benchmark to run by hand on a quiet machine, not a timed test.

    python -m tests.gate_on_machine [--comparisons 200] [--injected 12] [--minutes 25] [--pairs gate-on-machine.json]
                                    [--page docs/gate-on-machine.md] [--summary]

Real cases of the embedded models are compared with themselves (both sides hold this checkout's code, every process is fresh), without a
change and with extra work of a known share inside one side's workers, in an order that mixes them all. Every raw pair is written to --pairs
after each comparison; a run that was cut short, or ended by --minutes, goes on where it stopped, and no comparison is ever taken twice.
What they say: tests/gate_machine_summary.py.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fixtures import registry
from fixtures.against import Comparison
from fixtures.against_side import Side
from fixtures.cases import Case, select
from fixtures.environments import ROOT
from fixtures.errors import Unavailable, Unsupported
from fixtures.options import Options
from fixtures.probes import machine
from fixtures.worker.client import Worker
from reports.results import write_texts
from reports.thresholds import Thresholds
from tests.gate_machine_summary import ALPHA, TOLERANCE, page, rejudged, summary

# The embedded models: small, trained here, no network. Of their methods, those whose runtimes and kernels differ.
MODELS = ("digits-efficientvit", "entities-bert")
METHODS = ("bf16", "onnx", "onnx-int8-dynamic", "onnx-int8-static", "prune50", "torch-int8-dynamic")
INJECTED = (0.03, 0.05, 0.10, 0.20)
# An injected slowdown is confirmed on five more pairs of processes: as many of each share as 25 minutes allow beside 200 unchanged.
COMPARISONS, EACH, MINUTES = 200, 12, 25.0


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=COMPARISONS, help="of unchanged code")
    parser.add_argument("--injected", type=int, default=EACH, help="for each share of extra work")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="no comparison begins later; the next call goes on")
    parser.add_argument("--pairs", type=Path, default=Path("gate-on-machine.json"), help="raw pairs, and where a run goes on")
    parser.add_argument("--page", type=Path, help="also write what they say as Markdown")
    parser.add_argument("--summary", action="store_true", help="measure nothing: say what the file holds")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--cache-dir", type=Path, default=None)
    asked = parser.parse_args(arguments)
    rows = read(asked.pairs)
    missing = plan(asked.comparisons, asked.injected, [row["share"] for row in rows])
    if missing and not asked.summary:
        take(asked, missing, rows)
    for text in summary(rows):
        print(text)
    if asked.page is not None:
        write_texts(asked.page.parent, [(asked.page.name, page(rows))])
        print(f"written: {asked.page}")


def take(asked: argparse.Namespace, missing: Sequence[float], rows: list[dict[str, Any]]) -> None:
    """Adds the missing comparisons to `rows` and to the file, one by one, as many as the minutes allow."""
    total, until = len(rows) + len(missing), time.monotonic() + 60 * asked.minutes
    options = Options(models=MODELS, methods=METHODS, devices=("cpu",), threads=asked.threads, cache_dir=asked.cache_dir)
    with sides(options) as (head, base):
        listed, where = cases(options), place(head)
        for share in missing:
            if time.monotonic() > until:
                print(
                    f"{total - len(rows)} comparisons are left after {asked.minutes:g} minutes: the same command goes on",
                    flush=True,
                )
                return
            rows.append({**next_comparison(head, base, share, rows, listed), "machine": where})
            write(asked.pairs, rows)
            print(line(rows[-1], len(rows), total), flush=True)


def place(side: Side) -> str:
    found = machine.describe(side.options.threads or 1)
    return f"{found['cpu']}, {found['cores']} cores, {found['threads']} threads, commit {str(found['commit'])[:12]}"


def plan(comparisons: int, injected: int, taken: Sequence[float]) -> list[float]:
    """The share of extra work of each comparison that is still to be taken, in an order that spreads them all over the run."""
    wanted = {0.0: comparisons, **dict.fromkeys(INJECTED, injected)}
    shares = [share for share, count in wanted.items() for _ in range(count - taken.count(share))]
    random.Random(len(taken)).shuffle(shares)
    return shares


def cases(options: Options) -> list[Case]:
    return select(registry.load(), options)


@contextmanager
def sides(options: Options) -> Iterator[tuple[Side, Side]]:
    """Two processes of this checkout's code, whose workers can be slowed."""
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="compression-gate-")))
        more = ("tests.against_slowdown",)
        head = stack.enter_context(closing(Side("now", ROOT, options, logs, "gate-on-machine", modules=more)))
        base = Side("before", ROOT, head.options, logs, "gate-on-machine", head.cpus, modules=more)
        stack.enter_context(closing(base))
        yield head, base


def next_comparison(head: Side, base: Side, share: float, rows: Sequence[dict[str, Any]], listed: list[Case]) -> dict[str, Any]:
    """Of the case that this share was compared on least; one that this machine or model does not support leaves `listed`."""
    while listed:
        counts = Counter(row["case"] for row in rows if row["share"] == share)
        case = min(listed, key=lambda case: counts[case.id])
        try:
            return one(head, base, share, len(rows), case)
        except (Unsupported, Unavailable) as error:
            print(f"without {case.id}: {error}", flush=True)
            listed.remove(case)
    raise SystemExit("not one of the cases can be measured on this machine")


def one(head: Side, base: Side, share: float, number: int, case: Case) -> dict[str, Any]:
    """One comparison of a case with itself; `share` of extra work on the side of now."""

    def prepare(now: Worker, before: Worker) -> None:
        # Both sides run the same code, a share of 0 included: what the extra branch costs is on both.
        now.call("slow_down", share=share)
        before.call("slow_down", share=0.0)

    comparing = Comparison(head, base, Thresholds(), ALPHA, seed=number, prepare=prepare)
    began = time.monotonic()
    speed = comparing.speed(
        case, TOLERANCE, most_pairs=not share
    )  # the noise of unchanged code is resampled from whole recordings
    spent = time.monotonic() - began
    return {"case": case.id, "share": share, "seconds": spent, "load_average": os.getloadavg()[0], **asdict(speed)}


def line(row: dict[str, Any], number: int, total: int) -> str:
    change = f"{row['share']:+.0%}" if row["share"] else "unchanged"
    slowdown = f"{row['verdict']['slowdown']:.3f}x" if row["verdict"] else "not one usable pair"
    return f"[{number}/{total}] {row['case']} {change}: {rejudged(row)}, {slowdown}, {len(row['first'])} pairs, {row['seconds']:.1f} s"


# --- the file


def read(path: Path) -> list[dict[str, Any]]:
    """Raises: SystemExit for a file that is not one of ours: it is left as it is."""
    if not path.exists():
        return []
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["comparisons"]
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"{path} holds no recorded pairs ({error}): name another file with --pairs") from error
    return rows


def write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Replaces the file at once: a run that is cut short leaves the last whole one."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps({"comparisons": rows}), encoding="utf-8")
    partial.replace(path)


if __name__ == "__main__":
    main()
