"""The tagger's metrics, by hand and against seqeval."""

import json

import numpy as np
import pytest

from fixtures.metrics import sequence_labelling
from reports.record import Measurement

NAMES = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def split(path, labels=None, names=NAMES, **described):
    directory = path / "test"
    directory.mkdir()
    (path / "data.json").write_text(json.dumps({"labels": names, **described}), encoding="utf-8")
    if labels is not None:
        np.save(directory / "labels.npy", np.asarray(labels))
    return directory


def logits(tags):
    return np.eye(len(NAMES), dtype=np.float32)[np.asarray(tags)] * 3


def corpus(sentences, seed=0):
    """(n, 12) random IOB2 tags with -100 where no word starts, and the same corrupted in a tenth of the positions."""
    generator = np.random.default_rng(seed)
    true = np.zeros((sentences, 12), np.int64)
    for row in true:
        for start in (1, 5, 9):
            kind = generator.choice([0, 1, 3])
            row[start : start + 2] = (kind, kind + 1) if kind else (0, 0)
    noisy = np.where(generator.random(true.shape) < 0.1, generator.integers(0, 5, true.shape), true)
    labels = true.copy()
    labels[:, [0, 11]] = -100
    return labels, true, noisy


def test_metrics_match_a_hand_worked_example(tmp_path):
    # sentence 1: PER(0-1), LOC(3); found PER(0-1), LOC(3)      -> 2 right
    # sentence 2: PER(0);           found LOC(0), PER(2)        -> 0 right, 2 wrong, 1 missed
    # precision 2/4, recall 2/3, F1 2*2/(4+3) = 4/7; tokens: 4 of 4 and 1 of 3 (position 3 is ignored) -> 5/7
    labels = [[1, 2, 0, 3], [1, 0, 0, -100]]
    predicted = [[1, 2, 0, 3], [3, 0, 1, 4]]
    result = sequence_labelling.evaluate(logits(predicted), None, split(tmp_path, labels))
    found = {name: fields["value"] for name, fields in result["measurements"].items()}
    assert found == pytest.approx(
        {"precision_entity": 2 / 4, "recall_entity": 2 / 3, "f1_entity": 4 / 7, "token_accuracy": 5 / 7}
    )
    assert result["outcomes"] == {"tp": [2, 0], "fp": [0, 2], "fn": [0, 1]}
    assert {name: fields["n"] for name, fields in result["measurements"].items()}["f1_entity"] == 2
    assert result["measurements"]["token_accuracy"]["n"] == 7


def test_the_headline_is_seqevals_and_the_counts_reproduce_it(tmp_path):
    from seqeval.metrics import f1_score

    labels, _, noisy = corpus(80)
    result = sequence_labelling.evaluate(logits(noisy), None, split(tmp_path, labels))
    true, guess = (sequence_labelling.tags(ids, labels, NAMES) for ids in (labels, noisy))
    assert result["measurements"]["f1_entity"]["value"] == f1_score(true, guess)
    sums = [sum(result["outcomes"][name]) for name in ("tp", "fp", "fn")]
    assert 2 * sums[0] / (2 * sums[0] + sums[1] + sums[2]) == pytest.approx(f1_score(true, guess))


def test_entities_counted_another_way_than_seqeval_are_noticed(tmp_path, monkeypatch):
    labels, _, noisy = corpus(20)
    right = sequence_labelling.counts
    monkeypatch.setattr(sequence_labelling, "counts", lambda true, guess: right(true, guess) + np.array([1, 0, 0, 0, 0]))
    with pytest.raises(AssertionError, match="seqeval says"):
        sequence_labelling.evaluate(logits(noisy), None, split(tmp_path, labels))


def test_identical_predictions_are_the_same(tmp_path):
    labels, _, noisy = corpus(60)
    result = sequence_labelling.evaluate(logits(noisy), logits(noisy), split(tmp_path, labels))
    for fields in result["measurements"].values():
        Measurement(**fields)
        assert (fields["paired"]["difference"], fields["paired"]["verdict"]) == (0, "same")


def test_the_verdict_names_the_better_and_the_worse_tagger(tmp_path):
    labels, true, noisy = corpus(150)
    directory = split(tmp_path, labels)
    worse = sequence_labelling.evaluate(logits(noisy), logits(true), directory)["measurements"]["f1_entity"]
    better = sequence_labelling.evaluate(logits(true), logits(noisy), directory)["measurements"]["f1_entity"]
    assert (worse["paired"]["verdict"], better["paired"]["verdict"]) == ("worse", "better")
    assert worse["paired"]["difference"] == pytest.approx(-better["paired"]["difference"])
    assert worse["low"] < worse["value"] < worse["high"]


def test_a_tagger_that_guesses_is_at_chance(tmp_path):
    labels, true, _ = corpus(100)
    directory = split(tmp_path, labels)
    guessed = np.random.default_rng(1).integers(0, 5, true.shape)
    assert sequence_labelling.evaluate(logits(guessed), None, directory)["at_chance"]
    assert sequence_labelling.evaluate(logits(np.zeros_like(true)), None, directory)["at_chance"]
    assert not sequence_labelling.evaluate(logits(true), None, directory)["at_chance"]


def test_without_labels_quality_is_absent_with_the_data_sets_reason(tmp_path):
    result = sequence_labelling.evaluate(logits([[0, 1]]), None, split(tmp_path, reason="random weights"))
    assert result["absent"] == dict.fromkeys(sequence_labelling.QUALITY, "random weights")
