"""The committed baseline of a machine class and environment: `reports/baselines/<machine>/<environment>.json`.

A results file (reports/record.py) with a checksum over its rows, so that an edit by hand or a bad merge is noticed and never
judged. Raw samples of times are left out: times of another session are no evidence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reports.record import Record, RecordError, read_records, write_records
from reports.results import file_name

# Per-item results that a paired test of quality needs (reports/paired_quality.py).
OUTCOMES = ("correct", "tp", "fp", "fn")
CHECKSUM = "checksum"


class BaselineError(RecordError):
    """There is no baseline, or it cannot be trusted; the message says which and what to do."""


def place(directory: Path, machine: str, environment: str) -> Path:
    return directory / file_name(machine) / f"{file_name(environment)}.json"


def read(path: Path) -> list[Record]:
    """Raises: BaselineError when it is missing, unreadable, of a newer schema, or was changed after it was written."""
    if not path.exists():
        others = sorted(f"{other.parent.name}/{other.stem}" for other in path.parent.parent.glob("*/*.json"))
        there = f"; there are baselines for {', '.join(others)}" if others else ""
        raise BaselineError(f"{path}: no baseline for this machine class and environment{there}; --update-baseline writes one")
    try:
        records = read_records(path)
    except RecordError as error:
        raise BaselineError(
            f"the baseline cannot be read: {error}; restore it from version control, or --update-baseline"
        ) from error
    stored = json.loads(path.read_text(encoding="utf-8")).get(CHECKSUM)
    if stored != checksum(records):
        raise BaselineError(
            f"{path}: its rows are not those that --update-baseline wrote (checksum {str(stored)[:12]}, found {checksum(records)[:12]}): "
            "edited by hand or badly merged; restore it from version control, or --update-baseline"
        )
    return records


def write(path: Path, records: Iterable[Record], kept: Sequence[Record] = ()) -> list[Record]:
    """Replaces the file atomically with the measured rows and, of `kept`, those cases that are not among them.

    Raises: BaselineError when nothing was measured, or a case failed: neither is a state to defend.
    """
    rows = list(records)
    failed = [record for record in rows if record.status == "failed"]
    if failed:
        raise BaselineError(f"the baseline is left as it is: {failed[0].case} failed ({failed[0].reason})")
    measured = [stripped(record) for record in rows if record.status == "measured"]
    if not measured:
        raise BaselineError("the baseline is left as it is: nothing was measured")
    cases = {(record.task, record.case) for record in measured}
    chosen = [*(record for record in kept if (record.task, record.case) not in cases), *measured]
    chosen.sort(key=lambda record: (record.task, record.case))
    write_records(path, chosen, {CHECKSUM: checksum(chosen)})
    return chosen


def stripped(record: Record) -> Record:
    measurements = {name: replace(found, samples=()) for name, found in record.measurements.items()}
    outcomes = {name: values for name, values in record.outcomes.items() if name in OUTCOMES}
    return replace(record, measurements=measurements, times=None, outcomes=outcomes)


def checksum(records: Iterable[Record]) -> str:
    """SHA-256 over the rows as canonical JSON."""
    rows: list[dict[str, Any]] = [record.to_dict() for record in records]
    return hashlib.sha256(json.dumps(rows, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
