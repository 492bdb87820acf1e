"""Token classification: one timed call is one sentence, padded to the model's sequence length."""

import pytest

pytestmark = [pytest.mark.task("token-classification"), pytest.mark.batch(1)]


def test_token_classification(case, measure_case):
    measure_case(case)
