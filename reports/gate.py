"""Rows of now against rows of before: what became worse, and what could not be judged. Pure functions of Records.

Deterministic columns first (bytes, dtypes, operators: no noise, no test), then RAM within its tolerance, quality paired on the
same items, budgets. Speed of another session is reported and gates only where the thresholds say so. What is better beyond the
tolerance is said too: the baseline asks to be refreshed, so that it never goes stale. Nothing measured, a vanished case or
another machine is "could not judge", never a pass.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reports import paired_quality
from reports.gate_statistics import FAMILY_ALPHA, per_case_alpha
from reports.lines import primary
from reports.record import Measurement, Record
from reports.statistics import verdict
from reports.thresholds import Budget, Thresholds, matches
from reports.units import fixed, megabytes, significant

WORDS = ("worse", "unjudged", "better", "unsure", "same", "new")
# Kept in both records and read back from the artifact and the session, by the threshold that covers them.
EXACT = {
    "storage": ("weights.dtypes", "weights.parameters", "weights.zero_share", "weights.unique_max"),
    "execution": ("facts.provider", "facts.device", "facts.dtype", "facts.op_counts", "facts.share_on_device"),
}
# A share of zeros moves by single weights between builds of one step on two CPUs; a pruning step that stopped working moves it
# by its whole share.
ZERO_SHARE = 0.001
SAME_CONDITIONS = ("batch", "inputs", "threads")
SAME_ENVIRONMENT = ("machine", "suite_environment")


@dataclass(frozen=True)
class Finding:
    """One judged value of one case. `word` is one of WORDS; `gates`: whether a "worse" fails the run."""

    case: str
    metric: str
    word: str
    text: str
    gates: bool = True


@dataclass(frozen=True)
class Verdict:
    findings: tuple[Finding, ...]
    cases: int  # judged against the baseline
    problems: tuple[str, ...] = ()  # why the whole could not be judged

    @property
    def status(self) -> str:
        """worse | could not judge | nothing worse."""
        if any(finding.word == "worse" and finding.gates for finding in self.findings):
            return "worse"
        if self.problems or any(finding.word == "unjudged" and finding.gates for finding in self.findings):
            return "could not judge"
        return "nothing worse"

    def of(self, word: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.word == word]

    def to_dict(self) -> dict[str, Any]:
        return {"status": self.status, **asdict(self)}


def judge(
    now: Iterable[Record], before: Iterable[Record], thresholds: Thresholds, expected: Collection[str] | None = None
) -> Verdict:
    """`expected`: the cases that this run was asked for; None for all. A case of `before` that was not asked for is not missed."""
    current, baseline = {key(record): record for record in now}, {key(record): record for record in before}
    alpha = per_case_alpha(FAMILY_ALPHA, max(1, len(baseline)))
    findings: list[Finding] = []
    judged = 0
    for place, old in baseline.items():
        new = current.get(place)
        if expected is not None and old.case not in expected and new is None:
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
    yield from _exact(new, old, thresholds)
    for role in ("size", "ram", "vram", "latency", "agreement"):
        yield from _toleranced(new, old, role, thresholds)
    yield from _quality(new, old, thresholds, alpha)


def why_not_comparable(new: Record, old: Record) -> str:
    """The first field that makes a comparison meaningless, with both values; empty when there is none."""
    pairs: list[tuple[str, Any, Any]] = [
        *((name, new.environment.get(name), old.environment.get(name)) for name in SAME_ENVIRONMENT),
        ("revision of the method", new.method_revision, old.method_revision),
        *((name, new.conditions.get(name), old.conditions.get(name)) for name in SAME_CONDITIONS),
    ]
    found = next((f"{name} was {before}, is {after}" for name, after, before in pairs if after != before), "")
    return f"{found}: run with --threads {old.conditions['threads']}" if found.startswith("threads was") else found


def _exact(new: Record, old: Record, thresholds: Thresholds) -> Iterator[Finding]:
    for metric, names in EXACT.items():
        threshold = thresholds.of(new, metric)
        for name in names:
            after, before = _lookup(new.audit, name), _lookup(old.audit, name)
            if before is None or _alike(name, after, before, thresholds.of(new, "size").relative):
                continue
            yield Finding(new.case, metric, "worse", f"{name} changed: {changes(before, after)}", threshold.gates)


def _lookup(audit: Mapping[str, Any], name: str) -> Any:
    part, _, field = name.partition(".")
    return audit.get(part, {}).get(field)


def _alike(name: str, after: Any, before: Any, relative: float) -> bool:
    if name == "weights.zero_share" and after is not None:
        return abs(after - before) <= ZERO_SHARE
    if name == "weights.dtypes" and after is not None:
        # Bytes by dtype: the same dtypes, and of each as many bytes as the tolerance of the size allows.
        return set(after) == set(before) and all(abs(after[d] - before[d]) <= relative * sum(before.values()) for d in before)
    return bool(after == before)


def changes(before: Any, after: Any) -> str:
    """`int8 802882 -> 0, float32 64136 -> 3273600`: only what differs of two mappings."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        shown = [f"{name} {before.get(name, 0)} -> {after.get(name, 0)}" for name in names[:4]]
        return ", ".join([*shown, *([f"and {len(names) - 4} more"] if len(names) > 4 else [])])
    return f"{before} -> {after}"


