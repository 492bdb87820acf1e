"""Rows with all that a plot reads: pairs, raw times, memory by phase, quality with its paired interval."""

import random
from dataclasses import replace

from reports.record import Measurement, Record
from tests.samples.build import measurements, paired, pairs, quality, row

METRIC = ("f1_macro",)
PHASES = {"imports": 100e6, "load": 150e6, "first_call": 140e6, "steady": 160e6}


def made(method: str, speed: float, size: float, score: float, original: float = 0.9, **fields) -> Record:
    """`score` with a paired interval of one point up and two points down."""
    verdict = (
        None
        if method == "original"
        else paired(score - original, score - original - 0.02, score - original + 0.01, 0.5, "unsure")
    )
    found = measurements(size, 0.004 / speed, 30e6) | quality(METRIC, (score,), verdict)
    rng = random.Random(method)
    times = tuple(0.004 / speed * rng.uniform(0.98, 1.1) for _ in range(60))
    found["latency"] = replace(found["latency"], samples=times)
    found |= {f"ram_after_{name}": Measurement(value, "B", "lower", "detail", 1) for name, value in PHASES.items()}
    found["ram_peak"] = Measurement(200e6, "B", "lower", "ram", 1)
    fields.setdefault("times", pairs(3, 0.004, speed))
    return row("vit", method, measurements=found, **fields)


def rows() -> list[Record]:
    """By hand: `quick` and `small` are on the front of quality and time, the original dominates `bulky`, `ruined` fell off."""
    return [
        made("original", 1.0, 10e6, 0.9),
        made("quick", 4.0, 9e6, 0.89),
        made("small", 2.0, 2e6, 0.895),
        made("bulky", 0.5, 12e6, 0.898),
        made("ruined", 1.1, 3e6, 0.2),
        row("vit", "broken", status="failed", reason="INT8 was asked for and nothing is int8"),
    ]
