"""Row groups, attention alone, int8 codebooks, kept zeros and what entropy coding makes of the indices."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from fixtures import artifact as artifacts
from fixtures.errors import ArtifactCorrupted, PostconditionFailed, Unsupported, UsageError
from fixtures.methods import clustered, clustering, clustering_codebook, zstd
from fixtures.models import torch_format
from fixtures.probes import entropy
from fixtures.probes.audit import audit
from tests import tiny
from tests.building import builder, catalog, session

TEXT, IMAGE = tiny.TASKS[1], tiny.TASKS[0]
METHODS = catalog().methods
NAME = "bert.encoder.layer.0.intermediate.dense.weight"


def evidence(method: str, task: str = TEXT) -> dict:
    made, before = builder().artifact(METHODS[method], task), builder().original(task)
    step = METHODS[method].steps[-1]
    source = (
        before if len(METHODS[method].steps) == 1 else builder().artifact(METHODS[method.removesuffix("-int8-codebook")], task)
    )
    return dict(step.check(source, made, step.params))


@pytest.mark.parametrize(("bits", "values"), [(2, [3, 0, 1, 2, 1]), (4, [15, 0, 9]), (8, [255, 1])])
def test_packed_indices_come_back(bits, values):
    packed = clustered.pack(np.array(values, np.uint8), bits)
    assert len(packed) == -(-len(values) * bits // 8)
    assert clustered.unpack(torch.from_numpy(packed), bits, len(values)).tolist() == values


def test_four_values_take_two_bits_each():
    # 0 1 2 3 from the low end: 0 + 1 * 4 + 2 * 16 + 3 * 64 = 228
    assert clustered.pack(np.array([0, 1, 2, 3], np.uint8), 2).tolist() == [228]
    stored = torch_format.read_state(builder().artifact(METHODS["cluster4"], TEXT))
    weight = torch_format.read_state(builder().original(TEXT))[NAME]
    assert stored[f"{NAME}.indices"].numel() == weight.numel() // 4


def test_every_group_of_rows_has_its_own_codebook_and_is_closer():
    made = builder().artifact(METHODS["cluster16-rows16"], TEXT)
    stored = torch_format.read_state(made)
    before = torch_format.read_state(builder().original(TEXT))
    rows = before[NAME].shape[0]
    assert stored[f"{NAME}.codebook"].shape == (rows // 16, 16)
    dense = clustered.decode(stored, made.attributes)[NAME]
    for start in range(0, rows, 16):
        assert set(dense[start : start + 16].flatten().tolist()) <= set(stored[f"{NAME}.codebook"][start // 16].tolist())
    assert len(dense.unique()) > 16
    assert evidence("cluster16-rows16")["relative_squared_error"] < evidence("cluster16")["relative_squared_error"]


def test_rows_that_no_group_fills_are_clustered_too():
    values = torch.randn(5, 30, generator=torch.Generator().manual_seed(0))
    codebook, indices = clustering.cluster_rows(values.numpy(), 4, 2)
    state = {"w.codebook": torch.from_numpy(codebook), "w.indices": torch.from_numpy(clustered.pack(indices, 2))}
    dense = clustered.decode(state, {"clustered": {"w": [5, 30]}, "bits": 2, "rows": 2})["w"]
    assert codebook.shape == (3, 4)
    assert (dense - values).square().mean() < 0.2 * values.var()


def test_attention_alone_leaves_the_rest_as_it_was():
    made = builder().artifact(METHODS["cluster-attention16"], TEXT)
    before, stored = torch_format.read_state(builder().original(TEXT)), torch_format.read_state(made)
    assert set(made.attributes["clustered"]) == {name for name in before if ".attention." in name and before[name].ndim == 2}
    assert torch.equal(stored[NAME], before[NAME])


def test_a_model_without_attention_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(clustering, "ATTENTION", clustering.re.compile("nothing"))
    with pytest.raises(Unsupported, match="no weight of this model .* is named as one of attention"):
        tiny.run_step(METHODS["cluster-attention16"].steps[0], builder().original(IMAGE), tmp_path / "out", IMAGE)


@pytest.mark.parametrize("params", [{"rows": -1}, {"scope": "mlp"}])
def test_a_parameter_out_of_range_says_what_it_may_be(params, tmp_path):
    step = METHODS["cluster16"].steps[0]
    with pytest.raises(UsageError, match="between"):
        tiny.run_step(replace(step, params={**step.params, **params}), builder().original(TEXT), tmp_path / "out", TEXT)


def test_pruned_weights_stay_exactly_zero_through_clustering_and_an_int8_codebook(tmp_path):
    pruned = builder().artifact(METHODS["prune50"], TEXT)
    shared = builder().artifact(METHODS["prune50+cluster16"], TEXT)
    coded = tiny.run_step(clustering_codebook.CODEBOOK, shared, tmp_path / "codebook", TEXT)
    before = torch_format.read_state(pruned)
    for made in (shared, coded):
        after = clustered.decode(torch_format.read_state(made), made.attributes)
        for name in made.attributes["clustered"]:
            zeros = before[name] == 0
            if zeros.double().mean() > 0.05:  # from a hundredth on they are a pruned tensor's
                assert torch.equal(after[name] == 0, zeros), name


def rewritten(made, path, change):
    """A copy of an artifact with a changed state."""
    path.mkdir()
    state = dict(torch_format.read_state(made))
    change(state)
    torch_format.save_state(state, made.path, path)
    return artifacts.describe(path, made.key, made.format, made.attributes, made.lineage)


def test_a_codebook_that_moved_goes_red(tmp_path):
    source, made = (builder().artifact(METHODS[name], TEXT) for name in ("cluster16", "cluster16-int8-codebook"))
    shifted = rewritten(made, tmp_path / "a", lambda state: state[f"{NAME}.codebook"].add_(1))
    with pytest.raises(PostconditionFailed, match=r"a codebook value moved by \d+\.\d+ steps"):
        clustering_codebook.check(source, shifted, {})
    other = rewritten(made, tmp_path / "b", lambda state: state[f"{NAME}.indices"].bitwise_xor_(1))
    with pytest.raises(PostconditionFailed, match="must leave the indices alone"):
        clustering_codebook.check(source, other, {})
    kept = rewritten(made, tmp_path / "c", lambda state: state.update({f"{NAME}.codebook": state[f"{NAME}.codebook"].float()}))
    with pytest.raises(PostconditionFailed, match="stored as torch.float32, asked was int8"):
        clustering_codebook.check(source, kept, {})


def test_a_codebook_that_is_not_a_number_goes_red(tmp_path):
    plain, source, made = (
        builder().original(TEXT),
        *(builder().artifact(METHODS[name], TEXT) for name in ("cluster16", "cluster16-int8-codebook")),
    )
    values = rewritten(source, tmp_path / "a", lambda state: state[f"{NAME}.codebook"][:1].fill_(torch.nan))
    with pytest.raises(PostconditionFailed, match="decoded weights miss nan%"):
        clustering.check(plain, values, METHODS["cluster16"].steps[0].params)
    scale = rewritten(made, tmp_path / "b", lambda state: state[f"{NAME}.codebook_scale"].fill_(torch.nan))
    with pytest.raises(PostconditionFailed, match="a codebook value moved by nan steps"):
        clustering_codebook.check(source, scale, {})


def test_the_audit_counts_groups_where_rows_do_not_divide():
    from fixtures.probes.torch_weights import describe

    layer = torch.nn.Linear(30, 5, bias=False)
    codebook, indices = clustering.cluster_rows(layer.weight.detach().numpy(), 4, 3)
    stored = {"weight.codebook": torch.from_numpy(codebook), "weight.indices": torch.from_numpy(clustered.pack(indices, 2))}
    layer.weight.data = clustered.decode(stored, {"clustered": {"weight": [5, 30]}, "bits": 2, "rows": 3})["weight"]
    assert describe(layer, stored, 3)["clustered_max"] == 4
    assert describe(layer, stored)["clustered_max"] == 8


def test_a_row_that_was_not_clustered_is_refused_by_its_audit():
    made = builder().artifact(METHODS["cluster16-rows16"], TEXT)
    method = METHODS["cluster16-rows16"]
    opened = session(method, made)
    facts, weights = opened.facts(), opened.weights()
    assert weights["clustered_max"] == weights["unique_max"] == 16
    audit(method, made, facts, weights, "cpu", 1, original=builder().original(TEXT))
    for change, message in (({"clustered": 0}, "nothing was clustered"), ({"clustered_max": 17}, "has 17 distinct values")):
        with pytest.raises(PostconditionFailed, match=message):
            audit(method, made, facts, {**weights, **change}, "cpu", 1, original=builder().original(TEXT))


def test_the_entropy_of_a_stream_by_hand():
    # half zeros, a quarter ones, an eighth each of two and three: 1/2 + 2/4 + 3/8 + 3/8 = 1.75 bits
    symbols = np.array([0] * 4 + [1] * 2 + [2, 3], np.uint8)
    assert entropy.bits_per_symbol(symbols) == 1.75
    assert entropy.shannon_bytes(symbols) == 1.75
    assert entropy.bits_per_symbol(np.zeros(9, np.uint8)) == 0


def test_no_coder_of_independent_symbols_is_below_shannons_bound_and_huffman_is_within_a_bit():
    drawn = np.random.default_rng(0).choice(16, 60000, p=np.r_[0.5, np.full(15, 0.5 / 15)]).astype(np.uint8)
    bound = entropy.shannon_bytes(drawn)
    assert bound == pytest.approx(60000 * (1 + 0.5 * math.log2(15)) / 8, rel=0.01)
    for coder in (entropy.huffman_bytes, entropy.deflate_bytes, entropy.zstd_bytes):
        assert bound < coder(drawn.tobytes()) < bound + 60000 / 8


def test_the_evidence_holds_coded_sizes_between_the_bound_and_the_packed_file():
    made = builder().artifact(METHODS["prune50+cluster16"], TEXT)
    found = clustered.coded_bytes(made, torch_format.read_state(made))
    weights = next(file.bytes for file in made.files if file.role == "weights")
    sizes = found["coded_bytes"]
    assert set(sizes) == {"huffman", "deflate", "zstd", "shannon"}
    assert all(sizes["shannon"] < sizes[name] < weights for name in ("huffman", "deflate", "zstd"))
    # half of the weights are one symbol: 1 bit to say so, and at most log2(15) for the other half
    assert found["index_bits"]["shannon"] < 1 + 0.5 * math.log2(15) + 0.05
    assert found["index_bits"]["packed"] == pytest.approx(4, rel=0.01)


@pytest.mark.parametrize("coder", ["huffman", "zstd"])
def test_other_coders_lose_nothing_either(coder, tmp_path):
    plain = builder().artifact(METHODS["cluster16"], TEXT)
    coded = tiny.run_step(METHODS[coder].steps[0], plain, tmp_path / coder, TEXT)
    before, after = torch_format.read_state(plain), torch_format.read_state(coded)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert 0 < coded.size_bytes < plain.size_bytes


def test_a_truncated_zstandard_file_is_reported_by_name(tmp_path):
    made = tiny.run_step(METHODS["zstd"].steps[0], builder().original(TEXT), tmp_path / "made", TEXT)
    (tmp_path / zstd.CODED).write_bytes((made.path / zstd.CODED).read_bytes()[:-100])
    with pytest.raises(ArtifactCorrupted, match="not a readable Zstandard weight file"):
        zstd.read(replace(made, path=tmp_path))
