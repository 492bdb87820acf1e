"""A worker that all rows share dies in the middle of a run: one row fails with a sentence, the next ones go on with a new one."""

import os
import re
import signal
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures import registry
from fixtures.bench import Bench
from fixtures.cases import select
from fixtures.measure import measure
from fixtures.options import Options
from tests.end_to_end.suite import CATALOG

pytestmark = pytest.mark.slow


class Benchmark:
    disabled = False

    def pedantic(self, target, setup, teardown, rounds, iterations):
        for _ in range(rounds):
            setup()
            target()
            teardown()


@pytest.fixture
def bench(tmp_path):
    catalog = Path(CATALOG)
    options = Options(
        ("tiny-text",), ("original",), devices=("cpu",), catalogs=(catalog,), threads=1, cache_dir=tmp_path, case_seconds=0.2
    )
    running = Bench(registry.load((catalog,)), options)
    running.results = SimpleNamespace(run_id="run")
    yield running
    running.close()


def test_a_parent_that_cannot_fork_is_said_of_the_run_and_needs_no_results(bench, monkeypatch):
    monkeypatch.setattr("fixtures.worker.parent.Nursery.slow_start", lambda parent: "each worker imports anew")
    del bench.results  # a side of --against has none of its own
    bench.worker("one", ("numpy",)).close()
    assert bench.warnings == ["each worker imports anew"]


def test_a_dead_scorer_and_a_dead_original_each_cost_one_row(bench):
    (case,) = select(bench.registry, bench.options)
    other = replace(case, method=replace(case.method, name="again"))
    assert measure(case, bench, Benchmark()).status == "measured"

    def row_after_killing(pid):
        os.kill(pid, signal.SIGKILL)
        return measure(other, bench, Benchmark())

    for pid in (lambda: bench._scorer.pid, lambda: bench._reference[1].worker.pid):
        killed = row_after_killing(pid())
        assert killed.status == "failed"
        assert re.search("killed by SIGKILL", killed.reason), killed.reason
        assert measure(other, bench, Benchmark()).status == "measured"
