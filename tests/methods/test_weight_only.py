"""Four-bit weights, Wanda and SparseGPT on a tiny LLaMA: what is stored is what was asked, and each check goes red when it is broken."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from fixtures import artifact as artifacts
from fixtures.errors import PostconditionFailed, Unsupported, UsageError
from fixtures.methods import awq, gptq, rtn_int4, sparsegpt, wanda
from fixtures.methods.calibrated_layers import Statistics, block_of, collect
from fixtures.models import torch_format
from fixtures.registry import BuildContext
from tests.building import catalog, session

CONFIG = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 64,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "tie_word_embeddings": True,
    "eos_token_id": 0,
}


def ids(count, seed=0):
    return np.random.default_rng(seed).integers(0, 64, (count, 16))


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    path = tmp_path_factory.mktemp("llama") / "original"
    path.mkdir()
    (path / "config.json").write_text(json.dumps(CONFIG))
    described = {"library": "transformers", "auto_class": "AutoModelForCausalLM", "input_names": ["input_ids", "attention_mask"]}
    (path / "architecture.json").write_text(json.dumps(described))
    torch.manual_seed(0)
    module = torch_format.build_module(path)
    import safetensors.torch

    safetensors.torch.save_file(torch_format.stored_once(module.state_dict()), path / torch_format.WEIGHTS)
    return artifacts.finish(path, "tiny-llama", "torch", {}, [{"step": "original"}])


def calibration(count):
    for row in ids(count):
        yield {"input_ids": row[None], "attention_mask": np.ones((1, 16), np.int64)}


def built(step, source, output, **params):
    output.mkdir()
    asked = {**step.params, **params}
    context = BuildContext(source, output, asked, 0, 1, "language-modelling", calibration, lambda text: None)
    attributes = step.build(context)
    made = artifacts.describe(
        output, "made", step.gives, attributes, [{"step": "original"}, {"step": step.name, "params": asked}]
    )
    return made, step.check(source, made, asked)


def step_of(name):
    (step,) = catalog().methods[name].steps
    return step


def test_tied_weights_are_stored_once_and_come_back(llama):
    assert "lm_head.weight" not in torch_format.read_state(llama)
    module = torch_format.load_module(llama)
    assert module.lm_head.weight is module.model.embed_tokens.weight


def test_rounding_by_hand():
    # from 0 to 15 in steps of 1: every whole number is a level
    weight = torch.tensor([[0.0, 15.0, 7.4, 3.6]])
    levels, scale, zero = rtn_int4.quantize(weight, 4)
    assert levels.tolist() == [[0, 15, 7, 4]]
    assert (scale.item(), zero.item()) == (1.0, 0)
    assert rtn_int4.dequantize(levels, scale, zero).tolist() == [[0, 15, 7, 4]]


def test_a_group_of_zeros_stays_zero():
    levels, scale, zero = rtn_int4.quantize(torch.zeros(2, 8), 4)
    assert rtn_int4.dequantize(levels, scale, zero).abs().max() == 0


def test_smaller_groups_are_closer(llama, tmp_path):
    errors = [built(step_of("rtn-int4-g32"), llama, tmp_path / str(group), group=group)[1] for group in (8, 32)]
    assert errors[0]["relative_squared_error"] < errors[1]["relative_squared_error"]


def test_four_bits_are_what_is_stored_and_found(llama, tmp_path):
    made, evidence = built(step_of("rtn-int4-g32"), llama, tmp_path / "made")
    opened = session(catalog().methods["rtn-int4-g32"], made)
    weights = opened.weights()
    assert weights["parameters_by_dtype"]["int4"] / weights["parameters"] == pytest.approx(evidence["int4_share"], rel=0.02)
    assert made.size_bytes < 0.5 * llama.size_bytes


def test_a_group_that_does_not_divide_is_refused_with_the_layer(llama, tmp_path):
    with pytest.raises(Unsupported, match=r"model.layers.0.self_attn.q_proj has 64 inputs, which groups of 128 do not divide"):
        built(step_of("rtn-int4-g128"), llama, tmp_path / "made")


@pytest.mark.parametrize("group", [0, 7])
def test_a_group_that_is_none_is_an_error(llama, tmp_path, group):
    with pytest.raises(UsageError, match="an even number of weights"):
        built(step_of("rtn-int4-g32"), llama, tmp_path / "made", group=group)


def rewritten(made, change):
    state = torch_format.read_state(made)
    change(state)
    import safetensors.torch

    safetensors.torch.save_file(state, made.path / torch_format.WEIGHTS)
    return artifacts.describe(made.path, made.key, made.format, made.attributes, made.lineage)


NAME = "model.layers.0.self_attn.q_proj"


def test_swapped_halves_of_a_byte_go_red(llama, tmp_path):
    made, _ = built(step_of("rtn-int4-g32"), llama, tmp_path / "made")

    def swap(state):
        halves = state[f"{NAME}.int4"]
        state[f"{NAME}.int4"] = (halves >> 4) | (halves << 4)

    with pytest.raises(PostconditionFailed, match=r"q_proj: a decoded weight is \d+.\d+ steps from its original"):
        rtn_int4.check(llama, rewritten(made, swap), {"group": 32})


def test_a_scale_that_is_not_a_number_goes_red(llama, tmp_path):
    made, _ = built(step_of("rtn-int4-g32"), llama, tmp_path / "made")
    broken = rewritten(made, lambda state: state[f"{NAME}.int4_scale"].fill_(torch.nan))
    with pytest.raises(PostconditionFailed, match="a decoded weight is nan steps"):
        rtn_int4.check(llama, broken, {"group": 32})
    with pytest.raises(PostconditionFailed, match="decoded weights miss nan%"):
        gptq.check(llama, broken, {"group": 32})


def test_a_layer_left_dense_goes_red(llama, tmp_path):
    made, _ = built(step_of("rtn-int4-g32"), llama, tmp_path / "made")
    dense = torch_format.read_state(llama)[f"{NAME}.weight"]
    changed = rewritten(made, lambda state: state.update({f"{NAME}.weight": dense}))
    with pytest.raises(PostconditionFailed, match="1 of 14 layers were stored dense"):
        rtn_int4.check(llama, changed, {"group": 32})


def test_other_groups_than_asked_go_red(llama, tmp_path):
    made, _ = built(step_of("rtn-int4-g32"), llama, tmp_path / "made")
    with pytest.raises(PostconditionFailed, match="2 groups of 16"):
        rtn_int4.check(llama, made, {"group": 16})


def gptq_packed(levels, zeros, scale):
    """GPTQ's file format, written down from its description: eight inputs an int32, zero points one too small."""
    places = 4 * np.arange(8, dtype=np.int64)
    inputs = (levels.T.numpy().astype(np.int64).reshape(-1, 8, len(levels)) << places[None, :, None]).sum(1)
    stored = ((zeros.T.numpy().astype(np.int64) - 1) & 15).reshape(zeros.shape[1], -1, 8)
    packed = (stored << places).sum(-1)
    return {
        "qweight": torch.from_numpy(inputs.astype(np.uint32).view(np.int32)),
        "qzeros": torch.from_numpy(packed.astype(np.uint32).view(np.int32)),
        "scales": scale.T,
    }


