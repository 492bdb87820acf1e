"""What the pairs recorded by tests/gate_on_machine.py say: alarms, what was found, and the rule of pytest-benchmark on the same samples."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fixtures.against_report import upper_bound
from fixtures.against_speed import decided
from reports.compare import markdown
from reports.gate_statistics import CONFIRMATION_PAIRS, CONFIRMATIONS, FAMILY_ALPHA, LOOKS, judge_sequential, per_case_alpha
from reports.statistics import median
from reports.thresholds import DEFAULTS

# The size of run that the error rates are stated for (tests/gate_simulation.py).
CASES = 40
ALPHA = per_case_alpha(FAMILY_ALPHA, CASES)
TOLERANCE = DEFAULTS["speed"].relative
MEDIAN_LIMIT = 0.10
RUNS = 1000
ALARMS = ("worse", "better")
HEAD = """# The gate on a machine

Written by `python -m tests.gate_on_machine --page docs/gate-on-machine.md`: real cases of the embedded models, compared with themselves. Both
sides run this checkout's code in processes of their own; "extra work" keeps a core busy after the model has answered, inside the timed
region, for a share of that call. Beside the gate: `pytest-benchmark --benchmark-compare-fail=median:10%` on the same samples.

"""


def rejudged(row: Mapping[str, Any]) -> str:
    """The verdict from the stored pairs, by the rule as it is now."""
    if not row["first"]:
        return "unsure"
    _, used = decided(row["first"], TOLERANCE, ALPHA)
    return judge_sequential(row["first"][:used], row["confirmations"], TOLERANCE, ALPHA).word


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """Markdown: the figures, then where they were taken."""
    facts = "\n".join(f"- {line}" for line in [*unchanged(rows), *places(rows)])
    return f"{HEAD}{markdown([HEADER, *changes(rows)])}\n{facts}\n"


def summary(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The same for the terminal."""
    if not of_share(rows, 0.0):
        return ["no comparison of unchanged code yet"]
    return [markdown([HEADER, *changes(rows)]), *unchanged(rows), *places(rows)]


def of_share(rows: Sequence[Mapping[str, Any]], share: float) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["share"] == share]


HEADER = [
    "extra work",
    "comparisons",
    "called worse",
    "called better",
    "`median:10%` fails",
    "time of a call",
    "CPU time of a call",
]


def changes(rows: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """One line for each share; the last two cells are medians over its comparisons, of now / before."""
    for share in sorted({row["share"] for row in rows}):
        taken = of_share(rows, share)
        words = [rejudged(row) for row in taken]
        fails = sum(map(median_fails, taken))
        wall = middle(row["verdict"]["slowdown"] for row in taken if row["verdict"])
        cpu = middle(row["cpu"] for row in taken if row.get("cpu"))
        counts = [f"{words.count(word)} of {len(taken)}" for word in ALARMS]
        yield [f"{share:.0%}" if share else "none", str(len(taken)), *counts, f"{fails} of {len(taken)}", wall, cpu]


def middle(ratios: Iterable[float]) -> str:
    found = list(ratios)
    return f"{median(found):.3f}x" if found else "-"


def unchanged(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the comparisons of equal sides say of the promised error rate."""
    same = of_share(rows, 0.0)
    if not same:
        return ["no comparison of unchanged code yet"]
    false, suspected = sum(rejudged(row) in ALARMS for row in same), sum(bool(row["confirmations"]) for row in same)
    bound, cases = upper_bound(false, len(same)), len({row["case"] for row in same})
    return [
        f"unchanged: {false} false alarms in {len(same)} comparisons of {cases} cases (95 % upper bound {bound:.2%}); "
        f"{suspected} were confirmed on fresh processes",
        f"a run of {CASES} cases: at most {1 - (1 - bound) ** CASES:.1%} by that bound; {resampled(same)}",
        f"`median:10%` against the run before, as that option is used: {share_of(between_runs(same))} of unchanged code",
        f"tolerance {TOLERANCE:.0%}, {FAMILY_ALPHA:.0%} for a run of {CASES} cases, at most {LOOKS[-1]} pairs and "
        f"{CONFIRMATIONS} x {CONFIRMATION_PAIRS} of fresh processes",
    ]


def places(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where it was measured, and how busy the machine was: a slowdown reads larger on a busy one (docs/decisions/0015)."""
    loads = [row["load_average"] for row in rows if "load_average" in row]
    machines = sorted({f"{row['machine']}" for row in rows if row.get("machine")})
    left = sum(row.get("left_out", 0) for row in rows)
    lines = [f"machine: {'; '.join(machines)}"] if machines else []
    if loads:
        lines.append(f"load average {median(loads):.1f} (median; {max(loads):.1f} at most); {left} disturbed pairs left out")
    return lines


def share_of(hits: Iterable[bool]) -> str:
    found = [bool(hit) for hit in hits]
    return f"{sum(found)} of {len(found)}"


def median_fails(row: Mapping[str, Any]) -> bool:
    """pytest-benchmark's rule, on the first pair of processes."""
    return over_limit(row["times"][0]["now_s"], row["times"][0]["before_s"])


def over_limit(now: Sequence[float], before: Sequence[float]) -> bool:
    return bool(now and before) and median(now) > (1 + MEDIAN_LIMIT) * median(before)


def between_runs(rows: Sequence[Mapping[str, Any]]) -> Iterator[bool]:
    """As that option is used: now against what an earlier run of the same case stored."""
    earlier: dict[str, Sequence[float]] = {}
    for row in rows:
        if row["case"] in earlier:
            yield over_limit(row["times"][0]["now_s"], earlier[row["case"]])
        earlier[row["case"]] = row["times"][0]["before_s"]


def resampled(same: Sequence[Mapping[str, Any]], runs: int | None = None) -> str:
    """Runs of CASES comparisons: each draws a recorded comparison and its pairs anew; fresh processes are other recorded comparisons of
    the same case, so that what lasts as long as a process varies as it was seen to."""
    draw, runs = random.Random(1), RUNS if runs is None else runs
    pools: dict[str, list[Sequence[float]]] = {}
    for row in same:
        if row["first"]:
            pools.setdefault(row["case"], []).append(row["first"])
    # A case recorded once has no other process to be confirmed on.
    pools = {case: recorded for case, recorded in pools.items() if len(recorded) > 1}
    if not pools:
        return "no case was compared twice: nothing can be resampled"
    alarms = sum(any(alarm(draw, pools) for _ in range(CASES)) for _ in range(runs))
    return f"{alarms} of {runs} runs resampled from the recorded pairs had an alarm ({upper_bound(alarms, runs):.1%} at most)"


def alarm(draw: random.Random, pools: Mapping[str, Sequence[Sequence[float]]]) -> bool:
    pool = pools[draw.choice(sorted(pools))]
    suspect = draw.randrange(len(pool))
    others = [recorded for index, recorded in enumerate(pool) if index != suspect]
    first = draw.choices(pool[suspect], k=LOOKS[-1])
    if decided(first, TOLERANCE, ALPHA)[0] != "confirm":
        return False
    fresh = [draw.choices(draw.choice(others), k=CONFIRMATION_PAIRS) for _ in range(CONFIRMATIONS)]
    return judge_sequential(first, fresh, TOLERANCE, ALPHA).word in ALARMS
