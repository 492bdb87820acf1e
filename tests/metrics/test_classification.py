"""The classifier's metrics, by hand and against scikit-learn."""

import json

import numpy as np
import pytest

from fixtures.errors import PostconditionFailed
from fixtures.metrics import classification
from reports.record import Measurement


def split(path, labels=None, groups=None, **described):
    directory = path / "test"
    directory.mkdir()
    (path / "data.json").write_text(json.dumps(described), encoding="utf-8")
    if labels is not None:
        np.save(directory / "labels.npy", np.asarray(labels))
    if groups is not None:
        np.save(directory / "groups.npy", np.asarray(groups))
    return directory


def logits(predicted, classes):
    return np.eye(classes, dtype=np.float32)[np.asarray(predicted)] * 4


def value(result, name):
    return result["measurements"][name]["value"]


def test_metrics_match_a_hand_worked_example(tmp_path):
    # labels 0 0 0 1 1 2, predicted 0 0 1 1 1 0
    #   class 0: 2 right, 3 predicted, 3 true -> precision 2/3, recall 2/3, F1 2/3
    #   class 1: 2 right, 3 predicted, 2 true -> precision 2/3, recall 1,   F1 4/5
    #   class 2: 0 right, 0 predicted, 1 true -> precision 0,   recall 0,   F1 0
    result = classification.evaluate(logits([0, 0, 1, 1, 1, 0], 3), None, split(tmp_path, [0, 0, 0, 1, 1, 2]))
    assert value(result, "accuracy") == pytest.approx(4 / 6)
    assert value(result, "precision_macro") == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert value(result, "recall_macro") == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert value(result, "f1_macro") == pytest.approx((2 / 3 + 4 / 5 + 0) / 3)
    assert result["outcomes"] == {"predicted": [0, 0, 1, 1, 1, 0], "correct": [1, 1, 0, 1, 1, 0]}


def test_metrics_agree_with_scikit_learn(tmp_path):
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    generator = np.random.default_rng(3)
    labels = generator.integers(0, 7, 500)
    outputs = generator.standard_normal((500, 9)).astype(np.float32) + logits(labels, 9) * 0.4
    result = classification.evaluate(outputs, None, split(tmp_path, labels))
    predicted = outputs.argmax(1)
    expected = precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    found = [value(result, name) for name in ("precision_macro", "recall_macro", "f1_macro")]
    assert found == pytest.approx(expected[:3])
    assert value(result, "accuracy") == pytest.approx(accuracy_score(labels, predicted))


def test_every_measurement_is_a_valid_record_entry_with_n_and_an_interval(tmp_path):
    labels = np.arange(300) % 3
    result = classification.evaluate(
        logits(np.where(np.arange(300) % 10 == 0, 0, labels), 3), logits(labels, 3), split(tmp_path, labels)
    )
    for fields in result["measurements"].values():
        entry = Measurement(**fields)
        assert entry.n == 300
        assert entry.low < entry.value < entry.high
        assert entry.role == "quality"
    primary = [name for name, fields in result["measurements"].items() if fields["primary"]]
    assert primary == ["f1_macro", "precision_macro", "recall_macro"]  # the headline first
    json.dumps(result)


def test_identical_predictions_are_the_same(tmp_path):
    labels = np.arange(100) % 5
    outputs = np.random.default_rng(0).standard_normal((100, 5)).astype(np.float32) + logits(labels, 5) * 0.3
    result = classification.evaluate(outputs, outputs.copy(), split(tmp_path, labels))
    for name in classification.QUALITY:
        paired = result["measurements"][name]["paired"]
        assert (paired["difference"], paired["low"], paired["high"], paired["p"]) == (0, 0, 0, 1)
        assert paired["verdict"] == "same"


def test_accuracy_is_judged_by_the_exact_mcnemar_test(tmp_path):
    # 100 samples, the original right everywhere, the candidate wrong on 6: p = 2 / 2**6 = .03125, difference -.06: worse.
    labels = np.arange(100) % 2
    wrong = labels.copy()
    wrong[:6] = 1 - wrong[:6]
    paired = classification.evaluate(logits(wrong, 2), logits(labels, 2), split(tmp_path, labels))["measurements"]["accuracy"][
        "paired"
    ]
    assert paired["p"] == pytest.approx(2 / 2**6)
    assert paired["difference"] == pytest.approx(-0.06)
    assert paired["verdict"] == "worse"


