"""Lines of the eight-column table: the CPU and the GPU Record of one (model, method) on one machine.

Nothing is dropped: what cannot be joined without a choice becomes a line of its own, with a tag that tells it from the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reports.record import Measurement, Record
from reports.speed import ORIGINAL, TUNED

DEVICES: Mapping[str, str] = {"cpu": "CPU", "cuda": "GPU"}
MISSING = ("unavailable", "not-applicable")


@dataclass(frozen=True)
class Line:
    """`tag` tells lines of one (model, method, machine) apart: run, environment or duplicate number."""

    records: Mapping[str, Record]  # device -> record, at least one
    tag: str = ""

    @property
    def any(self) -> Record:
        return next(iter(self.records.values()))

    @property
    def group(self) -> tuple[str, str]:
        """Within a group values are compared: one model on one machine."""
        return self.any.model, machine_of(self.any)


def machine_of(record: Record) -> str:
    machine, label = (str(record.environment.get(key) or "") for key in ("machine", "label"))
    return f"{label}/{machine}" if label else machine or "unnamed machine"


def environment_of(record: Record) -> str:
    return str(record.environment.get("suite_environment") or "")


def primary(record: Record, role: str) -> list[tuple[str, Measurement]]:
    """The measurements of a role that the eight-column table shows, in the order they were taken."""
    return [(key, m) for key, m in record.measurements.items() if m.role == role and m.primary]


def by_task(records: Iterable[Record]) -> dict[str, list[Record]]:
    tasks: dict[str, list[Record]] = {}
    for record in records:
        tasks.setdefault(record.task, []).append(record)
    return tasks


def ordered(records: Sequence[Record]) -> list[Record]:
    """By model and machine in order of appearance, the original first, then the tuned original, then as measured."""
    groups = {key: i for i, key in enumerate(dict.fromkeys((r.model, machine_of(r)) for r in records))}
    models = {key: i for i, key in enumerate(dict.fromkeys(r.model for r in records))}
    first = {ORIGINAL: 0, TUNED: 1}
    methods = {key: i for i, key in enumerate(dict.fromkeys(r.method for r in records))}
    return sorted(
        records, key=lambda r: (models[r.model], groups[r.model, machine_of(r)], first.get(r.method, 2), methods[r.method])
    )


def join(records: Sequence[Record]) -> list[Line]:
    """The lines of one task."""
    lines: dict[tuple[str, str, str], list[Record]] = {}
    for record in ordered(records):
        lines.setdefault((record.model, machine_of(record), record.method), []).append(record)
    return [line for rows in lines.values() for line in _join_one(rows)]


def _join_one(rows: list[Record]) -> Iterator[Line]:
    # An environment without CUDA writes an unavailable GPU row; the one that ran in the GPU environment answers it.
    tried = {r.device for r in rows if r.status not in MISSING}
    kept = [r for r in rows if r.status not in MISSING]
    for device in dict.fromkeys(r.device for r in rows if r.device not in tried):
        missing = [r for r in rows if r.device == device]
        # Where no environment could run it, one line gives every reason.
        kept.append(replace(missing[0], reason="; ".join(dict.fromkeys(r.reason for r in missing))))
    devices = [device for device in DEVICES if any(r.device == device for r in kept)]
    devices += sorted({r.device for r in kept} - set(DEVICES))
    if len(kept) == len(devices):
        yield Line({device: next(r for r in kept if r.device == device) for device in devices})
        return
    runs, environments = ({part(r) for r in kept} for part in (lambda r: r.run_id, environment_of))
    parts: dict[str, list[Record]] = {}
    for record in kept:
        names = [record.run_id] * (len(runs) > 1) + [environment_of(record)] * (len(environments) > 1)
        parts.setdefault(", ".join(names), []).append(record)
    for tag, group in parts.items():
        queues = {device: [r for r in group if r.device == device] for device in devices}
        for number in range(max(map(len, queues.values()))):
            joined = {device: queue[number] for device, queue in queues.items() if number < len(queue)}
            yield Line(joined, ", ".join(filter(None, [tag, f"duplicate {number + 1}" if len(group) > len(joined) else ""])))
