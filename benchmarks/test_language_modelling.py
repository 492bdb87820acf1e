"""Language modelling: one timed call reads one prompt; generation with a cache is timed beside it."""

from collections.abc import Callable

import pytest

from fixtures.cases import Case
from reports.record import Record

pytestmark = [pytest.mark.task("language-modelling"), pytest.mark.batch(1)]


def test_language_modelling(case: Case, measure_case: Callable[[Case], Record]) -> None:
    measure_case(case)
