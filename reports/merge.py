"""Joins records of several machines or teams: nothing is lost, averaged or chosen between; what conflicts is listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.lenient import read
from reports.lines import environment_of, machine_of, primary
from reports.record import Record
from reports.units import significant

SHOWN = 6  # differing fields that a conflict names
# Differ between any two runs, so naming them explains nothing.
ALWAYS_DIFFERENT = ("run_id", "started_at", "seconds", "times", "outcomes")


@dataclass(frozen=True)
class Merged:
    """`duplicates`, `conflicts` and `problems` are sentences; every readable record that is not an exact copy is in `records`."""

    records: tuple[Record, ...]
    duplicates: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def result_files(path: Path) -> list[Path]:
    """A file itself, or the current results below a directory: superseded runs (`history/`) count only when named."""
    if not path.is_dir():
        return [path]
    found = (p for p in path.rglob("*.json") if not p.name.startswith("."))
    return sorted(p for p in found if "history" not in p.relative_to(path).parts)


def merge(paths: Iterable[Path]) -> Merged:
    sources: list[tuple[str, Sequence[Record]]] = []
    problems = []
    for path in paths:
        files = result_files(path) if path.exists() else []
        if not files:
            found = "no results file in it" if path.exists() else "no such file or directory"
            problems.append(f"{path}: {found}; run `pytest benchmarks` first or name another one")
        for file in dict.fromkeys(files):
            records, found_wrong = read(file)
            problems += found_wrong
            sources.append((str(file), records))
    merged = merge_records(sources)
    return Merged(merged.records, merged.duplicates, merged.conflicts, tuple(problems))


def merge_records(sources: Iterable[tuple[str, Sequence[Record]]]) -> Merged:
    kept: dict[tuple[str, str, str], list[tuple[str, Record]]] = {}
    copies: dict[tuple[str, str], int] = {}
    for source, records in sources:
        for record in records:
            same = kept.setdefault((record.task, record.case, machine_of(record)), [])
            first = next((name for name, other in same if other == record), None)
            if first is None:
                same.append((source, record))
            else:
                copies[first, source] = copies.get((first, source), 0) + 1
    duplicates = [f"{source}: {count} records are already in {first}, counted once" for (first, source), count in copies.items()]
    conflicts = [text for same in kept.values() for text in _conflicts(same)]
    # In the order of the sources, so that a merge of one file shows that file.
    return Merged(tuple(record for same in kept.values() for _, record in same), tuple(duplicates), tuple(conflicts))


def _conflicts(same: Sequence[tuple[str, Record]]) -> Iterator[str]:
    source, record = same[0]
    for other_source, other in same[1:]:
        if environment_of(record) != environment_of(other):
            continue  # two environments of one machine measure the same case: two rows, not a contradiction
        where = f"{record.case} on {machine_of(record)}: {source} and {other_source}"
        what = ", ".join(differences(record, other))
        if record.run_id == other.run_id:
            yield f"{where} both hold it for run {record.run_id}, with different content: {what}; both are kept"
        else:
            yield f"{where} hold it for runs {record.run_id} and {other.run_id}: {what}; both are kept, and not compared"


def differences(a: Record, b: Record) -> list[str]:
    """What differs, primary measurements first: `latency 0.113 / 0.101`, `environment.commit abc / def`."""
    found = []
    for role in ("size", "latency", "ram", "vram", "quality"):
        values, others = dict(primary(a, role)), dict(primary(b, role))
        for key in dict.fromkeys([*values, *others]):
            texts = [significant(m[key].value) if key in m else "absent" for m in (values, others)]
            if values.get(key) != others.get(key):
                found.append(f"{key} {texts[0]} / {texts[1]}")
    left, right = a.to_dict(), b.to_dict()
    for name in left:
        if name not in (*ALWAYS_DIFFERENT, "measurements"):
            found += _differing(name, left[name], right[name])
    found = found or [name for name in (*ALWAYS_DIFFERENT, "measurements") if left[name] != right[name]]
    return found if len(found) <= SHOWN else [*found[:SHOWN], f"and {len(found) - SHOWN} more"]


def _differing(name: str, a: Any, b: Any) -> list[str]:
    if a == b:
        return []
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return [text for key in dict.fromkeys([*a, *b]) for text in _differing(f"{name}.{key}", a.get(key), b.get(key))]
    return [f"{name} {_short(a)} / {_short(b)}"]


def _short(value: Any) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 40 else text[:37] + "..."
