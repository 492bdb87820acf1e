"""pytest plugin: where results go, in which language, what is written at the end. Renderers are imported only when there are rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reports.results import Results

pytest_plugins = ("reports.gate_plugin",)
# (machine, environment) -> the results file of this session
RESULTS: pytest.StashKey[dict[tuple[str, str], Results]] = pytest.StashKey()
WRITTEN: pytest.StashKey[list[Path]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("reports", "comparison table")
    group.addoption(
        "--report-dir", default="reports/results", help="where records and tables are written (default: reports/results)"
    )
    group.addoption("--lang", choices=("en", "ru"), default="en", help="language of the table's headers and notes")
    group.addoption("--label", default="", help="name of your team in merged tables; part of every row")
    group.addoption("--no-plots", action="store_true", help="tables only: no figures beside them (they take some seconds)")
    group.addoption(
        "--resume", action="store_true", help="continue an interrupted run: its measured rows are kept, the rest is measured"
    )


def results(config: pytest.Config, machine: str, environment: str) -> Results:
    """The results of this session, created when a case first asks; all environments of a session share one run id."""
    from reports.record import NewerSchema
    from reports.results import Results

    parts = config.stash.setdefault(RESULTS, {})
    if (machine, environment) not in parts:
        # An interrupted run is continued under the id that its file holds; the first file decides for all.
        run_id = next((part.run_id for part in parts.values()), None)
        directory = config.rootpath / str(config.getoption("--report-dir"))
        try:
            parts[machine, environment] = Results(directory, run_id, machine, environment, bool(config.getoption("--resume")))
        except NewerSchema as error:
            # No case of this run could be stored: one error, not one per case.
            pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        _lock(config, parts[machine, environment].path)
    return parts[machine, environment]


def _lock(config: pytest.Config, path: Path) -> None:
    """Two runs that rewrite one results file would lose each other's rows: the second one ends here."""
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        pytest.exit(f"another run is writing {path}: wait for it, or name another --report-dir", pytest.ExitCode.USAGE_ERROR)
    config.add_cleanup(lock.release)


def label(config: pytest.Config) -> str:
    """The team's name, for `environment["label"]` of every record."""
    return str(config.getoption("--label"))


def touched(config: pytest.Config) -> list[Results]:
    return [part for part in config.stash.get(RESULTS, {}).values() if part.touched]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Before the terminal summary, which prints where the files are. An interrupted run writes its tables too."""
    parts = touched(session.config)
    if parts:
        from reports.results import finish

        try:
            plots = not session.config.getoption("--no-plots")
            session.config.stash[WRITTEN] = finish(parts, str(session.config.getoption("--lang")), plots)
        except OSError as error:  # a full disk: the records of finished cases are already stored, and the table is printed below
            parts[0].warnings.append(f"the tables could not be written: {error}")


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    parts = touched(config)
    for warning in (text for part in config.stash.get(RESULTS, {}).values() for text in part.warnings):
        terminalreporter.write_line(f"WARNING: {warning}", yellow=True)
    if parts:
        _summary(terminalreporter, parts, exitstatus, config)


def _summary(terminalreporter: Any, parts: Sequence[Results], exitstatus: int, config: pytest.Config) -> None:
    from reports.render_terminal import render

    writer = terminalreporter._tw  # the only way to its width and colour
    width = writer.fullwidth if terminalreporter.isatty else max(writer.fullwidth, 140)
    records = [record for part in parts for record in part.records]
    terminalreporter.section("comparison table")
    for line in render(records, width, writer.hasmarkup, str(config.getoption("--lang"))).splitlines():
        terminalreporter.write_line(line)
    for path in config.stash.get(WRITTEN, []):
        terminalreporter.write_line(f"written: {path}")
    for path in (part.earlier for part in parts if part.earlier):
        terminalreporter.write_line(f"the rows of the run before are kept: python -m reports show {path}")
    if exitstatus == pytest.ExitCode.INTERRUPTED:
        terminalreporter.write_line(
            f"interrupted: {len(records)} rows are kept; the same command with --resume continues this run"
        )
