"""Image classification: one timed call is one image, the latency that an interactive user sees."""

from collections.abc import Callable

import pytest

from fixtures.cases import Case
from reports.record import Record

pytestmark = [pytest.mark.task("image-classification"), pytest.mark.batch(1)]


def test_image_classification(case: Case, measure_case: Callable[[Case], Record]) -> None:
    measure_case(case)
