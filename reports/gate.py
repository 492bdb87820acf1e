"""Rows of now against rows of before: what became worse, and what could not be judged. Pure functions of Records.

Deterministic columns first (bytes, dtypes, operators: no noise, no test), then RAM within its tolerance, quality paired on the
same items, budgets. Speed of another session is reported and gates only where the thresholds say so. What is better beyond the
tolerance is said too: the baseline asks to be refreshed, so that it never goes stale. Nothing measured, a vanished case or
another machine is "could not judge", never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from reports.budgets import Budget
from reports.gate_columns import exact, quality, show, toleranced
from reports.gate_finding import Finding, Verdict
from reports.gate_statistics import FAMILY_ALPHA, per_case_alpha
from reports.record import Record
from reports.thresholds import Thresholds, matches

SAME_CONDITIONS = ("batch", "inputs", "threads")
SAME_ENVIRONMENT = ("machine", "suite_environment")


def judge(
    now: Iterable[Record],
    before: Iterable[Record],
    thresholds: Thresholds,
    asked: Callable[[Record], bool] = lambda record: True,
) -> Verdict:
    """`asked`: whether this run was asked for a row of `before`. One that it was not asked for is not missed."""
    current, baseline = {key(record): record for record in now}, {key(record): record for record in before}
    alpha = per_case_alpha(FAMILY_ALPHA, max(1, len(baseline)))
    findings: list[Finding] = []
    judged = 0
    for place, old in baseline.items():
        new = current.get(place)
        if new is None and not asked(old):
            continue
        found = list(compare(new, old, thresholds, alpha))
        judged += any(finding.word != "unjudged" for finding in found)
        findings += found
    findings += [
        Finding(new.case, "case", "new", "is not in the baseline: --update-baseline adds it", gates=False)
        for place, new in current.items()
        if place not in baseline and new.status == "measured"
    ]
    findings += over_budget(current.values(), thresholds.budgets)
    problems = []
    if not any(record.status == "measured" for record in current.values()):
        problems.append("nothing was measured")
    elif not judged:
        problems.append("no case of this run could be compared with the baseline")
    return Verdict(tuple(findings), judged, tuple(problems))


def judge_budgets(now: Iterable[Record], thresholds: Thresholds) -> Verdict:
    """The budgets alone, without any baseline. A run that none of them names could not be judged."""
    measured = [record for record in now if record.status == "measured"]
    named = [record for record in measured if any(matches(budget.where, record) for budget in thresholds.budgets)]
    problem = "" if named else "no budget names a case of this run" if measured else "nothing was measured"
    return Verdict(tuple(over_budget(measured, thresholds.budgets)), len(named), (problem,) * bool(problem))


def key(record: Record) -> tuple[str, str]:
    return record.task, record.case


def compare(new: Record | None, old: Record, thresholds: Thresholds, alpha: float) -> Iterator[Finding]:
    """Everything that can be said of one case of the baseline. `alpha`: its share of the run's error rate."""
    if old.status != "measured":
        return
    if new is None:
        yield Finding(old.case, "case", "unjudged", "vanished: it is in the baseline, and this run has no row for it")
        return
    if new.status == "unavailable":
        yield Finding(old.case, "case", "unjudged", f"was measured, and is unavailable now: {new.reason}")
        return
    if new.status != "measured":
        yield Finding(old.case, "case", "worse", f"was measured, and is {new.status} now: {new.reason}")
        return
    if different := why_not_comparable(new, old):
        yield Finding(old.case, "case", "unjudged", f"not comparable: {different}")
        return
    yield from exact(new, old, thresholds)
    for role in ("size", "ram", "vram", "latency", "agreement"):
        yield from toleranced(new, old, role, thresholds)
    yield from quality(new, old, thresholds, alpha)


def why_not_comparable(new: Record, old: Record) -> str:
    """The first field that makes a comparison meaningless, with both values; empty when there is none."""
    pairs: list[tuple[str, Any, Any]] = [
        *((name, new.environment.get(name), old.environment.get(name)) for name in SAME_ENVIRONMENT),
        ("revision of the method", new.method_revision, old.method_revision),
        *((name, new.conditions.get(name), old.conditions.get(name)) for name in SAME_CONDITIONS),
    ]
    found = next((f"{name} was {before}, is {after}" for name, after, before in pairs if after != before), "")
    return f"{found}: run with --threads {old.conditions['threads']}" if found.startswith("threads was") else found


def over_budget(records: Iterable[Record], budgets: Sequence[Budget]) -> Iterator[Finding]:
    """A budget is judged without any baseline."""
    for record in records:
        for budget in budgets:
            if record.status != "measured" or not matches(budget.where, record):
                continue
            found = record.measurements.get(budget.metric)
            if found is None:
                listed = ", ".join(sorted(record.measurements))
                reason = record.absent.get(budget.metric, f"there is no such measurement; there are {listed}")
                yield Finding(record.case, "budget", "unjudged", f"{budget.metric} under {budget.text}: {reason}")
            elif found.value > budget.limit:
                text = f"{budget.metric} is {show(found)}, its budget {budget.text}"
                yield Finding(record.case, "budget", "worse", text)
