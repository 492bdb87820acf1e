"""What the gate tolerates: one documented table in pyproject.toml, with overrides and budgets (docs/gate.md).

[tool.compression-benchmarks.gate.metrics]
ram = { relative = 0.05 }                     # of the defaults below, for every case

[[tool.compression-benchmarks.gate.overrides]]
case = "digits-*:onnx-int8-*:cpu"             # or task, model, method: globs, all that are given must match
metric = "quality"
absolute = 0.01

[[tool.compression-benchmarks.gate.budgets]]  # judged without any baseline
case = "*:onnx-int8-dynamic:cpu"
metric = "latency_p95"
at_most = "30 ms"
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

from reports.units import SCALES

TABLE = "tool.compression-benchmarks.gate"
SELECTORS = ("case", "task", "model", "method")


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


class ThresholdError(ValueError):
    """A threshold that cannot be meant; the message names the entry and what would be right."""


@dataclass(frozen=True)
class Threshold:
    """Worse by more than relative * before + absolute is too much. `gates`: fails the run, else it is only reported."""

    relative: float = 0.0
    absolute: float = 0.0
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


# measurement.md, Gate. Bytes: names in an ONNX file grow and shrink by a few characters. RAM: repeats to 1-3 % between runs
# (decision 0002), and a small model's by pages of libraries. Quality and agreement are fractions. Latency of another session is
# no evidence: `--against` judges speed.
DEFAULTS: Mapping[str, Threshold] = {
    "size": Threshold(relative=0.001),
    "storage": Threshold(),  # dtypes, parameters, zeros: what the artifact stores
    "execution": Threshold(),  # operators, provider, device, dtype: what really ran
    "ram": Threshold(relative=0.02, absolute=4 * 2**20),
    "vram": Threshold(relative=0.02, absolute=4 * 2**20),
    "quality": Threshold(absolute=0.005),
    "agreement": Threshold(absolute=0.01),
    "latency": Threshold(relative=0.03, gates=False),
}


@dataclass(frozen=True)
class Override:
    where: Mapping[str, str]
    metric: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Budget:
    """A limit on a measurement of every matching case, in its base unit."""

    where: Mapping[str, str]
    metric: str
    limit: float
    text: str  # as it was written: "30 ms"


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
        metrics[name] = changed(metrics[name], changes, f"[{TABLE}.metrics] {name}")
    overrides = [_override(entry) for entry in table.get("overrides", [])]
    budgets = [_budget(entry) for entry in table.get("budgets", [])]
    limits: dict[tuple[str, ...], str] = {}
    for budget in budgets:
        place = (budget.metric, *(f"{key}={glob}" for key, glob in sorted(budget.where.items())))
        if limits.setdefault(place, budget.text) != budget.text:
            raise ThresholdError(
                f"[{TABLE}.budgets]: {', '.join(place)} has two limits, {limits[place]} and {budget.text}: keep one"
            )
    return Thresholds(metrics, overrides, budgets)


def changed(threshold: Threshold, changes: Any, where: str) -> Threshold:
    if not isinstance(changes, Mapping):
        raise ThresholdError(f"{where}: expected a table such as {{ relative = 0.05 }}, found {changes!r}")
    known(changes, ("relative", "absolute", "gates"), where)
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
    known(entry, (*SELECTORS, "metric", "relative", "absolute", "gates"), where)
    metric = str(entry.get("metric", ""))
    known({metric: None}, DEFAULTS, where)
    changes = {name: entry[name] for name in ("relative", "absolute", "gates") if name in entry}
    changed(DEFAULTS[metric], changes, where)
    return Override(_where(entry, where), metric, changes)


def _budget(entry: Mapping[str, Any]) -> Budget:
    where = f"[[{TABLE}.budgets]] {dict(entry)}"
    known(entry, (*SELECTORS, "metric", "at_most"), where)
    return budget(_where(entry, where), str(entry.get("metric", "")), entry.get("at_most"), where)


def budget(where: Mapping[str, str], metric: str, at_most: Any, said: str) -> Budget:
    """Of a table's entry or of `@pytest.mark.budget("latency_p95", "30 ms")`. Raises: ThresholdError."""
    if not metric:
        raise ThresholdError(f"{said}: name the metric, such as latency_p95, ram or size")
    return Budget(where, metric, quantity(at_most, said), str(at_most))


def quantity(text: Any, where: str) -> float:
    """ "30 ms" -> .03 s, "500 MB" -> 5e8 bytes, in base units. Raises: ThresholdError."""
    number, _, unit = str(text).strip().partition(" ")
    base, factor = SCALES.get(unit, ("", 1.0))
    try:
        value = float(number) / factor
    except ValueError:
        value = math.nan
    if base in ("s", "B") and value > 0 and math.isfinite(value):
        return value
    raise ThresholdError(f"{where}: {text!r} is not a limit; write a positive number and a unit, such as '30 ms' or '500 MB'")


def known(names: Iterable[str], expected: Iterable[str], where: str) -> None:
    listed = list(expected)
    for name in names:
        if name not in listed:
            raise ThresholdError(f"{where}: unknown {name!r}; there are {', '.join(listed)}")
