"""Memory by phase as one stacked bar: what each phase adds to the largest resident size before it, up to the peak."""

from __future__ import annotations

from typing import Any

from reports.page.words import tell
from reports.record import Record
from reports.units import megabytes

PREFIX = "ram_after_"  # phases are whatever the record holds, in the order in which they were taken


def stack(record: Record, lang: str) -> dict[str, Any] | None:
    """None when the record holds no phases."""
    after = {name.removeprefix(PREFIX): m.value for name, m in record.measurements.items() if name.startswith(PREFIX)}
    peak = record.measurements.get("ram_peak")
    if not after or peak is None:
        return None
    parts, level = [], 0.0
    for phase, resident in after.items():
        parts.append((phase.replace("_", " "), max(resident - level, 0.0)))
        level = max(level, resident)
    parts.append((tell(lang, "transient"), max(peak.value - level, 0.0)))
    shown = [{"name": name, "share": round(size / peak.value, 5), "text": megabytes(size)} for name, size in parts if size > 0]
    return {
        "kind": "stack",
        "title": tell(lang, "memory"),
        "parts": shown,
        "note": tell(lang, "memory note", peak=megabytes(peak.value)),
    }
