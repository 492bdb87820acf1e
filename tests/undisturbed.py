"""pytest plugin of tests (`-p tests.undisturbed`): no pair is left out for what the machine did meanwhile.

How disturbed pairs are treated is tested with known snapshots. A test of whole runs that needed the pairs of a quiet machine would fail on a
shared one, where the hypervisor may take a tick from every pair.
"""

from __future__ import annotations

from fixtures.probes import conditions

conditions.taint = lambda before, after: None  # type: ignore[assignment]
