"""What the gate tolerates: one documented table in pyproject.toml, with overrides (docs/gate.md). Budgets: reports/budgets.py.

[tool.compression-benchmarks.gate.metrics]
ram = { relative = 0.05 }                     # of the defaults below, for every case

[[tool.compression-benchmarks.gate.overrides]]
case = "digits-*:onnx-int8-*:cpu"             # or task, model, method: globs, all that are given must match
metric = "quality"
absolute = 0.01
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

from reports.budgets import Budget, ThresholdError, budget, require_one_limit

TABLE = "tool.compression-benchmarks.gate"
SELECTORS = ("case", "task", "model", "method")
CHANGES = ("relative", "absolute", "direction", "gates")


class Selectable(Protocol):
    """What a glob looks at: a Record, or a case that is yet to run."""

    @property
    def case(self) -> str: ...
    @property
    def task(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def method(self) -> str: ...
    @property
    def device(self) -> str: ...


@dataclass(frozen=True)
class Threshold:
    """Worse by more than relative * before + absolute is too much. `gates`: fails the run, else it is only reported.

    `direction`: which way is better; "both": any change beyond the tolerance is worse, for what has to stay as it is.
    """

    relative: float = 0.0
    absolute: float = 0.0
    direction: str = "lower"  # lower | higher | both
    gates: bool = True

    def __post_init__(self) -> None:
        for name in ("relative", "absolute"):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number) or number < 0:
                raise ThresholdError(f"{name} = {number!r}: a tolerance is a number of at least 0")
        if not isinstance(self.gates, bool):
            raise ThresholdError(f"gates = {self.gates!r}: true or false")

    def allowed(self, before: float) -> float:
        return self.relative * abs(before) + self.absolute


# Bytes: names in an ONNX file grow and shrink by a few characters. RAM: repeats to 1-3 % between runs
# (decision 0002), and a small model's by pages of libraries. Quality and agreement are fractions. Latency is of another session and
# no evidence; speed is that of `--against`, where both sides are measured now.
DEFAULTS: Mapping[str, Threshold] = {
    "size": Threshold(relative=0.001),
    "storage": Threshold(direction="both"),  # dtypes, parameters, zeros: what the artifact stores
    "execution": Threshold(direction="both"),  # operators, provider, device, dtype: what really ran
    "ram": Threshold(relative=0.02, absolute=4 * 2**20),
    "vram": Threshold(relative=0.02, absolute=4 * 2**20),
    "quality": Threshold(absolute=0.005, direction="higher"),
    "agreement": Threshold(absolute=0.01, direction="higher"),
    "latency": Threshold(relative=0.03, gates=False),
    "speed": Threshold(relative=0.03),
}
# What has no meaning for a metric cannot be set: what is compared exactly has no tolerance, and a ratio of two times no seconds.
SETTABLE: Mapping[str, tuple[str, ...]] = {
    "storage": ("gates",),
    "execution": ("gates",),
    "speed": ("relative", "direction", "gates"),
}
# Nothing but the measured process uses a benchmark's GPU, while a CPU's cores are shared with the rest of the system, so its calls
# are expected to repeat better; a choice, not a measured noise. It holds where no other tolerance was chosen.
GPU_TOLERANCE = 0.02
TIMES = ("latency", "speed")


@dataclass(frozen=True)
class Override:
    where: Mapping[str, str]
    metric: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Thresholds:
    metrics: Mapping[str, Threshold] = field(default_factory=lambda: dict(DEFAULTS))
    overrides: Sequence[Override] = ()
    budgets: Sequence[Budget] = ()

    def of(self, record: Selectable, metric: str) -> Threshold:
        """The last override that matches wins over those before it."""
        found = self.metrics[metric]
        for override in self.overrides:
            if override.metric == metric and matches(override.where, record):
                found = replace(found, **override.changes)
        if metric in TIMES and record.device == "cuda" and found.relative == DEFAULTS[metric].relative:
            found = replace(found, relative=GPU_TOLERANCE)
        return found

    def require_matches(self, cases: Iterable[Selectable]) -> None:
        """Raises: ThresholdError for a glob that matches no case: it protects nothing."""
        listed = list(cases)
        entries: list[Override | Budget] = [*self.overrides, *self.budgets]
        for entry in entries:
            if not any(matches(entry.where, case) for case in listed):
                raise ThresholdError(
                    f"[{TABLE}]: {dict(entry.where)} matches no case of this run: correct the glob or remove the entry"
                )


def matches(where: Mapping[str, str], case: Selectable) -> bool:
    return all(fnmatchcase(str(getattr(case, name)), glob) for name, glob in where.items())


def read(path: Path) -> Thresholds:
    """The thresholds of a pyproject.toml; the defaults where it has none. Raises: ThresholdError naming the entry."""
    if not path.is_file():
        return Thresholds()
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise ThresholdError(f"{path} is not TOML: {error}") from error
    return parse(tool.get("compression-benchmarks", {}).get("gate", {}))


def parse(table: Mapping[str, Any]) -> Thresholds:
    """Raises: ThresholdError."""
    known(table, ("metrics", "overrides", "budgets"), f"[{TABLE}]")
    metrics = dict(DEFAULTS)
    for name, changes in table.get("metrics", {}).items():
        known({name: None}, DEFAULTS, f"[{TABLE}.metrics]")
        metrics[name] = changed(name, metrics[name], changes, f"[{TABLE}.metrics] {name}")
    overrides = [_override(entry) for entry in table.get("overrides", [])]
    budgets = [_budget(entry) for entry in table.get("budgets", [])]
    _require_one_change(overrides)
    require_one_limit(budgets)
    return Thresholds(metrics, overrides, budgets)


def _require_one_change(overrides: Sequence[Override]) -> None:
    """Raises: ThresholdError for two overrides of one metric with the same globs that say different things."""
    found: dict[tuple[str, ...], Override] = {}
    for entry in overrides:
        place = (entry.metric, *(f"{key}={glob}" for key, glob in sorted(entry.where.items())))
        first = found.setdefault(place, entry)
        if any(first.changes[name] != entry.changes[name] for name in {*first.changes} & {*entry.changes}):
            raise ThresholdError(
                f"[{TABLE}.overrides]: {', '.join(place)} is changed twice, to {dict(first.changes)} and {dict(entry.changes)}: keep one"
            )


def changed(metric: str, threshold: Threshold, changes: Any, where: str) -> Threshold:
    if not isinstance(changes, Mapping):
        raise ThresholdError(f"{where}: expected a table such as {{ relative = 0.05 }}, found {changes!r}")
    known(changes, SETTABLE.get(metric, CHANGES), where)
    own = DEFAULTS[metric].direction
    if (asked := changes.get("direction", own)) not in (own, "both"):
        what = f"of {metric}, {own} is better; write {own!r}, or 'both' for what may not change"
        raise ThresholdError(f"{where}: direction = {asked!r}: {what}")
    try:
        return replace(threshold, **changes)
    except ThresholdError as error:
        raise ThresholdError(f"{where}: {error}") from None


def _where(entry: Mapping[str, Any], where: str) -> dict[str, str]:
    found = {name: entry[name] for name in SELECTORS if name in entry}
    if not found or not all(isinstance(glob, str) for glob in found.values()):
        raise ThresholdError(f"{where}: say which cases it is for, with {', '.join(SELECTORS)} and a glob as text")
    return found


def _override(entry: Mapping[str, Any]) -> Override:
    where = f"[[{TABLE}.overrides]] {dict(entry)}"
    known(entry, (*SELECTORS, "metric", *CHANGES), where)
    metric = str(entry.get("metric", ""))
    known({metric: None}, DEFAULTS, where)
    changes = {name: entry[name] for name in CHANGES if name in entry}
    if not changes:
        raise ThresholdError(f"{where}: it changes nothing; say {', '.join(SETTABLE.get(metric, CHANGES))}")
    changed(metric, DEFAULTS[metric], changes, where)
    return Override(_where(entry, where), metric, changes)


def _budget(entry: Mapping[str, Any]) -> Budget:
    where = f"[[{TABLE}.budgets]] {dict(entry)}"
    known(entry, (*SELECTORS, "metric", "at_most"), where)
    return budget(_where(entry, where), str(entry.get("metric", "")), entry.get("at_most"), where)


def known(names: Iterable[str], expected: Iterable[str], where: str) -> None:
    listed = list(expected)
    for name in names:
        if name not in listed:
            raise ThresholdError(f"{where}: unknown {name!r}; there are {', '.join(listed)}")
