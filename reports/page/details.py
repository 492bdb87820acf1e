"""What opens when a row is clicked: blocks of plain data, one list per device, from which a script builds the panel.

Kinds of blocks: command {text}; facts {rows: [[name, value]]}; table {headers, rows}; list {rows}; histogram; stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reports.columns import label
from reports.lines import DEVICES, Line, machine_of
from reports.page.histogram import histogram
from reports.page.memory import stack
from reports.page.wide import measurement_text
from reports.page.words import tell
from reports.record import Record
from reports.reproduce import command
from reports.units import duration, megabytes, significant
from reports.words import say

LONGEST = 40  # items of a nested list that are shown before the rest is counted


def details(line: Line, lang: str) -> list[dict[str, Any]]:
    return [
        {"device": DEVICES.get(device, device), "case": record.case, "blocks": list(_blocks(record, lang))}
        for device, record in line.records.items()
    ]


def _blocks(record: Record, lang: str) -> Iterator[dict[str, Any]]:
    yield {"kind": "facts", "title": tell(lang, "this case"), "rows": _case(record, lang)}
    if record.warnings:
        yield {"kind": "list", "title": tell(lang, "warnings"), "rows": list(record.warnings)}
    yield {"kind": "command", "title": tell(lang, "command"), "text": command(record)}
    yield from filter(None, (_pipeline(record.artifact, lang), histogram(record, lang), stack(record, lang)))
    if record.status == "measured":
        yield {"kind": "table", "title": tell(lang, "measurements"), **_measurements(record, lang)}
    if record.absent:
        headers = [tell(lang, "measurement"), tell(lang, "reason")]
        absent = [list(item) for item in record.absent.items()]
        yield {"kind": "table", "title": tell(lang, "absent title"), "headers": headers, "rows": absent}
    if record.conditions:
        yield {"kind": "facts", "title": tell(lang, "conditions title"), "rows": flat(record.conditions)}
    if record.audit:
        yield {"kind": "facts", "title": tell(lang, "audit"), "rows": flat(record.audit)}
    yield from _artifact(record.artifact, lang)


def _measurements(record: Record, lang: str) -> dict[str, Any]:
    rows = [[label(key), measurement_text(found), str(found.n), found.note] for key, found in record.measurements.items()]
    return {"headers": [tell(lang, key) for key in ("measurement", "value", "n", "note")], "rows": rows}


def _case(record: Record, lang: str) -> list[list[str]]:
    rows = [
        (tell(lang, "status"), record.status),
        (tell(lang, "reason"), record.reason),
        (tell(lang, "run id"), record.run_id),
        (tell(lang, "started"), record.started_at),
        (tell(lang, "took"), duration(record.seconds) if record.seconds else ""),
        (say(lang, "machine"), machine_of(record)),
        (tell(lang, "revision"), str(record.method_revision)),
    ]
    return [[name, value] for name, value in rows if value]


def _artifact(artifact: Mapping[str, Any], lang: str) -> Iterator[dict[str, Any]]:
    if not artifact:
        return
    size = artifact.get("bytes")
    rows = [
        [tell(lang, "key"), str(artifact.get("key") or "")],
        [tell(lang, "format"), str(artifact.get("format") or "")],
        [tell(lang, "bytes"), megabytes(size) if isinstance(size, int | float) else ""],
    ]
    attributes = artifact.get("attributes")
    rows += flat(attributes) if isinstance(attributes, Mapping) else []
    yield {"kind": "facts", "title": tell(lang, "artifact"), "rows": [row for row in rows if row[1]]}
    files = [file for file in artifact.get("files") or () if isinstance(file, Mapping)]
    if files:
        headers = [tell(lang, key) for key in ("file", "role", "bytes")]
        listed = [[str(f.get("path")), str(f.get("role") or ""), _bytes(f.get("bytes"))] for f in files]
        yield {"kind": "table", "title": tell(lang, "files"), "headers": headers, "rows": listed}


def _pipeline(artifact: Mapping[str, Any], lang: str) -> dict[str, Any] | None:
    """The steps from the original to the artifact, with what each one's postcondition found."""
    steps = [step for step in artifact.get("lineage") or () if isinstance(step, Mapping)]
    headers = [tell(lang, key) for key in ("step", "built in", "build peak", "evidence")]
    table = {"headers": headers, "rows": [_step(number, step) for number, step in enumerate(steps, 1)]}
    return {"kind": "table", "title": tell(lang, "lineage"), **table} if steps else None


def _step(number: int, step: Mapping[str, Any]) -> list[str]:
    seconds = step.get("seconds")
    more = {key: value for key, value in step.items() if key not in ("step", "seconds", "peak_ram_bytes", "deflated_bytes")}
    return [
        f"{number}. {step.get('step')}",
        duration(seconds) if isinstance(seconds, int | float) else "",
        _bytes(step.get("peak_ram_bytes")),
        "\n".join(_found(more)),
    ]


def _found(values: Mapping[str, Any]) -> Iterator[str]:
    """A line per fact; the counts that belong together in one."""
    for key, value in values.items():
        name = str(key).replace("_", " ")
        if key == "evidence" and isinstance(value, Mapping):
            yield from _found(value)
        elif isinstance(value, Mapping):
            if value:
                yield f"{name}: {', '.join(f'{inner} {found}' for inner, found in flat(value))}"
        else:
            yield f"{name}: {leaf(value)}"


def _bytes(value: Any) -> str:
    return megabytes(value) if isinstance(value, int | float) else ""


def flat(values: Mapping[str, Any], prefix: str = "") -> list[list[str]]:
    """[name, value] of every leaf, nested names joined by " / "."""
    rows: list[list[str]] = []
    for key, value in values.items():
        name = f"{prefix}{str(key).replace('_', ' ')}"
        if isinstance(value, Mapping):
            rows += flat(value, f"{name} / ")
        else:
            rows.append([name, leaf(value)])
    return rows


def leaf(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return significant(value, 4) if 1e-4 <= abs(value) < 1e7 or value == 0 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        shown = ", ".join(leaf(item) for item in value[:LONGEST])
        return f"{shown} … ({len(value)})" if len(value) > LONGEST else shown
    return str(value)