def _toleranced(new: Record, old: Record, role: str, thresholds: Thresholds) -> Iterator[Finding]:
    """Values of one process each, without a test: worse or better when they differ by more than is tolerated."""
    after, before = dict(primary(new, role)), dict(primary(old, role))
    if role == "agreement":
        after, before = ({k: m for k, m in r.measurements.items() if k == "agreement_top1"} for r in (new, old))
    threshold = thresholds.of(new, role)
    for name, value in before.items():
        if name not in after:
            yield Finding(new.case, role, "unjudged", lost(name, new), threshold.gates)
            continue
        growth = after[name].value - value.value
        loss = growth if value.direction == "lower" else -growth
        allowed = threshold.allowed(value.value)
        word = "same" if abs(loss) <= allowed else "worse" if loss > 0 else "better"
        relative = f"{growth / value.value:+.1%}" if value.value else "from 0"
        text = f"{name} {show(value)} -> {show(after[name])} ({relative}; tolerated {shown(allowed, value)})"
        if not threshold.gates:
            text += "; only reported"
        yield Finding(new.case, role, word, text, threshold.gates)


def lost(name: str, record: Record) -> str:
    return f"{name} lost its value: {record.absent.get(name, 'no reason is recorded')}"


def show(measurement: Measurement) -> str:
    return shown(measurement.value, measurement)


def shown(value: float, like: Measurement) -> str:
    if like.unit == "B":
        return megabytes(value)
    return f"{significant(value * 1e3)} ms" if like.unit == "s" else fixed(value, 4)


def _quality(new: Record, old: Record, thresholds: Thresholds, alpha: float) -> Iterator[Finding]:
    threshold = thresholds.of(new, "quality")
    before = dict(primary(old, "quality"))
    if not before:
        return
    name, value = next(iter(before.items()))
    paired = paired_quality.compare(new.outcomes, old.outcomes)
    if name not in new.measurements or paired is None:
        why = "the two rows were not scored on the same items: no paired test is possible"
        yield Finding(new.case, "quality", "unjudged", why if paired is None else lost(name, new), threshold.gates)
        return
    margin = threshold.allowed(value.value)
    word = verdict(paired.difference, paired.low, paired.high, paired.p <= alpha, margin)
    points = [number * 100 for number in (paired.difference, paired.low, paired.high)]
    text = (
        f"{paired.metric} {points[0]:+.2f} points [{points[1]:+.2f}, {points[2]:+.2f}], p {paired.p:.2g}, {paired.n} items "
        f"({name} {value.value:.4f} -> {new.measurements[name].value:.4f}; margin {margin * 100:.2g} points)"
    )
    yield Finding(new.case, "quality", word, text, threshold.gates)


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
