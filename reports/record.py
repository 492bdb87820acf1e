"""One row of results as plain data, and its file format.

Schema history (every version listed here is still read):
  1  first version

Values are in base units (seconds, bytes, fractions); `reports/units.py` alone converts them for display.
A measurement that could not be taken is absent from `measurements` and has a sentence in `absent`: never 0, never NaN.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SCHEMA = 1
STATUSES = ("measured", "not-applicable", "unavailable", "failed")
DIRECTIONS = ("lower", "higher", "none")
# What a measurement says about the row; the table groups columns by it, so that no renderer knows a metric's name.
ROLES = ("size", "latency", "throughput", "ram", "vram", "quality", "agreement", "build", "ceiling", "detail")


class RecordError(ValueError):
    """A record or a results file is malformed; the message names the file or field and what to do."""


class NewerSchema(RecordError):
    """The file was written by a later version of the suite: nothing is wrong with it, and nothing may replace it."""


@dataclass(frozen=True)
class Measurement:
    """One measured value with its spread.

    `unit` is a base unit: s, B, 1 (fraction or count), 1/s, FLOP/s, B/s. `low`/`high` bound the 95 % interval. `n` counts what the value
    was taken from (calls, samples, sentences). `samples` are the raw values in time order, where they exist.
    `paired` holds a comparison with the original on the same items: {"difference", "low", "high", "p", "verdict"}; of a rate that was taken
    in turn with the original's, {"ratio", "ratio_low", "ratio_high"}.
    """

    value: float
    unit: str
    direction: str
    role: str
    n: int
    low: float | None = None
    high: float | None = None
    samples: tuple[float, ...] = ()
    paired: Mapping[str, Any] | None = None
    note: str = ""
    primary: bool = False  # shown in the eight-column table; the other measurements of the role only in the wide one

    def __post_init__(self) -> None:
        for name in ("value", "low", "high"):
            number = getattr(self, name)
            if number is not None and not math.isfinite(number):
                raise RecordError(f"measurement {name} is {number}: a missing number is absent with a reason, never NaN")
        if self.direction not in DIRECTIONS:
            raise RecordError(f"direction {self.direction!r} is not one of {', '.join(DIRECTIONS)}")
        if self.role not in ROLES:
            raise RecordError(f"role {self.role!r} is not one of {', '.join(ROLES)}")
        if self.unit in ("s", "B", "1/s") and self.value < 0:
            raise RecordError(f"a {self.role} of {self.value} {self.unit} is negative")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise RecordError(f"interval [{self.low}, {self.high}] is reversed")


@dataclass(frozen=True)
class PairedTimes:
    """Raw latency samples of the candidate and of the original, interleaved: index i of both lists is one pair.

    Seconds of one call each. `original_first[i]` says which ran first. `tainted` lists the indices left out of paired figures, each with why.
    """

    candidate_s: tuple[float, ...]
    original_s: tuple[float, ...]
    original_first: tuple[bool, ...]
    tainted: Mapping[str, str] = field(default_factory=dict)
    candidate_cpu_s: tuple[float, ...] = ()  # process CPU time of the same calls
    # Which pair of fresh processes each pair ran in, where a close verdict was confirmed on more than one; empty: all in the first.
    process: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.candidate_s) == len(self.original_s) == len(self.original_first):
            raise RecordError(
                f"pairs are ragged: {len(self.candidate_s)} candidate, {len(self.original_s)} original, "
                f"{len(self.original_first)} order flags"
            )
        if self.process and len(self.process) != len(self.candidate_s):
            raise RecordError(f"{len(self.process)} process numbers for {len(self.candidate_s)} pairs")
        if any(not value > 0 or not math.isfinite(value) for value in (*self.candidate_s, *self.original_s)):
            raise RecordError("a paired time is not a positive finite number of seconds")


@dataclass(frozen=True)
class Record:
    """One case, measured in one process on one device (or the reason why not)."""

    task: str
    model: str
    method: str  # with overridden parameters: `onnx-int8-static@calibration=entropy`
    device: str  # "cpu" | "cuda"
    status: str
    run_id: str
    environment: Mapping[str, Any]  # machine, cpu, flags, gpu, driver, threads, os, versions, commit, label
    reason: str = ""  # why not measured, or what failed: one sentence
    measurements: Mapping[str, Measurement] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)  # measurement name -> why it is missing
    times: PairedTimes | None = None
    audit: Mapping[str, Any] = field(default_factory=dict)
    artifact: Mapping[str, Any] = field(default_factory=dict)  # key, format, bytes, files, lineage
    outcomes: Mapping[str, Any] = field(default_factory=dict)  # per-item results, so that later runs can be paired with this one
    conditions: Mapping[str, Any] = field(default_factory=dict)  # batch, input shapes, threads, load average, steal
    warnings: tuple[str, ...] = ()
    started_at: str = ""  # ISO 8601, UTC
    seconds: float = 0.0  # wall time that the case took, harness included
    method_revision: int = 1
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise RecordError(f"status {self.status!r} is not one of {', '.join(STATUSES)}")
        if self.status != "measured" and not self.reason:
            raise RecordError(f"{self.case}: a row that is {self.status} needs a reason")

    @property
    def case(self) -> str:
        """Stable id: `bert-large-ner:onnx-int8-dynamic:cpu`."""
        return f"{self.model}:{self.method}:{self.device}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Record:
        """Raises: RecordError for a newer schema or a malformed field."""
        schema = data.get("schema")
        if not isinstance(schema, int) or schema < 1:
            raise RecordError(f"record has schema {schema!r}; expected an integer from 1 to {SCHEMA}")
        if schema > SCHEMA:
            raise NewerSchema(f"record has schema {schema}, this version reads up to {SCHEMA}: update the suite to read it")
        try:
            fields = dict(data)
            fields["measurements"] = {
                name: Measurement(**{**value, "samples": tuple(value.get("samples", ()))})
                for name, value in fields.get("measurements", {}).items()
            }
            times = fields.get("times")
            if times is not None:
                lists = ("candidate_s", "original_s", "original_first", "candidate_cpu_s", "process")
                restored: dict[str, Any] = {k: tuple(v) if k in lists else v for k, v in times.items()}
                fields["times"] = PairedTimes(**restored)
            fields["warnings"] = tuple(fields.get("warnings", ()))
            return cls(**fields)
        except (TypeError, AttributeError, KeyError) as error:
            raise RecordError(
                f"record {data.get('model')}:{data.get('method')}:{data.get('device')} is malformed: {error}"
            ) from error


def write_records(path: Path, records: Iterable[Record], more: Mapping[str, Any] | None = None) -> None:
    """Replaces the file atomically: a reader or a crash sees the old file or the new one, never half of one. `more`: further fields."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {"schema": SCHEMA, **(more or {}), "records": [r.to_dict() for r in records]}, ensure_ascii=False, allow_nan=False
    )
    # Not mkstemp: its files are private, and results are for others to read.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _no_constant(name: str) -> float:
    raise ValueError(f"it holds {name}, and a missing number is absent with a reason")


def read_records(path: Path) -> list[Record]:
    """Raises: RecordError naming the file when it is not JSON, of a newer schema, or holds a malformed record."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not UTF-8, not JSON, or NaN
        raise RecordError(
            f"{path}: not a readable results file ({error}); it may be truncated: delete it or restore a copy"
        ) from error
    if not isinstance(data, dict) or not isinstance(data.get("records"), list):
        raise RecordError(f"{path}: not a results file: expected an object with a list 'records'")
    schema = data.get("schema")
    if not isinstance(schema, int) or schema < 1:
        raise RecordError(f"{path}: has schema {schema!r}; expected an integer from 1 to {SCHEMA}")
    if schema > SCHEMA:
        raise NewerSchema(f"{path}: written with schema {schema}, this version reads up to {SCHEMA}: update the suite to read it")
    try:
        return [Record.from_dict(record) for record in data["records"]]
    except RecordError as error:
        raise type(error)(f"{path}: {error}") from error
