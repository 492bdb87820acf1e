"""How fast and how steady the suite itself is: a benchmark to run by hand on a quiet machine, not a timed test.

    python -m tests.suite_speed [--model distilbert-twin] [--repetitions 20] [--busy]

Prints: listing time; what the suite's clock adds to a call against a bare loop in the same process, and what a round trip costs outside
the clock; seconds of harness per case; the spread of the original's speed-up against itself over fresh pairs of processes; the spread of
RAM over fresh processes; cold against warm cache. Every figure is of this run, on this machine.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from fixtures import registry
from fixtures.bench import Bench
from fixtures.cases import Case
from fixtures.options import Options
from fixtures.pairs import Pairs
from reports.record import read_records

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="distilbert-twin")
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--busy", action="store_true", help="keep one core busy meanwhile")
    parser.add_argument("--threads", type=int, default=None)
    asked = parser.parse_args()
    with busy_core() if asked.busy else contextlib.nullcontext():
        catalog = registry.load()
        bench = Bench(catalog, Options(models=(asked.model,), threads=asked.threads))
        case = Case(catalog.models[asked.model], catalog.methods["original"], "cpu")
        print(f"{asked.model}, {bench.threads} threads, {bench.environment['cpu']}{', one core kept busy' if asked.busy else ''}")
        listing()
        overhead(bench, case)
        a_against_a(bench, case, asked.repetitions)
        memory(bench, case, max(2, asked.repetitions // 2))
        bench.close()
        cold_and_warm()


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    spinner = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        spinner.kill()
        spinner.wait()


def listing(repetitions: int = 5) -> None:
    spent = []
    for _ in range(repetitions):
        began = time.perf_counter()
        command = [sys.executable, "-m", "pytest", "benchmarks", "--collect-only", "-q"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        spent.append(time.perf_counter() - began)
    cases = sum("::" in line for line in done.stdout.splitlines())
    print(f"listing {cases} cases: median {statistics.median(spent):.2f} s of {repetitions} (goal: under 1 s)")


def overhead(bench: Bench, case: Case, blocks: int = 12, calls: int = 20) -> None:
    """Blocks of calls through the protocol and blocks of a bare loop, in turn, in one worker."""
    worker = bench.opened(case)
    ratios, outside = [], []
    for _ in range(blocks):
        through = []
        for _ in range(calls):
            began = time.perf_counter()
            inside = worker.call("run")["ns"] * 1e-9
            outside.append(time.perf_counter() - began - inside)
            through.append(inside)
        bare = [ns * 1e-9 for ns in worker.call("loop", calls=calls)["ns"]]
        ratios.append(statistics.median(through) / statistics.median(bare))
    worker.close()
    floor = bare_round_trip(statistics.median(through))
    print(
        f"a call by the suite's clock against a bare loop: {statistics.median(ratios):.4f} "
        f"(sd {statistics.stdev(ratios):.4f}, {blocks} blocks of {calls}; goal: within 1 %); "
        f"outside the clock: median {statistics.median(outside) * 1e6:.0f} us a call (goal: at most 100; "
        f"eight bytes there and back between two bare processes, as long asleep between: {floor * 1e6:.0f} us)"
    )


def bare_round_trip(call_s: float, repetitions: int = 100) -> float:
    """Seconds that this machine takes to wake another process and be woken by it, when both have slept for a call's length."""
    ours, theirs = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        while theirs.recv(8):
            began = time.perf_counter()
            time.sleep(call_s)
            theirs.send(struct.pack("d", time.perf_counter() - began))
        os._exit(0)
    theirs.close()
    outside = []
    for _ in range(repetitions):
        began = time.perf_counter()
        ours.send(b"x")
        (inside,) = struct.unpack("d", ours.recv(8))
        outside.append(time.perf_counter() - began - inside)
    ours.close()
    os.waitpid(child, 0)
    return statistics.median(outside)


def a_against_a(bench: Bench, case: Case, repetitions: int) -> None:
    """The original against itself, both sides fresh processes each time."""
    estimates = []
    for repetition in range(repetitions):
        candidate, reference = bench.opened(case), bench.opened(case)
        pairs = Pairs(candidate, reference, random.Random(repetition), 600.0)
        for _ in range(20):
            pairs.one()
        estimates.append(statistics.median(pairs.ratios()))
        candidate.close()
        reference.close()
    logs = [math.log(estimate) for estimate in estimates]
    print(
        f"A/A speed ratio over {repetitions} repetitions of 20 pairs: median {statistics.median(estimates):.4f}, "
        f"sd {100 * statistics.stdev(logs):.2f} %, worst {100 * max(abs(log) for log in logs):.2f} % (goal: sd <= 1 % idle, <= 2 % busy)"
    )


def memory(bench: Bench, case: Case, repetitions: int) -> None:
    peaks = []
    for _ in range(repetitions):
        worker = bench.opened(case)
        phases = worker.call("memory")["phases"]
        worker.close()
        peaks.append(
            max(phase["peak_bytes"] for name, phase in phases.items() if name != "imports") - phases["imports"]["rss_bytes"]
        )
    mean = statistics.mean(peaks)
    print(
        f"RAM over {repetitions} fresh processes: mean {mean / 1e6:.1f} MB, sd {100 * statistics.stdev(peaks) / mean:.2f} % (goal: <= 0.5 %)"
    )


def cold_and_warm() -> None:
    """One small selection with an empty cache, then again; harness seconds per case from the warm run's rows."""
    with tempfile.TemporaryDirectory() as scratch:
        seconds = []
        for _ in range(2):
            began = time.perf_counter()
            methods = ("onnx", "onnx-int8-dynamic", "prune50", "cluster16", "cluster256")
            selection = ["--model", "entities-bert", "--device", "cpu", *(f"--method={name}" for name in methods)]
            places = ["--cache-dir", f"{scratch}/cache", "--report-dir", f"{scratch}/results"]
            command = [sys.executable, "-m", "pytest", "benchmarks", "-q", *selection, *places]
            subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
            seconds.append(time.perf_counter() - began)
        (path,) = [path for path in Path(scratch).glob("results/*/*.json") if path.parent.name != "history"]
        rows = [record for record in read_records(path) if record.status == "measured"]
    harness = [row.seconds - row.conditions["model_seconds"] for row in rows]
    print(json.dumps({"cold_s": round(seconds[0], 1), "warm_s": round(seconds[1], 1), "cases": len(rows)}))
    print(
        f"harness per case beyond model and build time, warm: mean {statistics.mean(harness):.2f} s, worst {max(harness):.2f} s "
        f"(goal: under 1 s on average); cold cache {seconds[0] / seconds[1]:.1f} times the warm run"
    )


if __name__ == "__main__":
    main()
