"""Reads what can be read of a results file: one bad record costs itself, not the file; every loss is a sentence.

Truncated: the whole records before the cut. NaN, negative or impossible values and unknown fields: all other records. A newer schema: nothing
of that file, because its fields may mean something else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from reports.record import NewerSchema, Record, RecordError, read_records

DAY_S = 86_400.0  # a case is killed long before one call takes a day
LARGEST_BYTES = 2.0**50  # a pebibyte: above every model and machine that the suite can run on


def read(path: Path) -> tuple[list[Record], list[str]]:
    """(records, problems). Never raises for what a file holds."""
    try:
        records = read_records(path)
    except NewerSchema as error:
        return [], [str(error)]
    except RecordError as error:
        return _salvage(path, error)
    return _plausible(path, records, [])


def _salvage(path: Path, error: RecordError) -> tuple[list[Record], list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return [], [str(error)]
    problems: list[str] = []
    items: list[Any] = []
    try:
        data = json.loads(text)
        items = data["records"] if isinstance(data, dict) and isinstance(data.get("records"), list) else []
    except (ValueError, RecursionError):
        items = list(_whole_records(text))
    if not items:
        return [], [str(error)]
    records = []
    for number, item in enumerate(items, 1):
        try:
            if not isinstance(item, Mapping):
                raise RecordError(f"expected an object, found {type(item).__name__}")
            if _has_nan(item):
                raise RecordError(f"{_case(item)}: holds NaN or infinity, and a missing number is absent with a reason")
            records.append(Record.from_dict(item))
        except (RecordError, ValueError, TypeError) as reason:
            problems.append(f"{path}: record {number} is left out ({reason})")
    if not problems:
        problems.append(f"{error}; the {len(records)} whole records in it are shown")
    return _plausible(path, records, problems)


def _whole_records(text: str) -> Iterator[Any]:
    """The records of a file that ends in the middle."""
    start = text.find('"records"')
    at = text.find("[", start) + 1 if start >= 0 else 0
    decoder = json.JSONDecoder()
    while at > 0 and (at := _skip(text, at)) < len(text):
        try:
            item, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield item


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n,":
        at += 1
    return at


def _has_nan(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(map(_has_nan, value.values()))
    return isinstance(value, list) and any(map(_has_nan, value))


def _case(item: Mapping[str, Any]) -> str:
    return ":".join(str(item.get(key)) for key in ("model", "method", "device"))


def _plausible(path: Path, records: list[Record], problems: list[str]) -> tuple[list[Record], list[str]]:
    kept = []
    for record in records:
        reason = absurd(record)
        if reason:
            problems.append(f"{path}: {record.case} is left out: {reason}; measure it again")
        else:
            kept.append(record)
    return kept, problems


def absurd(record: Record) -> str:
    """Why no machine gives this value; "" for a plausible record."""
    for name, m in record.measurements.items():
        if m.primary and m.role in ("size", "latency") and m.value <= 0:
            return f"{name} is {m.value:g} {m.unit}"
        if m.unit == "s" and m.role == "latency" and m.value > DAY_S:
            return f"{name} is {m.value:g} s, more than a day for one call"
        if m.unit == "B" and m.value > LARGEST_BYTES:
            return f"{name} is {m.value:g} B, more than a pebibyte"
    return ""
