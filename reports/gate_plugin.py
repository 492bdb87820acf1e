"""pytest plugin: `--gate`, `--update-baseline`, and the exit status of the verdict.

Exit status with `--gate`: what pytest says when nothing is worse; WORSE when something became worse; NOT_JUDGED when nothing
was measured, a case vanished, or there is no baseline that it can be compared with. `--gate=report` never changes it, and
`--gate=budgets` asks for no baseline. Written beside the tables: `gate.md` (a pull request's comment) and `gate.json`. A case that
became worse is a failed test too, so that JUnit files and every other report of pytest's say so.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reports.gate_limits import LIMITS, active, asked_for, read_limits, require_limits, selected
from reports.gate_update import baseline_path, updated

if TYPE_CHECKING:
    from reports.gate_finding import Finding, Verdict
    from reports.record import Record
    from reports.results import Results

# Beyond pytest's own 0 to 5, below the shells' 126 and more.
WORSE, NOT_JUDGED = 8, 9
LINES: pytest.StashKey[list[str]] = pytest.StashKey()


@dataclass
class Baselines:
    """Those that this run is compared with, each read once."""

    config: pytest.Config
    _read: dict[Path, list[Record] | str] = field(default_factory=dict)

    def of(self, part: Results) -> list[Record] | str:
        """Its rows, or why there are none."""
        from reports import baseline

        path = baseline_path(self.config, part.machine, part.environment)
        if path not in self._read:
            try:
                self._read[path] = baseline.read(path)
            except baseline.BaselineError as error:
                self._read[path] = str(error)
        return self._read[path]


BASELINES: pytest.StashKey[Baselines] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gate", "regression gate (docs/gate.md)")
    group.addoption(
        "--gate",
        nargs="?",
        const="fail",
        choices=("fail", "report", "budgets"),
        help="compare with the committed baseline of this machine class; exit status 8: worse, 9: could not judge; "
        "=report never fails, =budgets judges the budgets alone",
    )
    group.addoption(
        "--update-baseline", action="store_true", help="write this run's rows as the baseline; commit it with the reason"
    )
    group.addoption(
        "--baseline-dir", default="reports/baselines", help="where baselines are committed (default: reports/baselines)"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """What is wrong with the thresholds is said before anything is measured."""
    if active(session.config):
        session.config.stash[BASELINES] = Baselines(session.config)
        read_limits(session.config)


def pytest_collection_finish(session: pytest.Session) -> None:
    if active(session.config):
        require_limits(session)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A case that is worse than its baseline, or lost what could be judged, is a failed test."""
    report = yield
    mode = item.config.getoption("gate", None)
    if mode in ("fail", "budgets") and report.when == "call" and report.outcome != "failed":
        found = [f for f in judged_alone(item) if f.gates and f.word in ("worse", "unjudged")]
        if found:
            report.outcome = "failed"
            word = "worse" if any(finding.word == "worse" for finding in found) else "could not judge"
            report.longrepr = f"{found[0].case}: {word}: {'; '.join(f'{finding.metric}: {finding.text}' for finding in found)}"
    return report


def judged_alone(item: pytest.Item) -> list[Finding]:
    """What the run's verdict will say of the case of this test."""
    from reports import gate
    from reports.gate_statistics import FAMILY_ALPHA, per_case_alpha
    from reports.plugin import touched

    config, chosen = item.config, selected(item)
    if chosen is None:
        return []
    for part in touched(config):
        row = next((record for record in part.records if (record.task, record.case) == (chosen.task, chosen.case)), None)
        if row is None:
            continue
        limits = config.stash[LIMITS]
        found = list(gate.over_budget([row], limits.budgets))
        before = config.stash[BASELINES].of(part) if config.getoption("gate") != "budgets" else []
        if not isinstance(before, str):
            # The share of alpha that the verdict over all parts will give it, or a larger one: the verdict decides the exit status.
            alpha = per_case_alpha(FAMILY_ALPHA, max(1, len(before)))
            old = next((record for record in before if gate.key(record) == gate.key(row)), None)
            found += gate.compare(row, old, limits, alpha) if old is not None else []
        return found
    return []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """After the rows are written (reports.plugin runs first)."""
    config = session.config
    if not active(config) or config.option.collectonly or exitstatus == pytest.ExitCode.USAGE_ERROR:
        return
    from reports.plugin import touched

    parts = touched(config)
    lines: list[str] = []
    mode = config.getoption("gate")
    if mode:
        verdict = judged(session, parts, exitstatus)
        lines += written(verdict, config.rootpath / str(config.getoption("report_dir")))
        if mode != "report" and exitstatus != pytest.ExitCode.INTERRUPTED:
            session.exitstatus = {"worse": WORSE, "could not judge": NOT_JUDGED}.get(verdict.status, exitstatus)
    if config.getoption("update_baseline"):
        why_not = (
            "the run was interrupted" if exitstatus == pytest.ExitCode.INTERRUPTED else "" if parts else "nothing was measured"
        )
        lines += (
            [f"the baseline is left as it is: {why_not}"] if why_not else [x for part in parts for x in updated(config, part)]
        )
    config.stash[LINES] = lines


def judged(session: pytest.Session, parts: Sequence[Results], exitstatus: int) -> Verdict:
    """All environments of this run together."""
    from reports import gate

    config = session.config
    now: list[Record] = [record for part in parts for record in part.records]
    problems = ["the run was interrupted"] * (exitstatus == pytest.ExitCode.INTERRUPTED)
    if config.getoption("gate") == "budgets":
        verdict = gate.judge_budgets(now, config.stash[LIMITS])
        return replace(verdict, problems=(*problems, *verdict.problems))
    before: list[Record] = []
    for part in parts:
        found = config.stash[BASELINES].of(part)
        if isinstance(found, str):
            problems.append(found)
        else:
            before += found
    verdict = gate.judge(now, before, config.stash[LIMITS], asked_for(session))
    return replace(verdict, problems=(*problems, *verdict.problems))


def written(verdict: Verdict, directory: Path) -> list[str]:
    from reports import render_gate
    from reports.results import write_texts

    texts = {"gate.md": render_gate.comment(verdict), "gate.json": json.dumps(verdict.to_dict(), ensure_ascii=False, indent=1)}
    return [*render_gate.terminal(verdict), *(f"written: {path}" for path in write_texts(directory, texts.items()))]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    lines = config.stash.get(LINES, [])
    if lines:
        terminalreporter.section("regression gate")
    for line in lines:
        terminalreporter.write_line(line, red=line.startswith("  worse:"))
