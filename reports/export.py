"""Rows for pandas and Polars: the long format, one line per measurement of a record, as CSV or Parquet.

    pandas.read_parquet("rows.parquet").query("primary").pivot(index=["machine", "run_id", "case"], columns="measurement", values="value")

Values are in base units. A measurement that is missing has a line too: `value` empty, `reason` saying why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reports.lines import environment_of
from reports.record import Record
from reports.speed import speedup, why_no_speedup

# column -> type: str, float, int or bool, the same in every file whatever its rows hold
COLUMNS: Mapping[str, type] = {
    "task": str, "model": str, "method": str, "device": str, "case": str, "label": str, "machine": str, "environment": str,
    "run_id": str, "commit": str, "started_at": str, "status": str, "measurement": str, "role": str, "unit": str, "direction": str,
    "value": float, "low": float, "high": float, "n": int, "primary": bool, "verdict": str, "difference": float,
    "difference_low": float, "difference_high": float, "note": str, "reason": str,
}  # fmt: skip
INSTALL = "python -m pip install pyarrow==26.0.1"


class MissingLibrary(RuntimeError):
    """An optional library is not installed; the message holds the command that installs it."""


def long(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """One mapping per measurement, per absent measurement, and one for a row that was not measured."""
    for record in records:
        got = record.environment
        base: dict[str, Any] = dict.fromkeys(COLUMNS)
        base |= {
            key: getattr(record, key) for key in ("task", "model", "method", "device", "case", "run_id", "started_at", "status")
        }
        base |= {key: str(got.get(key) or "") for key in ("label", "machine", "commit")}
        base["environment"] = environment_of(record)
        if record.status != "measured":
            yield {**base, "measurement": "", "reason": record.reason}
            continue
        for name, m in record.measurements.items():
            row = {**base, "measurement": name, "role": m.role, "unit": m.unit, "direction": m.direction, "value": m.value}
            row |= {"low": m.low, "high": m.high, "n": m.n, "primary": m.primary, "note": m.note}
            if m.paired:
                row |= {key: m.paired.get(key) for key in ("verdict", "difference")}
                row |= {f"difference_{key}": m.paired.get(key) for key in ("low", "high")}
            yield row
        found = speedup(record)
        if found is None:
            yield {**base, "measurement": "speedup", "role": "latency", "unit": "1", "reason": why_no_speedup(record)}
        else:
            row = {**base, "measurement": "speedup", "role": "latency", "unit": "1", "direction": "higher", "value": found.value}
            yield row | {"low": found.low, "high": found.high, "n": found.n, "primary": False, "verdict": found.verdict}
        yield from (
            {**base, "measurement": name, "reason": reason} for name, reason in record.absent.items() if name != "speedup"
        )


def long_csv(records: Iterable[Record]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(COLUMNS), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(long(records))
    return stream.getvalue()


def write_parquet(path: Path, records: Iterable[Record]) -> None:
    """Raises: MissingLibrary with the command that installs pyarrow."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingLibrary(f"--parquet needs pyarrow, which is not installed: {INSTALL}; or use --long FILE.csv") from error
    types = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64(), bool: pyarrow.bool_()}
    schema = pyarrow.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        parquet.write_table(pyarrow.Table.from_pylist(list(long(records)), schema=schema), partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
