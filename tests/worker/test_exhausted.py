"""What the libraries raise when memory runs out is known as that, also where a step gave it another sentence."""

import numpy as np
import pytest
import torch

from fixtures.errors import BenchmarkError, Unsupported
from fixtures.refusals import told_from_crashes
from fixtures.worker.exhausted import peak_reached, ran_out

TOO_MUCH = 2**58  # bytes: more than an address space


def raised(call):
    with pytest.raises((MemoryError, RuntimeError, BenchmarkError)) as found:
        call()
    return found.value


def in_a_step():
    with told_from_crashes("the library cannot quantize"):
        torch.empty(TOO_MUCH, dtype=torch.uint8)


@pytest.mark.parametrize(
    "call", [lambda: np.empty(TOO_MUCH, np.uint8), lambda: torch.empty(TOO_MUCH, dtype=torch.uint8), in_a_step]
)
def test_an_allocation_that_was_refused_is_told_with_the_peak(call):
    error = raised(call)
    assert ran_out(error), error
    assert "memory ran out: this process had reached " in peak_reached(error)


def test_another_crash_and_a_refusal_are_not():
    refused = Unsupported("the kernel cannot allocate memory for this shape")
    for error in (KeyError("memory"), BenchmarkError("no such layer"), refused):
        assert peak_reached(error) == ""
