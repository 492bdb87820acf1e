"""What the gate's error rates are, by simulation: run by hand, a minute or two a noise level.

    python -m tests.gate_simulation [--runs 1000] [--cases 40] [--noise 1 3 5 10] [--processes 0 1.4] [--seed 0]

One time of a side = slowdown * exp(process + noise) + outlier: `noise` per cent of sd a call, autocorrelated (AR(1), .5); 5 %
of the calls are slower by an outlier of half-normal size (sd 50 %). `processes`: per cent of sd of the ratio of two processes
of one model, constant while they live. A pair is one time of each side. A run is `cases` cases; it is a false alarm when one of
them is called worse though nothing changed. Beside it, on the same samples: a gate that fails when the median grew by 10 %
(pytest-benchmark's `--benchmark-compare-fail=median:10%`).
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from reports.gate_statistics import (
    CONFIRMATION_PAIRS,
    CONFIRMATIONS,
    FAMILY_ALPHA,
    LOOKS,
    judge_sequential,
    next_step,
    per_case_alpha,
)
from reports.statistics import median

TOLERANCE = 0.03
AUTOCORRELATION = 0.5
OUTLIERS, OUTLIER_SD = 0.05, 0.5
MEDIAN_LIMIT = 0.10
SLOWDOWNS = (0.03, 0.05, 0.10, 0.15, 0.20)


@dataclass
class Source:
    """Draws interleaved pairs. `noise`, `processes`: sd of logarithms."""

    random: np.random.Generator
    noise: float
    processes: float
    slowdown: float
    drawn: list[tuple[float, float]] = field(default_factory=list)

    def pairs(self, count: int) -> list[float]:
        """Log ratios of `count` pairs of one fresh pair of processes; their times are kept in `drawn`."""
        sides = [self._times(count), self._times(count)]
        sides[0] *= 1 + self.slowdown
        self.drawn += list(zip(*(side.tolist() for side in sides), strict=True))
        return np.log(sides[0] / sides[1]).tolist()

    def _times(self, count: int) -> np.ndarray:
        fresh = self.random.standard_normal(count + 20)
        series = np.zeros(count + 20)
        for i in range(1, count + 20):
            series[i] = AUTOCORRELATION * series[i - 1] + fresh[i] * math.sqrt(1 - AUTOCORRELATION**2)
        hit = self.random.random(count) < OUTLIERS
        outliers = np.abs(self.random.standard_normal(count)) * OUTLIER_SD * hit
        process = self.processes / math.sqrt(2) * self.random.standard_normal()
        return np.exp(process + self.noise * series[20:] + outliers)


def case(source: Source, alpha: float) -> tuple[str, bool, int]:
    """(the gate's word, whether `median:10%` fails, pairs that the gate took)."""
    source.drawn.clear()
    stream = source.pairs(LOOKS[-1])
    times = list(source.drawn)
    step, taken = "more", 0
    for look in LOOKS:
        taken, step = look, next_step(stream[:look], TOLERANCE, alpha)
        if step != "more":
            break
    confirmations = [source.pairs(CONFIRMATION_PAIRS) for _ in range(CONFIRMATIONS)] if step == "confirm" else []
    word = judge_sequential(stream[:taken], confirmations, TOLERANCE, alpha).word
    now, before = (median([pair[side] for pair in times]) for side in (0, 1))
    return word, now > (1 + MEDIAN_LIMIT) * before, taken + CONFIRMATION_PAIRS * len(confirmations)


def upper_bound(failures: int, runs: int, confidence: float = 0.95) -> float:
    """Exact one-sided upper bound of a rate (Clopper and Pearson 1934), by bisection of the binomial tail."""
    low, high = failures / runs, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        tail = sum(math.comb(runs, k) * middle**k * (1 - middle) ** (runs - k) for k in range(failures + 1))
        low, high = (middle, high) if tail > 1 - confidence else (low, middle)
    return high


def false_alarms(options: argparse.Namespace, noise: float, processes: float, random: np.random.Generator) -> str:
    alpha = per_case_alpha(FAMILY_ALPHA, options.cases)
    ours = theirs = pairs = 0
    for _ in range(options.runs):
        results = [case(Source(random, noise, processes, 0.0), alpha) for _ in range(options.cases)]
        ours += any(word == "worse" for word, _, _ in results)
        theirs += any(red for _, red, _ in results)
        pairs += sum(taken for _, _, taken in results)
    bound = upper_bound(ours, options.runs)
    return (
        f"false alarms {ours} of {options.runs} runs of {options.cases} cases (95 % upper bound {bound:.2%}); "
        f"median:10% {theirs / options.runs:.1%}; pairs a case {pairs / options.runs / options.cases:.0f}"
    )


def detection(options: argparse.Namespace, noise: float, processes: float, random: np.random.Generator) -> str:
    alpha = per_case_alpha(FAMILY_ALPHA, options.cases)
    shown = []
    for slowdown in SLOWDOWNS:
        results = [case(Source(random, noise, processes, slowdown), alpha) for _ in range(options.detections)]
        ours = sum(word == "worse" for word, _, _ in results) / options.detections
        theirs = sum(red for _, red, _ in results) / options.detections
        shown.append(f"{slowdown:.0%}: {ours:.1%} ({theirs:.1%})")
    return "detected, median:10% in brackets: " + ", ".join(shown)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--detections", type=int, default=1000)
    parser.add_argument("--noise", type=float, nargs="+", default=[1, 3, 5, 10])
    parser.add_argument("--processes", type=float, nargs="+", default=[0, 1.4])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    rule = f"looks {LOOKS}, {CONFIRMATIONS} x {CONFIRMATION_PAIRS} pairs to confirm"
    print(f"tolerance {TOLERANCE:.0%}, family-wise alpha {FAMILY_ALPHA:.0%}, {rule}")
    for processes in options.processes:
        for noise in options.noise:
            random = np.random.default_rng([options.seed, round(noise * 10), round(processes * 10)])
            print(f"noise {noise:g} %, between processes {processes:g} %")
            print(f"  {false_alarms(options, noise / 100, processes / 100, random)}", flush=True)
            print(f"  {detection(options, noise / 100, processes / 100, random)}", flush=True)


if __name__ == "__main__":
    main()
