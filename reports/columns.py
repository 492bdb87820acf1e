"""The eight columns of the course's table, defined once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reports.lines import Line, primary
from reports.record import Measurement, Record

ARROWS: Mapping[str, str] = {"lower": " ↓", "higher": " ↑", "none": ""}
# How tables name a metric; another metric shows its key.
LABELS: Mapping[str, str] = {
    "f1_macro": "F1 macro",
    "precision_macro": "precision macro",
    "recall_macro": "recall macro",
    "accuracy": "accuracy",
    "f1_entity": "F1 entity",
    "precision_entity": "precision entity",
    "recall_entity": "recall entity",
    "wer": "WER",
    "cer": "CER",
    "end_to_end_time": "end to end",
    "real_time_factor": "real-time factor",
    "bits_per_byte": "bits per byte",
    "time_to_first_token": "first token",
    "decode_rate": "decode, tokens/s",
    "prefill_rate": "prefill, tokens/s",
    "code_nll": "code NLL",
    "round_trip_wer": "round-trip WER",
    "nisqa_mos": "NISQA MOS",
    "frame_rate": "frames/s",
}


@dataclass(frozen=True)
class Column:
    """A column of measured values. `devices` in order of preference; `conditions`: what must be equal for values to be compared."""

    key: str  # also the measurement's usual name, where the reason for an absent one is looked up
    role: str
    header: Mapping[str, str]
    unit: str  # display unit
    devices: tuple[str, ...]
    show_unit: bool = False  # in the cell, where the course's header has none
    show_note: bool = True  # a latency's note is its spread: ± says it here, the wide table in full
    conditions: Callable[[Record], object] = lambda record: None


def timed_alike(record: Record) -> object:
    return record.run_id, *used_alike(record)


def used_alike(record: Record) -> tuple[str, ...]:
    return tuple(str(record.conditions.get(key)) for key in ("batch", "inputs", "threads"))


COLUMNS: Sequence[Column] = (
    Column("size", "size", {"en": "Weight size ↓", "ru": "Размер весов ↓"}, "MB", ("cpu", "cuda"), show_unit=True),
    Column(
        "latency",
        "latency",
        {"en": "Inference time (CPU, ms) ↓", "ru": "Время инференса (CPU, ms) ↓"},
        "ms",
        ("cpu",),
        show_note=False,
        conditions=timed_alike,
    ),
    Column(
        "latency",
        "latency",
        {"en": "Inference time (GPU, ms) ↓", "ru": "Время инференса (GPU, ms) ↓"},
        "ms",
        ("cuda",),
        show_note=False,
        conditions=timed_alike,
    ),
    Column("ram", "ram", {"en": "RAM use (MB) ↓", "ru": "Использование RAM (MB) ↓"}, "MB", ("cpu",), conditions=used_alike),
    Column("vram", "vram", {"en": "VRAM use (MB) ↓", "ru": "Использование VRAM (MB) ↓"}, "MB", ("cuda",), conditions=used_alike),
)
FIRST: Sequence[Mapping[str, str]] = ({"en": "Model", "ru": "Модель"}, {"en": "Method", "ru": "Метод"})
QUALITY: Mapping[str, str] = {"en": "Quality", "ru": "Качество"}


def label(metric: str) -> str:
    return LABELS.get(metric, metric.replace("_", " "))


def quality_metrics(records: Sequence[Record]) -> dict[str, str]:
    """Metric -> direction, of every primary quality metric in a task's records; the first one decides what is bold."""
    return {key: m.direction for record in records for key, m in primary(record, "quality")}


def rates(records: Sequence[Record]) -> dict[str, str]:
    """Metric -> direction, of every primary rate that a task declares beside its latency."""
    return {key: m.direction for record in records for key, m in primary(record, "throughput")}


def quality_header(metrics: Mapping[str, str], lang: str) -> str:
    names = ", ".join(f"{label(key)}{ARROWS[direction]}" for key, direction in metrics.items())
    return f"{QUALITY[lang]} ({names})" if names else QUALITY[lang]


def headers(metrics: Mapping[str, str], lang: str) -> list[str]:
    return [*(first[lang] for first in FIRST), *(column.header[lang] for column in COLUMNS), quality_header(metrics, lang)]


def find(line: Line, column: Column) -> tuple[Record | None, Measurement | None]:
    """The record that the cell speaks of (a measured one before others), and its value."""
    records = [line.records[device] for device in column.devices if device in line.records]
    for record in records:
        values = primary(record, column.role)
        if values and record.status == "measured":
            return record, values[0][1]
    return (records[0] if records else None), None


def quality_record(line: Line) -> Record | None:
    """The CPU's quality where both devices measured it; otherwise whichever did."""
    records = [line.records[device] for device in (*("cpu", "cuda"), *line.records) if device in line.records]
    measured = [record for record in records if record.status == "measured"]
    with_quality = [record for record in measured if primary(record, "quality")]
    return next(iter(with_quality or measured or records), None)
