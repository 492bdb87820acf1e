"""pytest plugin: `--gate`, `--update-baseline`, budgets by marker, and the exit status of the verdict.

Exit status with `--gate`: what pytest says when nothing is worse; WORSE when something became worse; NOT_JUDGED when nothing
was measured, a case vanished, or there is no baseline that it can be compared with. `--gate=report` never changes it. Written
beside the tables: `gate.md` (a pull request's comment) and `gate.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reports.gate import Verdict
    from reports.record import Record
    from reports.thresholds import Thresholds

# Beyond pytest's own 0 to 5, below the shells' 126 and more.
WORSE, NOT_JUDGED = 8, 9
LIMITS: pytest.StashKey[Thresholds] = pytest.StashKey()
LINES: pytest.StashKey[list[str]] = pytest.StashKey()
# A run with one of these was asked for a part of the cases: those left out did not vanish.
RESTRICTING = ("bench_model", "bench_method", "bench_task", "bench_device", "keyword", "markexpr")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gate", "regression gate (docs/gate.md)")
    group.addoption(
        "--gate",
        nargs="?",
        const="fail",
        choices=("fail", "report"),
        help="compare with the committed baseline of this machine class; exit status 8: worse, 9: could not judge; =report never fails",
    )
    group.addoption(
        "--update-baseline", action="store_true", help="write this run's rows as the baseline; commit it with the reason"
    )
    group.addoption(
        "--baseline-dir", default="reports/baselines", help="where baselines are committed (default: reports/baselines)"
    )


@dataclass(frozen=True)
class Selected:
    """A case that is to run, as a threshold's glob sees it."""

    case: str
    task: str
    model: str
    method: str


def active(config: pytest.Config) -> bool:
    return bool(config.getoption("gate", None) or config.getoption("update_baseline", False))


def pytest_sessionstart(session: pytest.Session) -> None:
    """What is wrong with the thresholds is said before anything is measured."""
    if not active(session.config):
        return
    from reports.thresholds import ThresholdError, read

    try:
        session.config.stash[LIMITS] = read(session.config.rootpath / "pyproject.toml")
    except ThresholdError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_finish(session: pytest.Session) -> None:
    """Adds the markers' budgets, and refuses a glob that matches no case of a whole run."""
    if not active(session.config):
        return
    from reports.thresholds import ThresholdError, budget

    limits = session.config.stash[LIMITS]
    try:
        marked = [
            budget({"case": _literal(found.case)}, str(marker.args[0]), marker.args[1], f"@pytest.mark.budget{marker.args}")
            for item in session.items
            if (found := selected(item)) is not None
            for marker in item.iter_markers("budget")
        ]
        if not restricted(session.config):
            limits.require_matches([found for item in session.items if (found := selected(item)) is not None])
    except (ThresholdError, IndexError) as error:
        text = str(error) if isinstance(error, ThresholdError) else "write @pytest.mark.budget(metric, limit)"
        raise pytest.UsageError(text) from error
    session.config.stash[LIMITS] = replace(limits, budgets=(*limits.budgets, *marked))


def _literal(text: str) -> str:
    """A glob that matches this text alone."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in text)


def selected(item: pytest.Item) -> Selected | None:
    callspec = getattr(item, "callspec", None)
    case = callspec.params.get("case") if callspec else None
    if case is None or not hasattr(case, "model"):
        return None
    return Selected(case.id, case.task, case.model.name, case.method.name)


def restricted(config: pytest.Config) -> bool:
    return any(config.getoption(name, None) for name in RESTRICTING)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """After the rows are written (reports.plugin runs first)."""
    config = session.config
    if not active(config) or config.option.collectonly or exitstatus == pytest.ExitCode.USAGE_ERROR:
        return
    from reports.plugin import touched

    parts = touched(config)
    lines: list[str] = []
    if config.getoption("gate"):
        verdict = judged(session, parts, exitstatus)
        lines += written(verdict, config.rootpath / str(config.getoption("report_dir")))
        if config.getoption("gate") == "fail" and exitstatus != pytest.ExitCode.INTERRUPTED:
            session.exitstatus = {"worse": WORSE, "could not judge": NOT_JUDGED}.get(verdict.status, exitstatus)
    if config.getoption("update_baseline"):
        lines += [updated(config, part.machine, part.environment, part.records) for part in parts]
        if not parts:
            lines.append("the baseline is left as it is: nothing was measured")
    config.stash[LINES] = lines


def judged(session: pytest.Session, parts: Sequence[Any], exitstatus: int) -> Verdict:
    """All environments of this run together."""
    from reports import baseline, gate

    config = session.config
    now: list[Record] = [record for part in parts for record in part.records]
    before: list[Record] = []
    problems = ["the run was interrupted"] * (exitstatus == pytest.ExitCode.INTERRUPTED)
    for part in parts:
        try:
            before += baseline.read(baseline_path(config, part.machine, part.environment))
        except baseline.BaselineError as error:
            problems.append(str(error))
    expected = {found.case for item in session.items if (found := selected(item)) is not None} if restricted(config) else None
    verdict = gate.judge(now, before, config.stash[LIMITS], expected)
    return replace(verdict, problems=(*problems, *verdict.problems))


def baseline_path(config: pytest.Config, machine: str, environment: str) -> Path:
    from reports.baseline import place

    return place(config.rootpath / str(config.getoption("baseline_dir")), machine, environment)


def written(verdict: Verdict, directory: Path) -> list[str]:
    from reports import render_gate
    from reports.results import write_texts

    texts = {"gate.md": render_gate.comment(verdict), "gate.json": json.dumps(verdict.to_dict(), ensure_ascii=False, indent=1)}
    return [*render_gate.terminal(verdict), *(f"written: {path}" for path in write_texts(directory, texts.items()))]


def updated(config: pytest.Config, machine: str, environment: str, records: Sequence[Record]) -> str:
    """Rows of a part of the cases replace their own; those of a whole run replace the file."""
    from reports import baseline

    path = baseline_path(config, machine, environment)
    try:
        kept = baseline.read(path) if restricted(config) and path.exists() else []
        chosen = baseline.write(path, records, kept)
    except baseline.BaselineError as error:
        return str(error)
    return f"written: {path} ({len(chosen)} rows): commit it, and say in the commit why the baseline moved"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("regression gate")
    for line in lines:
        terminalreporter.write_line(line, red=line.startswith("  worse:"))
