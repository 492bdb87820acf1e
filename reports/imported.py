"""Files of pytest-benchmark (`--benchmark-json`) as records: its raw times, and for everything else the reason that it was not measured.

A benchmark named by a case id of this suite (`test_x[model:method:device]`) becomes that case; another one becomes the method of its test
module. Such rows have no pairs, so they never get a speed-up. Format: pytest-benchmark.readthedocs.io, "Comparing past runs".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reports.record import Measurement, Record, RecordError
from reports.results import file_name
from reports.statistics import median_estimate

TASK = "pytest-benchmark"
REASON = "imported from a pytest-benchmark file, which holds times only"


def imported(path: Path, label: str = "") -> tuple[list[Record], list[str]]:
    """(records, problems); an entry that cannot be read is a problem, the rest is kept. Raises: RecordError for a file of another kind."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecordError(f"{path}: not a readable JSON file ({error}); write one with `pytest --benchmark-json FILE`") from error
    if not isinstance(data, dict) or not isinstance(data.get("benchmarks"), list) or "machine_info" not in data:
        raise RecordError(f"{path}: not a pytest-benchmark file: expected 'benchmarks' and 'machine_info'")
    environment = _environment(data, label)
    started = str(data.get("datetime") or "")
    run_id = f"pytest-benchmark-{file_name(started or path.stem)}"
    records, problems = [], []
    for number, entry in enumerate(data["benchmarks"], 1):
        try:
            records.append(_record(entry, environment, run_id, started))
        except (RecordError, KeyError, TypeError, ValueError, AttributeError) as error:
            name = entry.get("fullname", "") if isinstance(entry, Mapping) else ""
            problems.append(f"{path}: benchmark {number} {name} is left out ({type(error).__name__}: {error})")
    return records, problems


def _environment(data: Mapping[str, Any], label: str) -> dict[str, Any]:
    machine = _mapping(data, "machine_info")
    cpu, commit = _mapping(machine, "cpu"), _mapping(data, "commit_info")
    brand = str(cpu.get("brand_raw") or machine.get("processor") or "")
    found = {
        "machine": file_name(str(machine.get("node") or brand or "unnamed machine")), "label": label, "cpu": brand,
        "cpu_flags": list(cpu.get("flags") or ()), "cores": cpu.get("count"), "python": machine.get("python_version"),
        "os": " ".join(filter(None, (machine.get("system"), machine.get("release")))), "commit": commit.get("id"),
        "suite_environment": "pytest-benchmark", "versions": {"pytest-benchmark": str(data.get("version") or "unknown")},
    }  # fmt: skip
    return {key: value for key, value in found.items() if value not in (None, "", [])} | {"label": label}


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


def _record(entry: Mapping[str, Any], environment: Mapping[str, Any], run_id: str, started: str) -> Record:
    stats, fullname = entry["stats"], str(entry["fullname"])
    samples = tuple(float(value) for value in stats.get("data") or ())
    if any(not math.isfinite(value) or value <= 0 for value in samples):
        raise RecordError("a time in 'data' is not a positive finite number of seconds")
    if samples:
        found = median_estimate(samples)
        latency = Measurement(found.value, "s", "lower", "latency", len(samples), found.low, found.high, samples, primary=True)
    else:
        note = "median of the file; without raw data there is no interval"
        median = float(stats["median"])
        if not median > 0:
            raise RecordError(f"median {median} is not a positive number of seconds")
        latency = Measurement(median, "s", "lower", "latency", int(stats["rounds"]), note=note, primary=True)
    case = re.search(r"\[([^\[\]:]+):([^\[\]]+):(cpu|cuda)\]$", fullname)
    module, _, test = fullname.rpartition("::")
    model, method, device = case.groups() if case else (Path(module.partition("::")[0]).stem or "unnamed", test, "cpu")
    absent = dict.fromkeys(("size", "ram", "vram", "quality", "speedup"), REASON)
    return Record(
        str(entry.get("group") or TASK), model, method, device, "measured", run_id, environment,
        measurements={"latency": latency}, absent=absent, started_at=started,
    )  # fmt: skip
