"""What stands below a table, generated from its rows: warnings, what was timed, noise, what is mixed, and the machines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports import paired_quality
from reports.lines import DEVICES, environment_of, machine_of
from reports.record import Record
from reports.speed import ORIGINAL, speedup, why_no_speedup
from reports.stages import stages
from reports.statistics import CONFIDENCE, QUALITY_MARGIN, SPEED_MARGIN, verdict
from reports.units import convert, fixed, percent, ratio, significant
from reports.words import say

NAMED = 4  # cases that a warning names before it counts the rest


def remarks(records: Sequence[Record], lang: str) -> list[str]:
    return [
        *mixed(records, lang),
        *warnings(records, lang),
        *conditions(records, lang),
        *noise(records, lang),
        *counterparts(records, lang),
        *stages(records, lang),
        *environments(records, lang),
    ]


def mixed(records: Sequence[Record], lang: str) -> Iterator[str]:
    for key, names in (
        ("mixed machines", [machine_of(r) for r in records]),
        ("mixed runs", [r.run_id for r in records]),
    ):
        distinct = list(dict.fromkeys(names))
        if len(distinct) > 1:
            yield say(lang, key, count=len(distinct), names=", ".join(distinct))


def warnings(records: Sequence[Record], lang: str) -> Iterator[str]:
    """Equal warnings once, with the cases that raised them."""
    cases: dict[str, list[str]] = {}
    for record in records:
        for text in record.warnings:
            cases.setdefault(text, []).append(record.case)
    for text, raised in cases.items():
        named = ", ".join(raised[:NAMED])
        if len(raised) > NAMED:
            named = say(lang, "more", text=named, count=len(raised) - NAMED)
        yield say(lang, "warning", cases=named, text=text)


def conditions(records: Sequence[Record], lang: str) -> Iterator[str]:
    """Batch, input shapes and threads: without them a time means nothing."""
    seen: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if record.status != "measured":
            continue
        given = record.conditions
        parts = [say(lang, "batch", value=given["batch"])] if "batch" in given else []
        inputs = given.get("inputs")
        if isinstance(inputs, Mapping) and inputs:
            parts.append(say(lang, "inputs", value=", ".join(f"{name} {_shape(shape)}" for name, shape in inputs.items())))
        parts += [say(lang, "threads", value=given["threads"])] if "threads" in given else []
        texts = seen.setdefault((record.model, record.device), [])
        if parts and ", ".join(parts) not in texts:
            texts.append(", ".join(parts))
    for (model, device), texts in seen.items():
        if texts:
            yield say(lang, "conditions", model=model, device=DEVICES.get(device, device), text="; ".join(texts))


def _shape(shape: Any) -> str:
    return "×".join(map(str, shape)) if isinstance(shape, list | tuple) else str(shape)


def noise(records: Sequence[Record], lang: str) -> Iterator[str]:
    """The original against itself: what the machine's noise was, and the smallest difference that could have been seen."""
    several = len({(machine_of(r), r.run_id) for r in records}) > 1
    for record in records:
        if record.method != ORIGINAL or record.status != "measured":
            continue
        model = f"{record.model} ({machine_of(record)}, {record.run_id})" if several else record.model
        names = {"model": model, "device": DEVICES.get(record.device, record.device)}
        found = speedup(record)
        if found is None or found.low is None or found.high is None:
            yield say(lang, "noise unknown", **names, reason=why_no_speedup(record) if found is None else found.reason)
            continue
        text = ratio(found.value, found.low, found.high)
        visible = max(math.log1p(SPEED_MARGIN), math.log(found.high / found.low) / 2)
        processes = len(set(record.times.process)) if record.times else 0
        places = say(lang, "several processes", count=processes) if processes > 1 else say(lang, "one process")
        yield say(lang, "noise", **names, ratio=text, n=found.n, processes=places, visible=percent(math.expm1(visible), 2))
        if found.verdict in ("faster", "slower"):
            yield say(lang, "noise loud", **names, ratio=text, verdict=say(lang, found.verdict))


