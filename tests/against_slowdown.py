"""Preloaded into workers by tests/gate_on_machine.py: extra work of a known share inside the timed region, as a slower kernel would be."""

from __future__ import annotations

import time
from typing import Any

from fixtures.worker import serve

serve.COMMANDS.update({"run": __name__, "slow_down": __name__})


def slow_down(state: dict[str, Any], share: float) -> dict[str, Any]:
    """From now on each call of this worker takes `share` longer."""
    state["slow_share"] = share
    return {}


def run(state: dict[str, Any]) -> dict[str, Any]:
    """One timed call; the core is kept busy for its share after the model has answered."""
    session, batch, share = state["session"], state["batch"], state.get("slow_share", 0.0)
    cpu = time.process_time_ns()
    began = time.perf_counter_ns()
    session.run(batch)
    until = began + (time.perf_counter_ns() - began) * (1 + share)
    while time.perf_counter_ns() < until:
        pass
    spent = time.perf_counter_ns() - began
    return {"ns": spent, "cpu_ns": time.process_time_ns() - cpu}
