"""What is wrong with the gate's limits ends the run at its start: thresholds of pyproject.toml, budgets of markers and of models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reports.budgets import Budget
    from reports.record import Record
    from reports.thresholds import Thresholds

LIMITS: pytest.StashKey[Thresholds] = pytest.StashKey()
# A run with one of these was asked for a part of the cases: those left out did not vanish.
GLOBS = {"bench_model": "model", "bench_method": "method", "bench_task": "task", "bench_device": "device"}
NARROWING = ("keyword", "markexpr")
ORIGINAL = "original"  # a part of every selection of methods


@dataclass(frozen=True)
class Selected:
    """A case that is to run, as a threshold's glob sees it."""

    case: str
    task: str
    model: str
    method: str
    device: str


def active(config: pytest.Config) -> bool:
    return any(config.getoption(name, None) for name in ("gate", "update_baseline", "against"))


def restricted(config: pytest.Config) -> bool:
    return any(config.getoption(name, None) for name in GLOBS) or narrowed(config)


def narrowed(config: pytest.Config) -> bool:
    """Whether tests were picked by what no stored row can be compared with: -k, -m, a file or a single test."""
    single = any("::" in str(argument) or str(argument).endswith(".py") for argument in config.args)
    return single or any(config.getoption(name, None) for name in NARROWING)


def asked_for(session: pytest.Session) -> Callable[[Record], bool]:
    """Whether this run was asked for a stored row, by the globs of the command line: a case that they name and that was not
    collected has vanished."""
    config = session.config
    if narrowed(config):
        collected = {(found.task, found.case) for item in session.items if (found := selected(item)) is not None}
        return lambda record: (record.task, record.case) in collected

    def asked(record: Record) -> bool:
        for option, name in GLOBS.items():
            globs, value = config.getoption(option, None), str(getattr(record, name))
            if globs and not any(fnmatchcase(value, glob) for glob in globs) and not (name == "method" and value == ORIGINAL):
                return False
        return True

    return asked


def case_of(item: pytest.Item) -> Any:
    """The case that this test measures; None for a test of another kind."""
    callspec = getattr(item, "callspec", None)
    case = callspec.params.get("case") if callspec else None
    return case if hasattr(case, "model") else None


def selected(item: pytest.Item) -> Selected | None:
    case = case_of(item)
    return None if case is None else Selected(case.id, case.task, case.model.name, case.method.name, case.device)


def read_limits(config: pytest.Config) -> None:
    """Raises: pytest.UsageError for a threshold that cannot be meant."""
    from reports.budgets import ThresholdError
    from reports.thresholds import read

    try:
        config.stash[LIMITS] = read(config.rootpath / "pyproject.toml")
    except ThresholdError as error:
        raise pytest.UsageError(str(error)) from error


def require_limits(session: pytest.Session) -> None:
    """Adds the budgets of markers and models. Raises: pytest.UsageError for one that cannot be meant, for two limits of one thing, and
    for a glob that matches no case of a whole run."""
    from reports.budgets import ThresholdError, require_one_limit

    limits = session.config.stash[LIMITS]
    chosen = [found for item in session.items if (found := selected(item)) is not None]
    try:
        budgets = [*limits.budgets, *of_markers(session.items), *of_models(session.items)]
        require_one_limit(budgets)
        if chosen and not restricted(session.config):
            limits.require_matches(chosen)
    except ThresholdError as error:
        raise pytest.UsageError(str(error)) from error
    session.config.stash[LIMITS] = replace(limits, budgets=tuple(budgets))


def of_markers(items: Iterable[pytest.Item]) -> Iterator[Budget]:
    """`@pytest.mark.budget("latency_p95", "30 ms")`: of every case of that function or file. Raises: ThresholdError."""
    from reports.budgets import ThresholdError, budget, literal

    for item in items:
        found = selected(item)
        if found is None:
            continue
        for marker in item.iter_markers("budget"):
            said = f"@pytest.mark.budget{marker.args}"
            if len(marker.args) != 2 or marker.kwargs:
                raise ThresholdError(f"{said}: write @pytest.mark.budget(metric, limit), such as budget('ram', '500 MB')")
            yield budget({"case": literal(found.case)}, str(marker.args[0]), marker.args[1], said)


def of_models(items: Iterable[pytest.Item]) -> Iterator[Budget]:
    """`Model(..., budgets={"ram": "500 MB"})`: of every case of that model. Raises: ThresholdError."""
    from reports.budgets import ThresholdError, budget, literal

    cases = [case for item in items if (case := case_of(item)) is not None]
    models = {case.model.name: case.model for case in cases}
    for name, model in models.items():
        listed = getattr(model, "budgets", {})
        if not isinstance(listed, Mapping):
            raise ThresholdError(f"budgets of the model {name}: write a mapping such as {{'ram': '500 MB'}}, found {listed!r}")
        for metric, limit in listed.items():
            yield budget({"model": literal(name)}, str(metric), limit, f"budgets of the model {name}")
