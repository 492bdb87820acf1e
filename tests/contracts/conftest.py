"""What waits a minute for a C++ compiler runs only when it is asked for: `pytest tests/contracts -m compiles`.

Not an `-m` among pyproject's options: every run of the suite would then count as narrowed, and the gate would miss vanished cases.
"""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "compiles" in (config.option.markexpr or ""):
        return
    left_out = [item for item in items if item.get_closest_marker("compiles")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
