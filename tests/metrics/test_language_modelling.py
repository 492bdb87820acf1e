"""Perplexity, bits per byte and divergence are what they are by hand."""

import json
import math

import numpy as np
import pytest

from fixtures.errors import PostconditionFailed
from fixtures.metrics import language_modelling as lm


def split(folder, labels, sizes, labelled=True):
    directory = folder / "test"
    directory.mkdir()
    np.save(directory / "labels.npy", labels)
    np.save(directory / "target_bytes.npy", sizes)
    np.save(directory / "groups.npy", np.arange(len(labels)))
    described = {"labelled": labelled, "reason": "" if labelled else "random weights", "context": 2, "stride": 1}
    (folder / "data.json").write_text(json.dumps(described))
    return directory


def logits_of(shares):
    """(1, tokens, vocabulary) whose softmax is `shares`."""
    return np.log(np.array(shares, np.float32))[None]


def test_a_row_holds_the_likelihood_of_the_label_the_top_token_and_the_divergence():
    labels = np.array([[-100, 1]])
    theirs = logits_of([[0.5, 0.5], [0.25, 0.75]])
    rows, kept = lm.condense(logits_of([[0.9, 0.1], [0.5, 0.5]]), labels, theirs[:, 1:])
    # only position 1 is scored: -ln .5; KL = .25 ln(.25/.5) + .75 ln(.75/.5)
    assert rows.shape == (1, 1, 3)
    assert rows[0, 0, lm.NLL] == pytest.approx(math.log(2))
    assert rows[0, 0, lm.KL] == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(1.5))
    assert kept.shape == (1, 1, 2)


def test_the_original_diverges_from_itself_by_nothing():
    labels, answer = np.array([[1, 0]]), logits_of([[0.9, 0.1], [0.3, 0.7]])
    _, kept = lm.condense(answer, labels, None)
    rows, _ = lm.condense(answer, labels, kept)
    assert rows[..., lm.KL].max() == 0


def test_logits_that_are_not_finite_fail():
    broken = logits_of([[0.5, 0.5]])
    broken[0, 0, 0] = np.nan
    with pytest.raises(PostconditionFailed, match="1 of 2 logits are NaN or infinite"):
        lm.condense(broken, np.array([[1]]), None)


def test_logits_for_other_tokens_fail():
    with pytest.raises(PostconditionFailed, match="expected logits for"):
        lm.condense(logits_of([[0.5, 0.5]]), np.array([[1, 0]]), None)


def rows_of(nll, top=1):
    rows = np.zeros((len(nll), 1, 3), np.float32)
    rows[:, 0, lm.NLL], rows[:, 0, lm.TOP] = nll, top
    return rows


def test_perplexity_and_bits_per_byte_by_hand(tmp_path):
    # nats 1, 2, 3 over three tokens of 2 bytes: exp(2), and 6 / ln 2 / 6 bits a byte
    directory = split(tmp_path, np.array([[0], [1], [2]]), np.full((3, 1), 2))
    found = lm.evaluate(rows_of([1, 2, 3]), None, directory)
    assert found["measurements"]["perplexity"]["value"] == pytest.approx(math.exp(2))
    assert found["measurements"]["bits_per_byte"]["value"] == pytest.approx(1 / math.log(2))
    assert found["measurements"]["perplexity"]["direction"] == "lower"
    assert "the original" in found["absent"]["kl_divergence"]


def test_a_higher_perplexity_is_worse_and_a_lower_one_better(tmp_path):
    directory = split(tmp_path, np.arange(400)[:, None], np.ones((400, 1), int))
    base = np.random.default_rng(0).uniform(1, 3, 400)
    for change, word in ((0.05, "worse"), (-0.05, "better"), (0.001, "same")):
        paired = lm.evaluate(rows_of(base + change), rows_of(base), directory)["measurements"]["perplexity"]["paired"]
        assert paired["verdict"] == word
        assert paired["relative"] == pytest.approx(math.exp(change) - 1, rel=1e-3)
        assert paired["difference"] == pytest.approx(math.exp(base.mean()) * (math.exp(change) - 1), rel=1e-3)
        assert paired["low"] <= paired["difference"] <= paired["high"]


def test_word_frequencies_alone_are_chance(tmp_path):
    # four labels, equally frequent: 4 is reached without any context
    directory = split(tmp_path, np.arange(40)[:, None] % 4, np.ones((40, 1), int))
    assert lm.unigram_perplexity(directory) == pytest.approx(4)
    assert lm.evaluate(rows_of(np.full(40, math.log(4))), None, directory)["at_chance"]
    assert not lm.evaluate(rows_of(np.linspace(0.1, 0.3, 40)), None, directory)["at_chance"]


def test_random_weights_have_agreement_but_no_perplexity(tmp_path):
    directory = split(tmp_path, np.arange(40)[:, None], np.zeros((40, 1), int), labelled=False)
    found = lm.evaluate(rows_of(np.ones(40), top=2), rows_of(np.ones(40), top=2), directory)
    assert found["absent"]["perplexity"] == "random weights"
    assert found["measurements"]["agreement_top1"]["value"] == 1
    assert "every prediction is the same token" in found["warnings"][0]


def test_the_note_of_running_text_says_how_it_was_read(tmp_path):
    directory = split(tmp_path, np.arange(40)[:, None] % 4, np.ones((40, 1), int))
    content = json.loads((tmp_path / "data.json").read_text())
    usual = lm.evaluate(rows_of(np.ones(40)), None, directory)["measurements"]["perplexity"]["note"]
    assert usual.startswith("n counts tokens, windows of 2 tokens every 1; ")
    (tmp_path / "data.json").write_text(json.dumps({**content, "context": 8, "stride": 8, "scored": "each read alone"}))
    note = lm.evaluate(rows_of(np.ones(40)), None, directory)["measurements"]["perplexity"]["note"]
    assert note.startswith("n counts tokens, each read alone; ")
