"""What a worker does with a split of evaluation data."""

from __future__ import annotations

import numpy as np
import pytest

from fixtures.worker.session import affordable


@pytest.mark.parametrize(
    ("shape", "most_bytes", "batch"), [((9, 3, 4, 4), 0, 32), ((9, 3, 4, 4), 800, 4), ((9, 3, 4, 4), 100, 1), ((9, 1), 800, 32)]
)
def test_a_batch_of_answers_holds_no_more_than_the_tasks_bytes_and_at_least_one_sample(shape, most_bytes, batch):
    inputs = {"pixel_values": np.zeros(shape, np.float32)}
    assert affordable(inputs, 32, most_bytes) == batch