def test_the_files_of_gptq_are_read_as_they_were_packed():
    generator = torch.Generator().manual_seed(0)
    levels = torch.randint(0, 16, (16, 32), generator=generator, dtype=torch.uint8)
    zeros = torch.randint(1, 16, (16, 2), generator=generator, dtype=torch.uint8)
    scale = torch.rand(16, 2, generator=generator).half()
    found = gptq.unpack_gptq(gptq_packed(levels, zeros, scale))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, (levels, scale, zeros), strict=True))


def test_the_files_of_awq_are_read_in_its_own_order():
    # outputs 0..7 lie at places 0, 4, 1, 5, 2, 6, 3, 7 of their int32
    word = sum(output << 4 * place for output, place in enumerate(awq.ORDER))
    signed = torch.tensor([[word]], dtype=torch.int64).to(torch.int32)
    levels, _, zeros = awq.unpack({"qweight": signed, "qzeros": signed, "scales": torch.ones(1, 8)})
    assert levels[:, 0].tolist() == zeros[:, 0].tolist() == list(range(8))


def test_gptq_of_another_packing_goes_red(llama, tmp_path):
    made, _ = built(step_of("rtn-int4-g32"), llama, tmp_path / "made")
    mixed = rewritten(made, lambda state: state.update({f"{NAME}.int4": state[f"{NAME}.int4"].flip(0)}))
    assert rtn_int4.stored_evidence(llama, mixed, 32)["relative_squared_error"] > 0
    everything = rewritten(
        made, lambda state: state.update({name: tensor.flip(0) for name, tensor in state.items() if name.endswith(".int4")})
    )
    with pytest.raises(PostconditionFailed, match="the library's packing was read wrongly"):
        gptq.check(llama, everything, {"group": 32})
    with pytest.raises(PostconditionFailed, match="scales were folded wrongly"):
        awq.check(llama, everything, {"group": 32})


def test_awq_may_miss_as_much_as_rounding_to_the_nearest_does_on_a_model_that_four_bits_break(llama, tmp_path):
    """Random weights: nothing was misread where rounding to the nearest alone misses more than a tenth."""
    copied = replace(llama, path=shutil.copytree(llama.path, tmp_path / "loud"))
    loud = rewritten(copied, lambda state: [tensor.mul_(10.0) for name, tensor in state.items() if "proj" in name])
    made, _ = built(step_of("rtn-int4-g32"), loud, tmp_path / "made")
    error, rounded = awq.logit_errors(loud, made, 32)
    assert error == pytest.approx(rounded, rel=1e-4)
    assert gptq.MOST_ERROR < rounded < 0.5
    assert awq.check(loud, made, {"group": 32})["relative_logit_error"] == error
    flipped = lambda state: state.update({name: part.flip(0) for name, part in state.items() if name.endswith(".int4")})  # noqa: E731
    with pytest.raises(PostconditionFailed, match=r"logits miss \d+% of the original's variance, rounding to the nearest \d+%"):
        awq.check(loud, rewritten(made, flipped), {"group": 32})


