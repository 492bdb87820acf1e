"""Bars against stored rows: which row answers for a bar, what it holds, and whether that is enough. The point estimate decides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reports.bars.declared import Bar, Need, Page
from reports.bars.quantities import QUANTITIES
from reports.bars.scores import Unknown
from reports.lines import machine_of
from reports.record import Record
from reports.statistics import Estimate

REACHED, MISSED, ABSENT = "reached", "missed", "not measured"
DEVICE = "cpu"  # the bars are stated for a CPU


@dataclass(frozen=True)
class Finding:
    """What a row holds of one need: an estimate, or the reason why there is none."""

    need: Need
    estimate: Estimate | None
    reason: str = ""

    @property
    def holds(self) -> bool:
        return self.estimate is not None and self.need.holds(self.estimate.value)

    @property
    def required(self) -> bool:
        return self.need != Need(self.need.quantity)


@dataclass(frozen=True)
class Answer:
    """A bar on one model, answered by `row`; no row: nothing of it was measured."""

    model: str
    bar: Bar
    row: Record | None
    findings: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> str:
        """A row that failed misses its bar; one that lacks a number, such as that of the row it is compared with, was not measured."""
        if self.row is None or self.row.status in ("not-applicable", "unavailable"):
            return ABSENT
        required = [finding for finding in self.findings if finding.required]
        if self.row.status != "measured" or any(finding.estimate and not finding.holds for finding in required):
            return MISSED
        return REACHED if all(finding.holds for finding in required) else ABSENT

    @property
    def key(self) -> str:
        """What a text about a missed bar is filed under: the row on a page of methods, the bar itself where several rows could answer."""
        return f"{self.model}:{self.row.method}" if self.row is not None else f"{self.model}:{self.bar.name}"


def matches(text: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(text, glob) for glob in globs)


def of_page(page: Page, records: Iterable[Record]) -> list[Record]:
    return [row for row in records if row.device == DEVICE and matches(row.model, page.models)]


def shown(pages: Iterable[Page], records: Sequence[Record]) -> list[str]:
    """The names of the pages that have rows: only these are written."""
    return [page.name for page in pages if of_page(page, records)]


def peers(row: Record, records: Iterable[Record]) -> list[Record]:
    key = (row.model, row.device, row.run_id, machine_of(row))
    return [other for other in records if (other.model, other.device, other.run_id, machine_of(other)) == key]


def look(row: Record, quantity: str, records: Iterable[Record]) -> Estimate | str:
    """The row's estimate of a quantity, or the reason why it has none."""
    if row.status != "measured":
        return row.reason
    try:
        return QUANTITIES[quantity].read(row, peers(row, records))
    except Unknown as reason:
        return str(reason)


def findings(row: Record, bar: Bar, records: Sequence[Record]) -> tuple[Finding, ...]:
    found = [(need, look(row, need.quantity, records)) for need in bar.needs]
    return tuple(Finding(need, None, value) if isinstance(value, str) else Finding(need, value) for need, value in found)


def bars_of(row: Record, page: Page) -> list[Bar]:
    return [bar for bar in page.bars if matches(row.model, bar.models) and matches(row.method, bar.methods)]


def judge_row(row: Record, page: Page, records: Sequence[Record]) -> Answer | None:
    """By the first bar that is meant for the method; None when there is none."""
    bars = bars_of(row, page)
    return Answer(row.model, bars[0], row, findings(row, bars[0], records)) if bars else None


def judge_bar(bar: Bar, model: str, records: Sequence[Record]) -> Answer:
    """By the row that holds most of the bar's needs; between those, by the first need."""
    rows = [row for row in records if row.model == model and row.status == "measured" and matches(row.method, bar.methods)]
    answers = [Answer(model, bar, row, findings(row, bar, records)) for row in rows]
    return max(answers, key=_rank) if answers else Answer(model, bar, None)


def _rank(answer: Answer) -> tuple[int, float]:
    held = sum(finding.holds for finding in answer.findings if finding.required)
    first = answer.findings[0].estimate
    return held, first.value if first is not None else float("-inf")
