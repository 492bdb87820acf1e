"""Why extra work reads larger on a busy machine: a benchmark to run by hand, half a minute (docs/decisions/0015).

    python -m tests.time_slices [--share 0.2] [--pairs 60]

Two sides in turn on one core, as a pair of the gate: fixed work, and the same work with a share of it added. Beside them up to two other
processes keep that core busy. A call that ends within the scheduler's time slice is not interrupted; one that is a little longer waits for
the neighbours' slices, and the whole wait counts as its time. CPU time does not see it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import time
from multiprocessing.connection import Connection

from reports.compare import markdown
from reports.statistics import median

CALLS_MS = (1, 3, 6, 10, 20)
NEIGHBOURS = (0, 1, 2)


def busy(core: int) -> None:
    os.sched_setaffinity(0, {core})
    while True:
        pass


def side(core: int, asked: Connection, steps: int, share: float) -> None:
    os.sched_setaffinity(0, {core})
    while True:
        asked.recv()
        cpu, began = time.process_time_ns(), time.perf_counter_ns()
        count(steps)
        until = began + (time.perf_counter_ns() - began) * (1 + share)
        while time.perf_counter_ns() < until:
            pass
        asked.send((time.perf_counter_ns() - began, time.process_time_ns() - cpu))


def count(steps: int) -> int:
    total = 0
    for step in range(steps):
        total += step
    return total


def steps_of(milliseconds: float, trial: int = 200_000) -> int:
    """Fitted to the quickest of twenty trials."""
    quickest = min(timed(trial) for _ in range(20))
    return int(trial * milliseconds * 1e6 / quickest)


def timed(steps: int) -> int:
    began = time.perf_counter_ns()
    count(steps)
    return time.perf_counter_ns() - began


def ratios(core: int, steps: int, share: float, neighbours: int, pairs: int) -> tuple[float, float]:
    """Median of slower / plain, of wall time and of CPU time."""
    others = [multiprocessing.Process(target=busy, args=(core,), daemon=True) for _ in range(neighbours)]
    ends: list[Connection] = []
    for extra in (0.0, share):
        ours, theirs = multiprocessing.Pipe()
        others.append(multiprocessing.Process(target=side, args=(core, theirs, steps, extra), daemon=True))
        ends.append(ours)
    for process in others:
        process.start()
    draw, found = random.Random(1), []
    try:
        for _ in range(pairs):
            spent = {}
            for index in draw.sample((0, 1), 2):
                ends[index].send(None)
                spent[index] = ends[index].recv()
            found.append([slow / plain for slow, plain in zip(spent[1], spent[0], strict=True)])
    finally:
        for process in others:
            process.kill()
            process.join()
    return median([wall for wall, _ in found]), median([cpu for _, cpu in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--pairs", type=int, default=60)
    asked = parser.parse_args()
    core = max(os.sched_getaffinity(0))
    table = [["ms of a call", *(f"{number} busy neighbours: wall, CPU" for number in NEIGHBOURS)]]
    for milliseconds in CALLS_MS:
        steps = steps_of(milliseconds)
        found = [ratios(core, steps, asked.share, number, asked.pairs) for number in NEIGHBOURS]
        table.append([str(milliseconds), *(f"{wall:.2f}x, {cpu:.2f}x" for wall, cpu in found)])
    print(markdown(table))


if __name__ == "__main__":
    main()
