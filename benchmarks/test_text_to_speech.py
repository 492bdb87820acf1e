"""Text to speech: one timed call scores one phrase with its frames given; speaking is timed beside it."""

from collections.abc import Callable

import pytest

from fixtures.cases import Case
from reports.record import Record

pytestmark = [pytest.mark.task("text-to-speech"), pytest.mark.batch(1)]


def test_text_to_speech(case: Case, measure_case: Callable[[Case], Record]) -> None:
    measure_case(case)