def test_five_discordant_samples_are_not_enough_for_a_verdict(tmp_path):
    # p = 2 / 2**5 = .0625 for accuracy; the permutation test of F1 must not be more certain than the exact one.
    labels = np.arange(100) % 2
    wrong = labels.copy()
    wrong[:5] = 1 - wrong[:5]
    measured = classification.evaluate(logits(wrong, 2), logits(labels, 2), split(tmp_path, labels))["measurements"]
    assert measured["accuracy"]["paired"]["verdict"] == "unsure"
    assert measured["f1_macro"]["paired"]["verdict"] == "unsure"


def test_the_better_side_is_named(tmp_path):
    labels = np.arange(200) % 4
    bad = labels.copy()
    bad[:40] = (bad[:40] + 1) % 4
    measured = classification.evaluate(logits(labels, 4), logits(bad, 4), split(tmp_path, labels))["measurements"]
    assert {measured[name]["paired"]["verdict"] for name in classification.QUALITY} == {"better"}


def test_samples_of_one_group_count_once(tmp_path):
    # 6 groups of 50 copies: the candidate loses one whole group. As 50 single samples that is certain, as 1 group of 6 it is nothing.
    labels = np.tile([0, 1], 150)
    groups = np.repeat(np.arange(6), 50)
    wrong = np.where(groups == 0, 1 - labels, labels)
    measured = classification.evaluate(logits(wrong, 2), logits(labels, 2), split(tmp_path, labels, groups))["measurements"]
    assert measured["accuracy"]["paired"]["verdict"] == "unsure"
    assert "McNemar" not in measured["accuracy"]["paired"]["test"]
    assert measured["accuracy"]["low"] < 0.7


def test_a_constant_classifier_is_at_chance_and_a_trained_one_is_not(tmp_path):
    # 3 classes, shares 1/2 1/4 1/4: always class 0 has F1 2/3 there, 0 elsewhere -> macro 2/9. Uniform guesses: mean of
    # 2 p q / (p + q) with q = 1/3 is (.4 + 2 * 2/7) / 3 = .3238, the better guesser.
    labels = np.array([0, 0, 1, 2] * 50)
    directory = split(tmp_path, labels)
    assert classification.chance_levels(np.array([0.5, 0.25, 0.25])) == pytest.approx(
        {"accuracy": 0.5, "f1_macro": (0.4 + 4 / 7) / 3}
    )
    constant = classification.evaluate(logits(np.zeros(200, int), 3), None, directory)
    assert constant["at_chance"]
    assert "not better than guessing" in constant["warnings"][0]
    assert not classification.evaluate(logits(labels, 3), None, directory)["at_chance"]


def test_a_perfect_score_still_has_an_interval(tmp_path):
    # Rule of three: 60 of 60 right excludes with 95 % only shares under 1 - 3/60.
    labels = np.arange(60) % 3
    found = classification.evaluate(logits(labels, 3), None, split(tmp_path, labels))["measurements"]["f1_macro"]
    assert (found["low"], found["high"]) == (pytest.approx(0.95), 1.0)


def test_without_labels_quality_is_absent_with_the_data_sets_reason(tmp_path):
    result = classification.evaluate(logits([0, 1], 2), None, split(tmp_path, reason="random weights"))
    assert result["absent"] == dict.fromkeys(classification.QUALITY, "random weights")
    assert result["measurements"] == {}
    assert not result["at_chance"]


def test_logits_that_overflowed_are_refused_with_their_number(tmp_path):
    outputs = logits([0, 1, 1], 2)
    outputs[0, 0], outputs[2, 1] = np.nan, np.inf
    with pytest.raises(PostconditionFailed, match="2 of 6 logits are NaN or infinite"):
        classification.evaluate(outputs, None, split(tmp_path, [0, 1, 1]))


def test_another_number_of_labels_is_refused(tmp_path):
    with pytest.raises(PostconditionFailed, match="labels.npy"):
        classification.evaluate(logits([0, 1], 2), None, split(tmp_path, [0, 1, 1]))