def counterparts(records: Sequence[Record], lang: str) -> Iterator[str]:
    """What an algorithm's own idea gained: its row against that of the method without it, on the same items."""
    rows = {(r.run_id, r.model, r.device, r.method): r for r in records if r.status == "measured"}
    for record in rows.values():
        name = str(record.conditions.get("counterpart", ""))
        naive = rows.get((record.run_id, record.model, record.device, name))
        found = paired_quality.compare(record.outcomes, naive.outcomes) if naive is not None else None
        if found is not None:
            word = verdict(found.difference, found.low, found.high, found.p <= 1 - CONFIDENCE, QUALITY_MARGIN)
            change = [signed_percent(value) for value in (found.difference, found.low, found.high)]
            yield say(
                lang,
                "counterpart",
                who=f"{record.model}, {record.method}",
                other=name,
                word=say(lang, word),
                metric=found.metric,
                change=f"{change[0]} [{change[1]}, {change[2]}]",
                p=f"{found.p:.2g}",
                n=found.n,
            )


def signed_percent(value: float) -> str:
    return f"{fixed(value * 100, 2, sign=True)} %"


def environments(records: Sequence[Record], lang: str) -> list[str]:
    """One block per machine, environment and run, equal ones once."""
    texts = (say(lang, "environment", text=_environment(record, lang)) for record in records if record.environment)
    return list(dict.fromkeys(texts))


def _environment(record: Record, lang: str) -> str:
    got = record.environment
    parts = [machine_of(record)]
    flags = got.get("cpu_flags") or ()
    flags = flags if isinstance(flags, str) else ", ".join(map(str, flags))
    if got.get("cpu"):
        parts.append(f"{got['cpu']} ({flags})" if flags else str(got["cpu"]))
    parts += [say(lang, key, value=got[key]) for key in ("cores", "threads") if got.get(key)]
    if isinstance(got.get("ram_bytes"), int | float):
        parts.append(f"{significant(convert(got['ram_bytes'], 'B', 'GB'), 3)} GB RAM")
    parts.append(str(got["gpu"]) if got.get("gpu") else say(lang, "no gpu"))
    parts += [say(lang, "driver", value=got["driver"])] if got.get("driver") else []
    parts += [str(got[key]) for key in ("os",) if got.get(key)]
    parts += [f"Python {got['python']}"] if got.get("python") else []
    parts += [environment_of(record)] if environment_of(record) else []
    versions = got.get("versions")
    if isinstance(versions, Mapping):
        parts += [f"{name} {version}" for name, version in versions.items()]
    parts += [say(lang, "commit", value=str(got["commit"])[:12])] if got.get("commit") else []
    parts.append(say(lang, "run", value=record.run_id))
    ceilings = got.get("ceilings")
    if isinstance(ceilings, Mapping) and ceilings:
        parts.append(say(lang, "ceilings", value=_ceilings(ceilings)))
    return "; ".join(parts) + "."


def _ceilings(found: Mapping[str, Any]) -> str:
    """`cpu: fp32 104 GFLOP/s (oneDNN), ...` of {"cpu": {"fp32_flops": ..., "fp32_by_library": {...}}}; a flat mapping has no device."""
    devices = found if all(isinstance(values, Mapping) for values in found.values()) else {"": found}
    texts = []
    for device, values in devices.items():
        rates = [
            f"{name.partition('_')[0]} {_ceiling(name, value)}{_best_library(values, name)}"
            for name, value in values.items()
            if _is_rate(name, value)
        ]
        texts.append(f"{device}: {', '.join(rates)}" if device else ", ".join(rates))
    return "; ".join(texts)


def _is_rate(name: str, value: Any) -> bool:
    return isinstance(value, int | float) and name.endswith(("ops", "bandwidth", "bytes_per_s"))


def _best_library(values: Mapping[str, Any], name: str) -> str:
    by_library = values.get(f"{name.partition('_')[0]}_by_library") or {}
    return f" ({max(by_library, key=lambda library: by_library[library])})" if by_library else ""


def _ceiling(name: str, value: float) -> str:
    if name.endswith("ops"):
        return f"{significant(convert(value, 'FLOP/s', 'GFLOP/s'), 3)} GFLOP/s"
    return f"{significant(convert(value, 'B/s', 'GB/s'), 3)} GB/s"
