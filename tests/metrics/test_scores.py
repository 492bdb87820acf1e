"""Joining the results of several evaluators."""

import pytest

from fixtures.metrics import scores


def test_results_of_several_evaluators_are_joined():
    first = scores.result({"a": 1}, {"x": "why"}, {"predicted": [1]}, ["one"])
    second = scores.result({"b": 2}, warnings=["two"], at_chance=True)
    assert scores.merge(first, second) == {
        "measurements": {"a": 1, "b": 2},
        "absent": {"x": "why"},
        "outcomes": {"predicted": [1]},
        "warnings": ["one", "two"],
        "at_chance": True,
    }


def test_two_evaluators_cannot_give_the_same_number():
    with pytest.raises(ValueError, match="both give accuracy"):
        scores.merge(scores.result({"accuracy": 1}), scores.result({"accuracy": 2}))
