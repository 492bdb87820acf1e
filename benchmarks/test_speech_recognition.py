"""Speech recognition: one timed call is the whole transcript of one clip, from features to tokens."""

from collections.abc import Callable

import pytest

from fixtures.cases import Case
from reports.record import Record

pytestmark = [pytest.mark.task("speech-recognition"), pytest.mark.batch(1)]


def test_speech_recognition(case: Case, measure_case: Callable[[Case], Record]) -> None:
    measure_case(case)
