"""One-dimensional k-means against results worked out by hand."""

import numpy as np

from fixtures.methods.clustered import decode, pack
from fixtures.methods.kmeans import cluster


def test_two_groups_get_their_means():
    # {1, 2} and {10, 11}: means 1.5 and 10.5
    codebook, indices = cluster(np.array([1, 10, 2, 11, 1, 10, 2, 11], np.float32), 2)
    assert codebook.tolist() == [1.5, 10.5]
    assert indices.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]


def test_few_distinct_values_are_kept_exactly():
    values = np.array([3, -1, 3, 7, -1], np.float32)
    codebook, indices = cluster(values, 16)
    assert codebook[indices].tolist() == values.tolist()


def test_zeros_of_a_pruned_tensor_stay_zero():
    random = np.random.default_rng(0)
    values = random.standard_normal(10000).astype(np.float32)
    values[np.abs(values) < 0.6] = 0
    codebook, indices = cluster(values, 16)
    assert len(codebook) == 16
    assert np.array_equal(codebook[indices] == 0, values == 0)


def test_every_value_goes_to_its_nearest_centroid_and_every_centroid_is_the_mean_of_its_values():
    values = np.random.default_rng(1).standard_normal(5000).astype(np.float32)
    codebook, indices = cluster(values, 16)
    assert np.array_equal(indices, np.abs(values[:, None] - codebook[None]).argmin(axis=1))
    means = [values[indices == index].mean() for index in range(16)]
    np.testing.assert_allclose(codebook, means, atol=1e-3)


def test_the_error_is_near_that_of_the_optimal_quantizer():
    # Lloyd-Max for a normal distribution (Max 1960, https://doi.org/10.1109/TIT.1960.1057548): .009497 for 16 levels; for 256 the asymptote
    # of Panter and Dite, sqrt(3) pi / 2 / 256^2 = 4.15e-5.
    values = np.random.default_rng(3).standard_normal(200000).astype(np.float32)
    for centroids, optimal in ((16, 0.009497 * values.var()), (256, 4.15e-5)):
        codebook, indices = cluster(values, centroids)
        assert np.square(codebook[indices] - values).mean() < 1.02 * optimal


def test_more_centroids_never_fit_worse():
    values = np.random.default_rng(2).standard_t(3, 20000).astype(np.float32)
    errors = []
    for centroids in (2, 4, 16, 64, 256):
        codebook, indices = cluster(values, centroids)
        errors.append(float(np.square(codebook[indices] - values).sum()))
    assert errors == sorted(errors, reverse=True)


def test_indices_are_packed_two_a_byte_and_an_odd_count_comes_back():
    import torch

    packed = pack(np.array([1, 15, 7], np.uint8), 4)
    assert packed.tolist() == [1 + 15 * 16, 7]
    codebook = torch.arange(16, dtype=torch.float32)
    state = {"w.codebook": codebook, "w.indices": torch.from_numpy(packed)}
    assert decode(state, {"clustered": {"w": [3, 1]}, "bits": 4})["w"].tolist() == [[1.0], [15.0], [7.0]]
