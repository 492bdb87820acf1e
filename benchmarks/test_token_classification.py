"""Token classification: one timed call is one sentence, padded to the model's sequence length."""

from collections.abc import Callable

import pytest

from fixtures.cases import Case
from reports.record import Record

pytestmark = [pytest.mark.task("token-classification"), pytest.mark.batch(1)]


def test_token_classification(case: Case, measure_case: Callable[[Case], Record]) -> None:
    measure_case(case)
