"""What holds for every registered runtime: a new file in fixtures/runtimes/ is tested here without an edit."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from fixtures.errors import Unavailable, Unsupported
from fixtures.registry import Runtime
from tests import tiny
from tests.building import builder, catalog

RUNTIMES = list(catalog().runtimes.values())
COMPILED = ("aotinductor", "torch-compile")  # see test_methods.py
HERE = [  # those of other environments have a smoke benchmark each (tox.ini)
    pytest.param(runtime, id=runtime.name, marks=[pytest.mark.compiles] if runtime.name in COMPILED else [])
    for runtime in RUNTIMES
    if runtime.environment == "core"
]
# What the audit and the table read from every session (fixtures/registry.py, Session).
FACTS = {"runtime", "version", "provider", "device", "dtype", "threads", "op_counts", "share_on_device"}
WEIGHTS = {"dtypes", "parameters", "zero_share", "unique_max", "mask_tensors", "theoretical_bits"}


def opened(runtime: Runtime, threads: int = 1):
    """(a session of the shortest pipeline that ends in this runtime, its task), or None where this machine lacks what it needs."""
    ours = [method for method in catalog().methods.values() if method.runtime == runtime.name]
    for method in sorted(ours, key=lambda method: len(method.steps)):
        for task in (*tiny.TASKS, tiny.LANGUAGE):
            if task in (method.tasks or tiny.TASKS) and task not in method.unsupported:
                try:
                    return runtime.open(builder().artifact(method, task), "cpu", threads), task
                except Unsupported:
                    continue
                except Unavailable:
                    return None
    raise AssertionError(f"no method builds anything that {runtime.name} opens")


@pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda runtime: runtime.name)
def test_a_runtime_is_documented_says_what_it_needs_and_is_used_by_a_method(runtime):
    assert import_module(runtime.open.__module__).__doc__
    assert runtime.formats
    assert runtime.needs
    assert any(
        method.runtime == runtime.name and method.environment == runtime.environment for method in catalog().methods.values()
    )


@pytest.mark.slow
@pytest.mark.parametrize("runtime", HERE)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_session_says_what_really_runs(runtime, threads):
    if (found := opened(runtime, threads)) is None:
        return
    session, task = found
    session.run(session.prepare(tiny.inputs(task, 1, 0)))
    facts, weights = session.facts(), session.weights()
    assert set(facts) >= FACTS
    assert set(weights) >= WEIGHTS
    assert (facts["device"], facts["threads"]) == ("cpu", threads)
    assert weights["parameters"] > 0
    assert weights["mask_tensors"] == []


@pytest.mark.slow
@pytest.mark.parametrize("runtime", HERE)
def test_a_session_answers_the_same_whatever_ran_before_and_whoever_stands_beside(runtime):
    if (found := opened(runtime)) is None:
        return
    session, task = found
    batch = tiny.inputs(task, 8, 3)
    kept = {name: array.copy() for name, array in batch.items()}
    prepared = session.prepare(batch)
    first = session.to_numpy(session.run(prepared)).copy()
    session.run(session.prepare(tiny.inputs(task, 2, 4)))
    assert np.array_equal(session.to_numpy(session.run(prepared)), first)
    assert all(np.array_equal(batch[name], kept[name]) for name in batch)
    alone = session.to_numpy(session.run(session.prepare({name: array[:1] for name, array in batch.items()})))
    assert (first.dtype, len(first), len(alone)) == (np.dtype("float32"), 8, 1)
    # A batch is another order of summation, and one more rounding where weights are stored in 16 bits or fewer.
    assert np.abs(alone[0] - first[0]).max() <= 1e-3 * (1 + np.abs(first[0]).max())
