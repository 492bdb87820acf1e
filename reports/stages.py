"""What each step of a pipeline contributed to its row: bytes after it, and quality where the run has a row that ends there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.columns import label
from reports.lines import primary
from reports.record import Record
from reports.units import megabytes, significant
from reports.words import say

# A shorter pipeline is one method and the export that it needs; its rows stand in the table.
LEAST_STEPS = 3


def stages(records: Sequence[Record], lang: str) -> Iterator[str]:
    measured = [record for record in records if record.status == "measured"]
    rows = {(record.run_id, record.model, record.device, path(record, len(lineage(record)))): record for record in measured}
    for record in measured:
        entries = lineage(record)
        if "+" not in record.method and len(entries) <= LEAST_STEPS:
            continue
        texts = []
        for count in range(1, len(entries) + 1):
            row = rows.get((record.run_id, record.model, record.device, path(record, count)))
            texts.append(stage(entries[count - 1], row, lang))
        yield say(lang, "stages", who=f"{record.model}, {record.method}", text=" → ".join(texts))


def lineage(record: Record) -> list[Mapping[str, Any]]:
    return list(record.artifact.get("lineage", ()))


def path(record: Record, count: int) -> str:
    """The first steps of a row's pipeline with their parameters: equal ones gave the same artifact."""
    return repr([(entry.get("step"), sorted(dict(entry.get("params", {})).items())) for entry in lineage(record)[:count]])


def stage(entry: Mapping[str, Any], row: Record | None, lang: str) -> str:
    size = entry.get("bytes", row.artifact.get("bytes") if row is not None else None)
    parts = [megabytes(size)] if size is not None else []
    qualities = primary(row, "quality") if row is not None else []
    parts.append(f"{label(qualities[0][0])} {significant(qualities[0][1].value, 3)}" if qualities else say(lang, "no row"))
    return f"{entry.get('step')} ({', '.join(parts)})"
