"""How often the gate on speed is wrong on this machine, and what it sees: a benchmark to run by hand on a quiet machine, not a timed test.

    python -m tests.gate_on_machine [--comparisons 200] [--injected 20] [--pairs gate-on-machine.json] [--summary]

Real cases of the embedded models are compared with themselves (both sides hold this checkout's code, every process is fresh), first
without a change, then with extra work of a known share inside one side's workers. Every raw pair is written to --pairs after each
comparison; a run that was cut short goes on where it stopped, and no comparison is ever taken twice. Beside the gate's verdicts stands what
`pytest-benchmark --benchmark-compare-fail=median:10%` says on the same samples.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fixtures import registry
from fixtures.against import Comparison, decided
from fixtures.against_report import upper_bound
from fixtures.against_side import Side
from fixtures.cases import Case, select
from fixtures.errors import Unavailable, Unsupported
from fixtures.options import Options
from fixtures.worker.client import ROOT, Worker
from reports.gate_statistics import CONFIRMATION_PAIRS, CONFIRMATIONS, FAMILY_ALPHA, LOOKS, judge_sequential, per_case_alpha
from reports.statistics import median
from reports.thresholds import DEFAULTS, Thresholds

# The embedded models: small, trained here, no network. Of their methods, those whose runtimes and kernels differ.
MODELS = ("digits-efficientvit", "entities-bert")
METHODS = ("bf16", "onnx", "onnx-int8-dynamic", "onnx-int8-static", "prune50", "torch-int8-dynamic")
INJECTED = (0.03, 0.05, 0.10, 0.20)
# The size of run that the error rates are stated for (issue text and tests/gate_simulation.py).
CASES = 40
ALPHA = per_case_alpha(FAMILY_ALPHA, CASES)
TOLERANCE = DEFAULTS["latency"].relative
MEDIAN_LIMIT = 0.10
RUNS = 1000


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--comparisons", type=int, default=200, help="of unchanged code")
    parser.add_argument("--injected", type=int, default=20, help="for each share of extra work")
    parser.add_argument("--pairs", type=Path, default=Path("gate-on-machine.json"), help="raw pairs, and where a run goes on")
    parser.add_argument("--summary", action="store_true", help="measure nothing: print what the file says")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--cache-dir", type=Path, default=None)
    asked = parser.parse_args(arguments)
    rows = read(asked.pairs)
    missing = plan(asked.comparisons, asked.injected, [row["share"] for row in rows])
    if missing and not asked.summary:
        total = len(rows) + len(missing)
        options = Options(models=MODELS, methods=METHODS, devices=("cpu",), threads=asked.threads, cache_dir=asked.cache_dir)
        with sides(options) as (head, base):
            listed = cases(options)
            for share in missing:
                rows.append(next_comparison(head, base, share, rows, listed))
                write(asked.pairs, rows)
                print(line(rows[-1], len(rows), total), flush=True)
    for text in summary(rows):
        print(text)


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
    speed = comparing.speed(case, TOLERANCE, most_pairs=True)
    return {"case": case.id, "share": share, "load_average": os.getloadavg()[0], **asdict(speed)}


def rejudged(row: dict[str, Any]) -> str:
    """The verdict from the stored pairs, by the rule as it is now."""
    if not row["first"]:
        return "unsure"
    _, used = decided(row["first"], TOLERANCE, ALPHA)
    return judge_sequential(row["first"][:used], row["confirmations"], TOLERANCE, ALPHA).word


def line(row: dict[str, Any], number: int, total: int) -> str:
    change = f"{row['share']:+.0%}" if row["share"] else "unchanged"
    slowdown = f"{row['verdict']['slowdown']:.3f}x" if row["verdict"] else "not one usable pair"
    return f"[{number}/{total}] {row['case']} {change}: {rejudged(row)}, {slowdown}, {len(row['first'])} pairs"


# --- what the pairs say


def summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    same = [row for row in rows if row["share"] == 0.0]
    if not same:
        return ["no comparison of unchanged code yet"]
    false = sum(rejudged(row) in ("worse", "better") for row in same)
    suspected = sum(bool(row["confirmations"]) for row in same)
    models = len({row["case"] for row in same})
    bound = upper_bound(false, len(same))
    lines = [
        f"tolerance {TOLERANCE:.0%}, {CASES} cases a run, {FAMILY_ALPHA:.0%} a run; {models} cases, at most 40 pairs",
        f"A/A: {false} false alarms in {len(same)} comparisons (95 % upper bound {bound:.2%}); {suspected} were confirmed on fresh processes",
        f"     a run of {CASES} cases: at most {1 - (1 - bound) ** CASES:.1%} by that bound; {resampled(same)}",
        f"     median:10% on the same samples: {share(map(median_fails, same))}; against a run before: {share(between_runs(same))}",
    ]
    for injected in INJECTED:
        slowed = [row for row in rows if row["share"] == injected]
        if slowed:
            found = share(rejudged(row) == "worse" for row in slowed)
            lines.append(f"{injected:+.0%}: found {found}; median:10% on the same samples: {share(map(median_fails, slowed))}")
    return lines


def share(hits: Any) -> str:
    found = [bool(hit) for hit in hits]
    return f"{sum(found)} of {len(found)}"


def median_fails(row: dict[str, Any]) -> bool:
    """pytest-benchmark's rule, on the first pair of processes."""
    return over_limit(row["times"][0]["now_s"], row["times"][0]["before_s"])


def over_limit(now: Sequence[float], before: Sequence[float]) -> bool:
    return bool(now and before) and median(now) > (1 + MEDIAN_LIMIT) * median(before)


def between_runs(rows: Sequence[dict[str, Any]]) -> Iterator[bool]:
    """As that option is used: now against what an earlier run of the same case stored."""
    earlier: dict[str, Sequence[float]] = {}
    for row in rows:
        if row["case"] in earlier:
            yield over_limit(row["times"][0]["now_s"], earlier[row["case"]])
        earlier[row["case"]] = row["times"][0]["before_s"]


def resampled(same: Sequence[dict[str, Any]], runs: int = RUNS) -> str:
    """Runs of CASES comparisons: each draws a recorded comparison and its pairs anew; fresh processes are other recorded comparisons of
    the same case, so that what lasts as long as a process varies as it was seen to."""
    draw = random.Random(1)
    pools: dict[str, list[Sequence[float]]] = {}
    for row in same:
        if row["first"]:
            pools.setdefault(row["case"], []).append(row["first"])
    # A case recorded once has no other process to be confirmed on.
    pools = {case: recorded for case, recorded in pools.items() if len(recorded) > 1}
    if not pools:
        return "no case was compared twice: nothing can be resampled"
    alarms = sum(any(alarm(draw, pools) for _ in range(CASES)) for _ in range(runs))
    return f"{alarms} of {runs} runs resampled from the recorded pairs ({upper_bound(alarms, runs):.1%} at most)"


def alarm(draw: random.Random, pools: dict[str, list[Sequence[float]]]) -> bool:
    pool = pools[draw.choice(sorted(pools))]
    suspect = draw.randrange(len(pool))
    others = [recorded for index, recorded in enumerate(pool) if index != suspect]
    first = draw.choices(pool[suspect], k=LOOKS[-1])
    if decided(first, TOLERANCE, ALPHA)[0] != "confirm":
        return False
    fresh = [draw.choices(draw.choice(others), k=CONFIRMATION_PAIRS) for _ in range(CONFIRMATIONS)]
    return judge_sequential(first, fresh, TOLERANCE, ALPHA).word in ("worse", "better")


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
