"""Builds the stored sample records: synthetic numbers, chosen so that every kind of cell and note occurs.

`python -m tests.samples.build` rewrites them; a test asserts that the stored files are what this writes.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from pathlib import Path

from reports.record import Measurement, PairedTimes, Record, write_records

SAMPLES = Path(__file__).parent
MB = 1e6
DESK = {
    "machine": "desk",
    "label": "team-a",
    "cpu": "Example CPU 1000",
    "cpu_flags": ["avx2", "avx512_vnni"],
    "cores": 2,
    "threads": 2,
    "ram_bytes": 16_000_000_000,
    "gpu": None,
    "driver": None,
    "os": "Linux 6.1",
    "python": "3.11.7",
    "versions": {"torch": "2.0.0", "onnxruntime": "1.0.0"},
    "commit": "0123456789abcdef",
    "suite_environment": "core",
    "ceilings": {"fp32_flops": 1.78e11, "memory_bandwidth": 2.1e10},
}
RACK = {**DESK, "machine": "rack", "label": "team-b", "gpu": "Example GPU", "driver": "500.1", "suite_environment": "gpu"}
CONDITIONS = {"batch": 1, "inputs": {"pixel_values": [1, 3, 48, 48]}, "threads": 2}
IMAGE = ("f1_macro", "precision_macro", "recall_macro")


def pairs(seed: int, original_s: float, speedup: float, n: int = 40, sigma: float = 0.01, tainted: dict[str, str] | None = None):
    rng = random.Random(seed)
    original = [original_s * math.exp(rng.gauss(0, sigma)) for _ in range(n)]
    candidate = [before / speedup * math.exp(rng.gauss(0, sigma)) for before in original]
    # Rounded, so that the stored file is readable and the same on every machine.
    rounded = [tuple(round(value, 7) for value in values) for values in (candidate, original)]
    first = tuple(rng.random() < 0.5 for _ in range(n))
    # A close verdict of a real row is confirmed on four more pairs of processes.
    close = math.log1p(0.02) < abs(math.log(speedup)) <= math.log(1.2)
    process = tuple(i * 5 // n for i in range(n)) if close else ()
    return PairedTimes(*rounded, first, tainted or {}, process=process)


def quality(names, values, paired=None, note="", n=450):
    return {
        name: Measurement(value, "1", "higher", "quality", n, value - 0.02, value + 0.015, paired=paired if i == 0 else None,
                          note=note if i == 0 else "", primary=True)
        for i, (name, value) in enumerate(zip(names, values, strict=True))
    }  # fmt: skip


def measurements(size, latency, ram=None, vram=None):
    found = {
        "size": Measurement(size, "B", "lower", "size", 1, primary=True),
        "deflated_size": Measurement(size * 0.9, "B", "lower", "size", 1),
        "latency": Measurement(latency, "s", "lower", "latency", 40, latency * 0.99, latency * 1.012, primary=True),
        "first_call": Measurement(latency * 7, "s", "lower", "latency", 1),
        "throughput": Measurement(round(1 / latency, 6), "1/s", "higher", "throughput", 40),
    }
    if ram is not None:
        found["ram"] = Measurement(ram, "B", "lower", "ram", 1, primary=True)
    if vram is not None:
        found["vram"] = Measurement(vram, "B", "lower", "vram", 1, primary=True, note="torch allocator")
    found["latency"] = replace(found["latency"], note=f"IQR {latency * 20:.3g} ms, 40 calls")
    return {name: replace(m, value=round(m.value, 9)) for name, m in found.items()}


def row(model, method, device="cpu", task="image-classification", status="measured", environment=DESK, run="run-1", **fields):
    fields.setdefault("conditions", CONDITIONS)
    return Record(task, model, method, device, status, run, environment, **fields)


def paired(difference, low, high, p, verdict):
    return {"difference": difference, "low": low, "high": high, "p": p, "verdict": verdict}


def desk():
    image = "tiny-vit"
    p95 = {"latency_p95": "p95 needs 60 samples, 40 were taken"}
    no_cuda = "no CUDA device on this machine"
    rows = [
        row(image, "original", measurements=measurements(1.25 * MB, 0.0040, 30 * MB) | quality(IMAGE, (0.95, 0.951, 0.949)),
            times=pairs(1, 0.004, 1.0), artifact={"key": "aaaa1111", "format": "torch", "bytes": 1_250_000}, absent=p95),
        row(image, "original-tuned", measurements=measurements(1.25 * MB, 0.0025, 31 * MB)
            | quality(IMAGE, (0.95, 0.951, 0.949), paired(0.0, 0.0, 0.0, 1.0, "same")), times=pairs(2, 0.004, 1.6)),
        row(image, "onnx-int8-static", measurements=measurements(0.40 * MB, 0.0016, 12 * MB)
            | quality(IMAGE, (0.59, 0.6, 0.58), paired(-0.36, -0.40, -0.32, 0.0001, "worse")),
            times=pairs(3, 0.004, 2.5, tainted={"0": "steal", "7": "steal"}), warnings=("2 of 40 pairs disturbed by CPU steal",)),
        row(image, "prune80", measurements=measurements(1.25 * MB, 0.0040, 30 * MB)
            | quality(IMAGE, (0.1, 0.05, 0.1), paired(-0.85, -0.9, -0.8, 0.0001, "worse"), note="chance 0.100"),
            times=pairs(4, 0.004, 1.0, n=5)),
        row(image, "torch-int8-dynamic", status="failed",
            reason="INT8 was asked for, 3 % of the parameter bytes are int8: the method does not touch Conv2d"),
        *(row(image, method, "cuda", status="unavailable", reason=no_cuda) for method in ("original", "original-tuned", "prune80")),
        row(image, "torch-int8-dynamic", "cuda", status="not-applicable", reason="torch.ao dynamic quantization runs on a CPU only"),
    ]  # fmt: skip
    twin, task = "twin|bert\nlarge", "token-classification"
    conditions = {"batch": 1, "inputs": {"input_ids": [1, 128]}, "threads": 2}
    random_weights = {"f1_entity": "random weights: quality is not applicable"}
    agreement = Measurement(
        0.998, "1", "higher", "agreement", 512, 0.99, 1.0, note="9 distinct classes predicted, 9 by the original"
    )
    cosine = Measurement(0.95, "1", "higher", "agreement", 512)
    rows += [
        row("tiny-bert", "original", task=task, conditions=conditions, times=pairs(5, 0.02, 1.09),
            measurements=measurements(3.5 * MB, 0.02, 40 * MB) | quality(("f1_entity",), (0.9,))),
        row(twin, "original", task=task, conditions=conditions, absent=random_weights, times=pairs(6, 0.35, 1.0),
            measurements=measurements(265.5 * MB, 0.35, 300 * MB)),
        row(twin, "bf16", task=task, conditions=conditions, absent=random_weights, times=pairs(7, 0.35, 0.5),
            measurements=measurements(132.8 * MB, 0.7, 170 * MB) | {"logit_cosine": cosine, "agreement_top1": agreement}),
        *(row(twin, method, "cuda", task=task, status="unavailable", reason=no_cuda, conditions=conditions)
          for method in ("original", "bf16")),
    ]  # fmt: skip
    return rows


def rack():
    """Another team's machine: its CPU and GPU rows, quality that differs by device, and differing artifacts."""
    image, common = "tiny-vit", {"environment": RACK, "run": "run-2"}
    gpu = {**CONDITIONS, "batch": 8}
    return [
        row(image, "original", measurements=measurements(1.25 * MB, 0.003, 33 * MB) | quality(IMAGE, (0.95, 0.951, 0.949)),
            times=pairs(8, 0.003, 1.0), artifact={"key": "aaaa1111"}, **common),
        row(image, "original", "cuda", measurements=measurements(1.25 * MB, 0.001, vram=9 * MB) | quality(IMAGE, (0.95, 0.951, 0.949)),
            times=pairs(9, 0.001, 1.0), artifact={"key": "aaaa1111"}, conditions=gpu, **common),
        row(image, "fp16", measurements=measurements(0.63 * MB, 0.03, 20 * MB)
            | quality(IMAGE, (0.95, 0.951, 0.949), paired(0.0, 0.0, 0.0, 1.0, "same")),
            times=pairs(10, 0.003, 0.1), artifact={"key": "bbbb2222"}, **common),
        row(image, "fp16", "cuda", measurements=measurements(0.64 * MB, 0.0008, vram=5 * MB)
            | quality(IMAGE, (0.948, 0.949, 0.947), paired(-0.002, -0.004, 0.0, 0.5, "same")),
            times=pairs(11, 0.001, 1.25), artifact={"key": "cccc3333"}, conditions=gpu, **common),
    ]  # fmt: skip


FILES = {"desk.json": desk, "rack.json": rack}


def main(directory: Path = SAMPLES) -> None:
    for name, records in FILES.items():
        write_records(directory / name, records())


if __name__ == "__main__":
    main()
