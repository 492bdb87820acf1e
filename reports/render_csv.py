"""The wide table: every measurement of every record, in base units, one line per record.

Column names carry the unit (`latency_s`, `size_bytes`). A column in which no record has anything is left out.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reports.record import Measurement, Record
from reports.speed import speedup, speedup_over_tuned, why_no_speedup
from reports.units import suffix

FIRST = ("task", "model", "method", "device", "status", "reason", "run_id", "started_at", "seconds", "method_revision")


def render(records: Iterable[Record]) -> str:
    rows = list(records)
    flat = [_row(record, rows) for record in rows]
    columns = list(dict.fromkeys([*FIRST, *sorted(dict.fromkeys(k for row in flat for k in row), key=_order)]))
    used = [column for column in columns if column in FIRST or any(row.get(column) not in (None, "") for row in flat)]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, used, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return stream.getvalue()


def _order(column: str) -> int:
    """Identity, speed-up, measurements, then conditions, artifact and environment; within these as first seen."""
    for rank, prefix in enumerate(("condition_", "artifact_", "environment_"), 3):
        if column.startswith(prefix):
            return rank
    return 1 if column.startswith("speedup") else 2


def _row(record: Record, records: Sequence[Record]) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(record, name) for name in FIRST}
    row |= _speed(record, records)
    for name, measurement in record.measurements.items():
        row |= _measurement(name, measurement)
    row |= {f"{name}_absent": reason for name, reason in record.absent.items()}
    row["warnings"] = "; ".join(record.warnings)
    row |= _flat("condition", record.conditions)
    row |= _flat("artifact", {key: record.artifact.get(key) for key in ("key", "format", "bytes")})
    return row | _flat("environment", record.environment)


def _measurement(name: str, m: Measurement) -> dict[str, Any]:
    unit = suffix(m.unit)
    row: dict[str, Any] = {f"{name}{unit}": m.value, f"{name}_low{unit}": m.low, f"{name}_high{unit}": m.high, f"{name}_n": m.n}
    if m.paired:
        row |= {f"{name}_{key}": m.paired.get(key) for key in ("verdict", "difference", "p", "ratio", "ratio_low", "ratio_high")}
        row |= {f"{name}_difference_{key}": m.paired.get(key) for key in ("low", "high")}
    return row | {f"{name}_note": m.note}


def _speed(record: Record, records: Sequence[Record]) -> dict[str, Any]:
    if record.status != "measured":
        return {}
    found = speedup(record)
    if found is None:
        return {"speedup_absent": why_no_speedup(record)}
    row: dict[str, Any] = {f"speedup_{key}": getattr(found, key) for key in ("low", "high", "n", "p", "verdict", "coverage")}
    row = {"speedup": found.value, **row, "speedup_pairs_left_out": len(record.times.tainted) if record.times else 0}
    tuned = speedup_over_tuned(record, records)
    if tuned is not None:
        row |= {"speedup_over_tuned": tuned.value, "speedup_over_tuned_low": tuned.low, "speedup_over_tuned_high": tuned.high}
    return row


def _flat(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings become `environment_versions_torch`; lists are JSON."""
    row: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}_{key}"
        if isinstance(value, Mapping):
            row |= _flat(name, value)
        elif isinstance(value, list | tuple):
            row[name] = json.dumps(value, ensure_ascii=False)
        else:
            row[name] = value
    return row