@pytest.mark.parametrize("name", ["wanda50", "wanda-2to4", "sparsegpt50", "sparsegpt-2to4"])
def test_pruning_leaves_half_in_its_pattern(llama, tmp_path, name):
    made, evidence = built(step_of(name), llama, tmp_path / "made", samples=8)
    assert evidence["zero_share"] == pytest.approx(0.5, abs=0.002)
    zeros = torch_format.read_state(made)[f"{NAME}.weight"] == 0
    if name.endswith("2to4"):
        assert set(zeros.reshape(-1, 4).sum(1).tolist()) == {2}


def test_wanda_keeps_a_small_weight_of_a_large_input():
    statistics = Statistics(torch.diag(torch.tensor([100.0, 1.0, 1.0, 1.0])))
    # importance .2 * 10 = 2, .5, 1, .9: the second and the fourth go
    assert wanda.kept(torch.tensor([[0.2, -0.5, 1.0, 0.9]]), statistics, "row").tolist() == [[1, 0, 1, 0]]


def test_sparsegpt_answers_closer_than_the_same_share_by_magnitude():
    generator = torch.Generator().manual_seed(0)
    # 64 inputs that are mixtures of 16, as a layer's are: what one of them carried, others can carry
    inputs = torch.randn(512, 16, generator=generator) @ torch.randn(16, 64, generator=generator)
    inputs += 0.1 * torch.randn(512, 64, generator=generator)
    weight = torch.randn(32, 64, generator=generator)
    solved = sparsegpt.solve(weight, Statistics(inputs.T @ inputs), "row")
    plain = weight * wanda.mask_of(weight.abs(), "row")
    errors = [(inputs @ (other - weight).T).square().mean() for other in (solved, plain)]
    assert errors[0] < 0.5 * errors[1]
    assert (solved == 0).float().mean() == pytest.approx(0.5, abs=0.01)


def test_statistics_are_the_inputs_of_the_layer(llama):
    module = torch_format.load_module(llama)
    samples = [row[None] for row in ids(4)]
    found = collect(module, ["model.layers.0.self_attn.q_proj"], samples)["model.layers.0.self_attn.q_proj"]
    embedded = module.model.embed_tokens(torch.from_numpy(ids(4)))
    seen = module.model.layers[0].input_layernorm(embedded).flatten(0, 1)
    assert torch.allclose(found.gram, seen.T @ seen, rtol=1e-4)
    assert found.tokens == 64


def test_a_block_is_named_up_to_its_number():
    assert block_of("model.layers.3.mlp.up_proj") == "model.layers.3"
    assert block_of("score") == "score"


def test_pruning_without_its_update_is_not_sparsegpt(llama, tmp_path):
    made, _ = built(step_of("wanda50"), llama, tmp_path / "made", samples=4)
    with pytest.raises(PostconditionFailed, match="no surviving weight was updated"):
        sparsegpt.check(llama, made, {"pattern": "row"})


def test_wanda_that_moves_a_weight_goes_red(llama, tmp_path):
    made, _ = built(step_of("wanda50"), llama, tmp_path / "made", samples=4)
    moved = rewritten(made, lambda state: state.update({f"{NAME}.weight": state[f"{NAME}.weight"] * 1.01}))
    with pytest.raises(PostconditionFailed, match="weights that survive pruning must keep their value"):
        wanda.check(llama, moved, {"pattern": "row"})


def test_too_few_zeros_and_a_broken_pattern_go_red(llama, tmp_path):
    made, _ = built(step_of("wanda50"), llama, tmp_path / "made", samples=4)
    with pytest.raises(PostconditionFailed, match="have more than 2 weights left"):
        wanda.zeros_evidence(made, "2:4")
    with pytest.raises(PostconditionFailed, match="of the covered weights are zero, asked were 50%"):
        wanda.zeros_evidence(replace(llama, attributes=made.attributes), "row")


@pytest.mark.parametrize("name", ["gptq-int4-g32", "awq-int4-g32"])
def test_a_model_that_the_library_is_not_asked_for_says_so(llama, tmp_path, name, monkeypatch):
    folder = shutil.copytree(llama.path, tmp_path / "other")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "mistral"}))
    other = artifacts.describe(folder, "other", "torch", {}, [{"step": "original"}])
    monkeypatch.setattr(gptq, "KNOWN", ("llama",))
    monkeypatch.setattr(awq, "KNOWN", ("llama",))
    with pytest.raises(Unsupported, match="models of type llama; this one is mistral"):
        built(step_of(name), other, tmp_path / "made")


def test_an_update_of_sparsegpt_that_is_not_a_number_goes_red(llama, tmp_path):
    made, _ = built(step_of("sparsegpt50"), llama, tmp_path / "made", samples=8)
    broken = rewritten(made, lambda state: state[f"{NAME}.weight"][:1].fill_(torch.nan))
    with pytest.raises(PostconditionFailed, match="q_proj.weight contains numbers that are not finite"):
        sparsegpt.check(llama, broken, {"pattern": "row"})
