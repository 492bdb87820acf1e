"""Copies results to where a team commits them: `<records>/<label>/<machine>/<environment>.json`.

Teams write different folders, so pull requests merge without conflicts. No row is lost: a case measured again replaces its row, and the
replaced one moves to `history/` beside the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from reports.lines import environment_of
from reports.record import Record, RecordError, read_records, write_records
from reports.results import file_name

RECORDS = Path("reports/records")


def share(records: Iterable[Record], label: str, directory: Path = RECORDS) -> list[str]:
    """One sentence per file. Raises: RecordError for an empty label or the rows of another team, before anything is written."""
    rows = list(records)
    if not label or file_name(label) != label:
        raise RecordError(f"label {label!r} cannot be a folder's name; use letters, digits, '.', '_' and '-'")
    if not rows:
        raise RecordError("no records to copy; run `pytest benchmarks` first")
    others = sorted({str(r.environment.get("label")) for r in rows} - {"", "None", label})
    if others:
        raise RecordError(f"the rows are labelled {', '.join(others)}, not {label}: another team's rows are not yours to record")
    parts: dict[Path, list[Record]] = {}
    for row in rows:
        machine = str(row.environment.get("machine") or "unnamed-machine")
        path = directory / label / file_name(machine) / f"{file_name(environment_of(row))}.json"
        parts.setdefault(path, []).append(replace(row, environment={**row.environment, "label": label}))
    old = {path: read_records(path) if path.exists() else [] for path in parts}  # all read before the first is written
    return [_write(path, new, old[path]) for path, new in parts.items()]


def _write(path: Path, new: list[Record], old: list[Record]) -> str:
    latest = {(r.task, r.case): r for r in sorted(new, key=lambda r: (r.run_id, r.started_at))}
    left_out = [r for r in new if latest[r.task, r.case] is not r]
    replaced = [r for r in old if (r.task, r.case) in latest and latest[r.task, r.case] != r]
    kept = [r for r in old if (r.task, r.case) not in latest]
    for run_id in dict.fromkeys(r.run_id for r in (*replaced, *left_out)):
        history = path.parent / "history" / f"{file_name(run_id)}.{path.name}"
        before = read_records(history) if history.exists() else []
        moved = [r for r in (*replaced, *left_out) if r.run_id == run_id]
        write_records(history, [*before, *(r for r in moved if r not in before)])
    write_records(path, [*kept, *latest.values()])
    extra = f", {len(replaced) + len(left_out)} older ones moved to history/" if replaced or left_out else ""
    return f"{path}: {len(latest)} rows written, {len(kept)} of earlier runs kept{extra}"
