"""Image classification: one timed call is one image, the latency that an interactive user sees."""

import pytest

pytestmark = [pytest.mark.task("image-classification"), pytest.mark.batch(1)]


def test_image_classification(case, measure_case):
    measure_case(case)
