"""An algorithm's row is compared with that of the method without its idea, window by window."""

import math

import pytest

from reports import notes, paired_quality
from reports.conclusions_choose import loss
from reports.record import Measurement, Record


def outcomes(nats, tokens=100):
    return {"nll_micro": [round(value * tokens * 1e6) for value in nats], "tokens": [tokens] * len(nats)}


BASE = [2.0 + 0.01 * (number % 17) for number in range(80)]


def test_log_perplexity_by_hand():
    # one percent of a nat less in every window: log perplexity is .01 better
    found = paired_quality.compare(outcomes([value - 0.01 for value in BASE]), outcomes(BASE))
    assert found.metric == "log perplexity"
    assert found.difference == pytest.approx(0.01)
    assert (found.low, found.high) == (pytest.approx(0.01), pytest.approx(0.01))
    assert found.p == pytest.approx(1e-4)


def test_the_same_answers_differ_by_nothing():
    found = paired_quality.compare(outcomes(BASE), outcomes(BASE))
    assert (found.difference, found.p) == (0, 1)


def test_windows_that_cancel_out_are_no_difference():
    mixed = [value + (0.01 if number % 2 else -0.01) for number, value in enumerate(BASE)]
    found = paired_quality.compare(outcomes(mixed), outcomes(BASE))
    assert found.difference == pytest.approx(0, abs=1e-9)
    assert found.low < 0 < found.high
    assert found.p > 0.5


def test_other_tokens_are_not_compared():
    assert paired_quality.compare(outcomes(BASE, 100), outcomes(BASE, 90)) is None


def record(method, nats, counterpart="", run="r", paired=None):
    value = math.exp(sum(nats) / len(nats))
    return Record(
        task="language-modelling",
        model="m",
        method=method,
        device="cpu",
        status="measured",
        reason="",
        run_id=run,
        environment={},
        measurements={"perplexity": Measurement(value, "1", "lower", "quality", len(nats), primary=True, paired=paired)},
        outcomes=outcomes(nats),
        conditions={"counterpart": counterpart} if counterpart else {},
    )


def test_the_verdict_stands_below_the_table():
    rows = [record("rtn", BASE), record("gptq", [value - 0.02 for value in BASE], "rtn")]
    (line,) = notes.counterparts(rows, "en")
    assert line.startswith("m, gptq against rtn on the same items: better, log perplexity +2.00 % [+2.00 %, +2.00 %]")
    (russian,) = notes.counterparts(rows, "ru")
    assert "против rtn" in russian


def test_a_difference_within_the_margin_is_not_called_one():
    rows = [record("rtn", BASE), record("gptq", [value - 0.001 for value in BASE], "rtn")]
    (line,) = notes.counterparts(rows, "en")
    assert "on the same items: same" in line


def test_rows_of_another_run_or_without_the_counterpart_are_not_compared():
    assert list(notes.counterparts([record("gptq", BASE, "rtn")], "en")) == []
    assert list(notes.counterparts([record("rtn", BASE, run="other"), record("gptq", BASE, "rtn")], "en")) == []


def test_the_loss_of_perplexity_is_in_percent_of_the_original():
    # 25 to 25.5: 2 %, not 50 points; its worst end 26: 4 %
    paired = {"difference": 0.5, "low": 0.1, "high": 1.0, "relative": 0.02, "verdict": "worse"}
    assert loss(record("gptq", BASE, paired=paired)) == (pytest.approx(2.0), pytest.approx(4.0))
