"""Slow drift: changes of a case over its stored runs that each were too small, or too noisy, for one comparison to see.

Change points by PELT, exact for its penalised cost (Killick, Fearnhead and Eckley 2012, https://doi.org/10.1080/01621459.2012.737745),
through `ruptures`. Noise is estimated from the differences of neighbouring runs, so that a change of level does not count as noise.
Only what other sessions can be compared by is looked at: sizes, RAM, quality, and the speed-up over the original that ran beside it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from reports.compare import markdown
from reports.conclusions_choose import lead, value
from reports.export import MissingLibrary
from reports.gate import SAME_CONDITIONS
from reports.history import history
from reports.lines import environment_of, machine_of
from reports.record import Record
from reports.speed import speedup
from reports.statistics import median
from reports.units import fixed, megabytes, ratio

INSTALL = "python -m pip install ruptures==1.1.10"
# Runs on each side of a change: with fewer, one run on a busy day would be one.
FEWEST = 4
# Cost of a change point in variances of the noise. Chosen so that few series of 30 runs without a change have one
# (tests/reports/test_drift.py counts them); the usual 2 log n gives many more, for the variance is estimated from the same few runs.
PENALTY = 15.0
# What repeats exactly has no noise: a change of a thousandth is then a change, the gate's tolerance of bytes.
LEAST_NOISE = 0.001 / math.sqrt(PENALTY)


@dataclass(frozen=True)
class Change:
    """A level of `before` runs that became another from the run `since` on. `worse`: by the metric's own direction."""

    case: str
    machine: str
    metric: str
    since: Record
    before: float
    after: float
    runs: tuple[int, int]
    worse: bool


def changes(records: Sequence[Record]) -> list[Change]:
    """Of every place. Raises: MissingLibrary without ruptures."""
    return [change for place in dict.fromkeys(_places(records)) for change in _of(place, records)]


def long_enough(records: Sequence[Record]) -> int:
    """Cases with so many runs in one place that a change could be found."""
    return len({place.case for place, count in Counter(_places(records)).items() if count >= 2 * FEWEST})


class Place(NamedTuple):
    """What the rows of one series share: between two of these, a difference is of the place and no drift (as in reports/gate.py)."""

    case: str
    machine: str
    environment: str
    method_revision: int
    conditions: str


def place_of(row: Record) -> Place:
    conditions = {name: row.conditions.get(name) for name in SAME_CONDITIONS}
    return Place(row.case, machine_of(row), environment_of(row), row.method_revision, json.dumps(conditions, sort_keys=True))


def _places(records: Sequence[Record]) -> list[Place]:
    return [place_of(row) for row in records if row.status == "measured"]


def _of(place: Place, records: Sequence[Record]) -> Iterator[Change]:
    rows = [row for row in history(records, place.case) if row.status == "measured" and place_of(row) == place]
    for name, metric in METRICS.items():
        series = [(row, found) for row in rows if (found := metric.read(row)) is not None]
        levels = _levels([found for _, found in series])
        for (start, middle), (_, end) in pairwise(levels):
            before, after = (median([found for _, found in series[a:b]]) for a, b in ((start, middle), (middle, end)))
            worse = (after > before) == metric.lower(series[middle][0])
            yield Change(place.case, place.machine, name, series[middle][0], before, after, (middle - start, end - middle), worse)


def _levels(values: Sequence[float]) -> list[tuple[int, int]]:
    """[start, end) of each level; one for all where nothing changed or there are too few runs."""
    if len(values) < 2 * FEWEST:
        return [(0, len(values))]
    ends = change_points(values)
    return list(zip([0, *ends], [*ends, len(values)], strict=True))


def change_points(values: Sequence[float]) -> list[int]:
    """Indices at which another level begins. Raises: MissingLibrary."""
    try:
        import numpy as np
        import ruptures
    except ImportError as error:
        raise MissingLibrary(f"drift needs ruptures, which is not installed: {INSTALL}") from error
    center = abs(median(values)) or 1.0
    scaled = np.asarray(without_single_outliers(values), dtype=float).reshape(-1, 1) / (
        center * noise([found / center for found in values])
    )
    found: list[int] = ruptures.Pelt(model="l2", min_size=FEWEST, jump=1).fit(scaled).predict(pen=PENALTY)
    return found[:-1]


def without_single_outliers(values: Sequence[float]) -> list[float]:
    """The running median of three (Tukey, Exploratory Data Analysis, 1977, ch. 7): one busy day is no level; a step stays where it is."""
    inner = [median(values[index - 1 : index + 2]) for index in range(1, len(values) - 1)]
    return [values[0], *inner, values[-1]]


def noise(values: Sequence[float]) -> float:
    """Standard deviation from the median absolute difference of neighbours: .6745 of a normal one's, and sqrt(2) for the difference."""
    steps = [abs(after - before) for before, after in pairwise(values)]
    return max(median(steps) / (0.6745 * math.sqrt(2)), LEAST_NOISE)


def _speed(row: Record) -> float | None:
    found = speedup(row)
    return None if found is None or row.method == "original" else found.value


def _quality(row: Record) -> float | None:
    found = lead(row)
    return None if found is None else found[1].value


def _quality_is_an_error(row: Record) -> bool:
    """Perplexity and word error rate, of which less is better."""
    found = lead(row)
    return found is not None and found[1].direction == "lower"


@dataclass(frozen=True)
class Metric:
    read: Callable[[Record], float | None]
    show: Callable[[float], str]
    lower: Callable[[Record], bool]  # whether lower is better


METRICS: Mapping[str, Metric] = {
    "size": Metric(lambda row: value(row, "size"), megabytes, lambda _: True),
    "RAM": Metric(lambda row: value(row, "ram"), megabytes, lambda _: True),
    "speed-up": Metric(_speed, ratio, lambda _: False),
    "quality": Metric(_quality, lambda found: fixed(found, 4), _quality_is_an_error),
}


def render(found: Sequence[Change]) -> str:
    """Markdown, what became worse first."""
    table = [["Case", "Machine", "What", "Changed with", "Before", "After", "", "Runs before, after"]]
    for change in sorted(found, key=lambda change: not change.worse):
        metric, since = METRICS[change.metric], change.since
        where = " ".join(filter(None, (since.started_at[:10], since.run_id, str(since.environment.get("commit") or "")[:12])))
        share = f"{(change.after - change.before) / abs(change.before):+.1%}, {'worse' if change.worse else 'better'}"
        row = [change.case, change.machine, change.metric, where, metric.show(change.before), metric.show(change.after), share]
        table.append([*row, f"{change.runs[0]}, {change.runs[1]}"])
    return markdown(table)
