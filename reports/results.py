"""The records of one run on one machine and environment, on disk after every case.

`<directory>/<machine>/<environment>.json` is the current run; a new run moves the older file to `history/<run id>.<environment>.json`
beside it. An interrupted run is continued under its own run id.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reports.record import NewerSchema, Record, RecordError, read_records, write_records

if TYPE_CHECKING:
    from reports.plots.figure import Figure

REUSED = ("measured", "not-applicable")  # what is unavailable or failed may be possible now


def new_run_id() -> str:
    """Sorts by time and is unique on a shared table: `20260131-142501-9f3a`."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"


def file_name(text: str) -> str:
    """`text` as one path component: no separator, no leading dot, never empty."""
    return re.sub(r"[^\w.@+-]+", "-", text).lstrip(".-") or "unnamed"


class Results:
    """Holds the rows of this run and rewrites their file when one is added.

    With `resume`, the file's run id is continued and its rows can be re-used; otherwise an older file is moved aside by the first `add`.
    `warnings` says what was found wrong and where it is kept. Raises: NewerSchema when the file was written by a later version.
    """

    def __init__(self, directory: Path, run_id: str | None, machine: str, environment: str, resume: bool = False) -> None:
        self.directory = directory
        self.machine = machine
        self.environment = environment
        self.path = directory / file_name(machine) / f"{file_name(environment)}.json"
        self.warnings: list[str] = []
        self.earlier: Path | None = None  # where the rows of the run before went, once this run has written a row
        self._rows: dict[str, Record] = {}
        self._previous = self._read()
        if resume and self._previous and run_id in (None, self._previous[-1].run_id):
            run_id = self._previous[-1].run_id
            self._rows = {record.case: record for record in self._previous if record.run_id == run_id}
        self.run_id = run_id or new_run_id()
        self._added: set[str] = set()

    def _read(self) -> list[Record]:
        if not self.path.exists():
            return []
        try:
            return read_records(self.path)
        except NewerSchema as error:
            raise NewerSchema(f"{error}; or name another --report-dir, so that the file is kept") from error
        except RecordError as error:
            kept = _free(self.path.with_name(f"{self.path.name}.corrupt"))
            self.path.rename(kept)
            self.warnings.append(f"{error}; kept as {kept}, this run starts a new file")
            return []

    @property
    def records(self) -> list[Record]:
        """All rows of this run, those re-used from before an interruption included."""
        return list(self._rows.values())

    @property
    def touched(self) -> bool:
        """Whether this session measured or re-used a row."""
        return bool(self._added)

    def resumed(self, case: str) -> Record | None:
        """The row of this run that an interrupted session left; None when the case has to run."""
        record = self._rows.get(case)
        if record is None or record.status not in REUSED:
            return None
        self._added.add(case)
        return record

    def add(self, record: Record) -> None:
        """Adds or replaces the row of a case, on disk when this returns. Raises: RecordError; the rows so far stay as they are."""
        if record.run_id != self.run_id:
            raise RecordError(
                f"{record.case} has run id {record.run_id}, but this run is {self.run_id}: pass results.run_id to the record"
            )
        rows = {**self._rows, record.case: record}
        if any(row.run_id != self.run_id for row in self._previous) and self.path.exists():
            history = self.path.parent / "history"
            history.mkdir(exist_ok=True)
            self.earlier = _free(history / f"{file_name(self._previous[-1].run_id)}.{self.path.name}")
            self.path.rename(self.earlier)
        self._previous = []
        try:
            write_records(self.path, rows.values())
        except (TypeError, ValueError) as error:
            raise RecordError(f"{record.case} cannot be written as JSON: {error}") from error
        self._rows = rows
        self._added.add(record.case)

    def finish(self, lang: str = "en") -> list[Path]:
        return finish([self], lang)


def finish(results: Sequence[Results], lang: str = "en", with_plots: bool = False) -> list[Path]:
    """Writes `table.md`, `table.csv` and `page.html` of all rows of a session into its directory; returns every file that was written.

    `with_plots`: the figures too, in `plots/` (of which only the index is returned) and on the page.
    """
    from reports import page, render_csv, render_markdown

    records = [record for part in results for record in part.records]
    if not records:
        return []
    directory = results[0].directory
    tables = {"table.md": render_markdown.render(records, lang), "table.csv": render_csv.render(records)}
    written = [*(part.path for part in results if part.records), *write_texts(directory, tables.items())]
    # Last: whatever it meets, the tables are there.
    figures: Sequence[Figure] = ()
    no_figures = ""
    if with_plots:
        from reports import plots

        figures, no_figures, index = plots.drawn_into(directory / "plots", records, lang)
        written += index
    return [*written, *write_texts(directory, [("page.html", page.render(records, lang, (), figures, no_figures))])]


def write_texts(directory: Path, texts: Iterable[tuple[str, str]]) -> list[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in texts:
        partial = directory / f".{name}.partial"
        try:
            partial.write_text(text, encoding="utf-8", newline="\n")
            written.append(partial.replace(directory / name))
        finally:
            partial.unlink(missing_ok=True)
    return written


def _free(path: Path) -> Path:
    """The path, or the first numbered one that does not exist: what is set aside never replaces what was set aside before."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free
