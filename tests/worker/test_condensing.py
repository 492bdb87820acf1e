"""Logits of the original are kept for the divergence, on disk and never together in memory."""

from __future__ import annotations

import tracemalloc

import numpy as np

from fixtures.worker.condensing import condensed, kept_logits

CONDENSE = "fixtures.metrics.language_modelling:condense"
WINDOWS, TOKENS, VOCABULARY = 40, 4, 5000


def answers():
    for start in range(0, WINDOWS, 2):
        yield np.random.default_rng(start).normal(size=(2, TOKENS, VOCABULARY)).astype(np.float32)


def condense(tmp_path, name, reference=None):
    return condensed(answers(), WINDOWS, tmp_path, tmp_path / name, CONDENSE, reference)


def test_the_originals_scored_logits_are_on_disk_and_later_rows_are_compared_with_them(tmp_path):
    labels = np.zeros((WINDOWS, TOKENS), np.int64)
    labels[:, 0] = -100
    np.save(tmp_path / "labels.npy", labels)
    original = condense(tmp_path, "original.npy")
    whole = np.concatenate(list(answers()))
    assert (np.load(kept_logits(tmp_path / "original.npy")) == whole[:, 1:]).all()
    again = condense(tmp_path, "again.npy", str(tmp_path / "original.npy"))
    assert original.shape == again.shape == (WINDOWS, TOKENS - 1, 3)
    assert (again == original).all()  # it diverges from itself by nothing
    assert not kept_logits(tmp_path / "again.npy").exists()


def test_memory_holds_a_few_batches_of_logits(tmp_path):
    np.save(tmp_path / "labels.npy", np.zeros((WINDOWS, TOKENS), np.int64))
    batch = 2 * TOKENS * VOCABULARY * 4
    tracemalloc.start()
    condense(tmp_path, "original.npy")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * batch  # of 20; the likelihoods of one window are in float64
