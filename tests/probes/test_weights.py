"""The tally of stored weights, worked out by hand."""

import numpy as np

from fixtures.probes.weights import FEW, Tally, count_distinct


def bits(values: np.ndarray) -> float:
    tally = Tally()
    tally.parameter("w", "float32", values)
    return tally.theoretical_bits


def test_dense_weights_are_worth_their_own_bits():
    values = np.random.default_rng(0).standard_normal((100, 100)).astype(np.float32)
    assert bits(values) == 10000 * 32


def test_pruned_weights_are_worth_a_mask_and_the_rest():
    values = np.random.default_rng(0).standard_normal((100, 100)).astype(np.float32)
    values.flat[:8000] = 0
    assert bits(values) == 2000 * 32 + 10000


def test_clustered_weights_are_worth_their_indices_and_codebook():
    values = np.random.default_rng(0).integers(0, 16, (100, 100)).astype(np.float32) + 0.5
    assert bits(values) == 10000 * 4 + 16 * 32


def test_vectors_are_counted_dense_and_never_as_zeros():
    tally = Tally()
    tally.parameter("bias", "float32", np.zeros(10, np.float32))
    tally.parameter("w", "float32", np.array([[0.0, 1.0], [2.0, 3.0]], np.float32))
    report = tally.report()
    assert report["zero_share"] == 0.25
    assert report["parameters"] == 14
    assert report["matrix_parameters"] == 4
    assert report["unique_max"] == 4


def test_distinct_values_are_exact_where_they_are_few_and_marked_where_not():
    values = np.arange(10**6, dtype=np.float32)
    found, exact = count_distinct(values)
    assert not exact
    assert found > FEW
    assert count_distinct(values % 300) == (300, True)


def test_masks_are_found_by_name():
    tally = Tally()
    tally.parameter("layer.weight_orig", "float32", np.ones((2, 2), np.float32))
    assert tally.report()["mask_tensors"] == ["layer.weight_orig"]
