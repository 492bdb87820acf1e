"""LLM Compressor, as far as it goes without its environment: what it is asked for, how its tensors are read, what goes red.

The library itself runs in its own: `tox run -e llmcompressor`.
"""

import sys
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from fixtures import artifact as artifacts
from fixtures import environments
from fixtures.borrowed import llm_compressor as program
from fixtures.borrowed import start
from fixtures.errors import PostconditionFailed, Unavailable, Unsupported, UsageError
from fixtures.methods import llm_compressor, rtn_int4, wanda
from fixtures.models import torch_format
from fixtures.registry import BuildContext
from tests import tiny
from tests.building import builder, catalog

TASK = "language-modelling"


def context(tmp_path, name, source=None, **params):
    step = catalog().methods[name].steps[0]
    (tmp_path / "made").mkdir(parents=True)
    given = {**step.params, "samples": 2, **params}
    return step, BuildContext(source or builder().original(TASK), tmp_path / "made", given, 0, 1, TASK, tiny.calibration(TASK))


def answering(monkeypatch, change):
    """`change(state, layers)` -> tensors stands in for the library's environment."""

    def run(environment, module, given, source, scratch, asked, variables):
        assert (environment, module) == ("llmcompressor", program.__name__)
        assert variables == {"CUDA_VISIBLE_DEVICES": ""}  # the same numbers with and without a GPU
        return change(torch_format.read_state(given.source), asked["layers"])

    monkeypatch.setattr(start, "run", run)


def made(tmp_path, name, **params):
    step, given = context(tmp_path / str(len(list(tmp_path.iterdir()))), name, **params)
    attributes = dict(step.build(given))
    result = artifacts.finish(given.output, name, step.gives, attributes, [{"step": step.name}])
    return step, given, result


# --- reading what it left ----------------------------------------------------------------------------------------------------------


def layer(zeros, levels, **more):
    """A layer of two groups whose weights lie on the grid of their scales."""
    scales = torch.tensor([[0.5, 0.25], [1.0, 2.0]])
    weight = ((levels - zeros[..., None]) * scales[..., None]).flatten(1)
    return SimpleNamespace(weight=weight, weight_scale=scales, weight_zero_point=(zeros - 8).to(torch.int8), **more)


def drawn():
    generator = torch.Generator().manual_seed(0)
    zeros = torch.randint(0, 16, (2, 2), generator=generator).float()
    return zeros, torch.randint(0, 16, (2, 2, 4), generator=generator).float()


def test_levels_are_read_off_the_grid_and_decode_to_the_librarys_weights():
    zeros, levels = drawn()
    found = program.levels(layer(zeros, levels))
    assert found["qweight"].tolist() == levels.flatten(1).tolist()
    decoded = rtn_int4.dequantize(*llm_compressor.stored(found))
    assert torch.equal(decoded, layer(zeros, levels).weight)


def test_autorounds_zero_points_are_its_own_and_its_weights_bfloat16():
    zeros, levels = drawn()
    left = layer(zeros, levels, zp=zeros)
    left.weight_zero_point = torch.zeros(2, 2)  # what the library had registered before
    left.weight = left.weight.bfloat16()
    found = program.levels(left)
    assert found["qweight"].tolist() == levels.flatten(1).tolist()
    assert found["qzeros"].tolist() == zeros.tolist()


def test_a_weight_off_the_grid_or_beyond_it_is_not_stored():
    zeros, levels = drawn()
    between = layer(zeros, levels)
    between.weight[0, 0] += 0.02
    with pytest.raises(AssertionError, match="0.04 of a level away from what"):
        program.levels(between)
    with pytest.raises(AssertionError, match="0.4 of a level away from what"):
        program.levels(layer(zeros + 0.4, levels))  # a zero point that a byte does not hold
    with pytest.raises(AssertionError, match="levels from -?[0-9]+ to"):
        program.levels(layer(zeros, levels + 9))


# --- what it is asked for ----------------------------------------------------------------------------------------------------------

ASKED = {"layers": ["a.q_proj"], "group": 32, "alpha": 0.5, "iterations": 200}


@pytest.mark.parametrize(
    ("algorithm", "module", "modifier", "expected"),
    [
        ("sparsegpt", "pruning", "SparseGPTModifier", {"sparsity": 0.5, "mask_structure": "2:4", "targets": ["a.q_proj"]}),
        ("wanda", "pruning", "WandaPruningModifier", {"sparsity": 0.5, "mask_structure": "0:0", "targets": ["a.q_proj"]}),
        ("smoothquant", "transform.smoothquant", "SmoothQuantModifier", {"smoothing_strength": 0.5}),
    ],
)
def test_each_algorithm_is_asked_for_what_its_row_says(monkeypatch, algorithm, module, modifier, expected):
    monkeypatch.setitem(sys.modules, f"llmcompressor.modifiers.{module}", SimpleNamespace(**{modifier: dict}))
    pattern = {"2:4": "2:4", "0:0": "row"}.get(expected.get("mask_structure"), "")
    assert program.ALGORITHMS[algorithm]({**ASKED, "pattern": pattern}) == expected


@pytest.mark.parametrize("algorithm", ["gptq", "autoround"])
def test_four_bits_are_asymmetric_groups_as_in_rtn(monkeypatch, algorithm):
    name = {"gptq": "GPTQModifier", "autoround": "AutoRoundModifier"}[algorithm]
    monkeypatch.setitem(sys.modules, f"llmcompressor.modifiers.{algorithm}", SimpleNamespace(**{name: dict}))
    (group,) = program.ALGORITHMS[algorithm](ASKED)["config_groups"].values()
    assert group["targets"] == ["a.q_proj"]
    assert group["weights"] == {"num_bits": 4, "type": "int", "symmetric": False, "strategy": "group", "group_size": 32}


# --- rows --------------------------------------------------------------------------------------------------------------------------


def chosen(state, layers, group=32, moved=4):
    """As rounding, but every `moved`th weight goes to the level beside its nearest."""
    found = {name: tensor for name, tensor in state.items() if name.removesuffix(".weight") not in layers}
    for name in layers:
        levels, scales, zeros = rtn_int4.quantize(state[f"{name}.weight"], group)
        if moved:
            levels[:, ::moved] = levels[:, ::moved] ^ 1
        found.update({f"{name}.qweight": levels, f"{name}.scales": scales, f"{name}.qzeros": zeros})
    return found


def test_four_bit_rows_store_what_the_library_chose(monkeypatch, tmp_path):
    answering(monkeypatch, chosen)
    step, given, result = made(tmp_path, "llmcompressor-gptq-int4-g32")
    evidence = step.check(given.source, result, given.params)
    assert evidence["int4_share"] > 0.5
    assert evidence["differs_from_rounding"] == pytest.approx(0.25)
    decoded = rtn_int4.decode(torch_format.read_state(result), result.attributes)
    name = result.attributes["int4"][0]
    found = chosen(torch_format.read_state(given.source), [name])
    assert torch.equal(
        decoded[f"{name}.weight"], rtn_int4.dequantize(*llm_compressor.stored({k[len(name) + 1 :]: v for k, v in found.items()}))
    )


def test_levels_that_were_only_rounded_are_no_gptq_and_no_autoround(monkeypatch, tmp_path):
    answering(monkeypatch, partial(chosen, moved=0))
    for name in ("llmcompressor-gptq-int4-g32", "autoround-int4-g32"):
        step, given, result = made(tmp_path, name)
        with pytest.raises(PostconditionFailed, match=r"0\.00% of the levels differ from rounding to the nearest"):
            step.check(given.source, result, given.params)
    with pytest.raises(UsageError, match=r"iterations=0: at least 1; .*rtn-int4"):
        made(tmp_path, "autoround-int4-g32", iterations=0)


def test_a_layer_that_the_library_left_out_goes_red(monkeypatch, tmp_path):
    answering(monkeypatch, lambda state, layers: chosen(state, layers[1:]))
    with pytest.raises(PostconditionFailed, match=r"left 1 of \d+ layers unquantized"):
        made(tmp_path, "autoround-int4-g32")


def masked(state, layers, pattern="row"):
    kept = {f"{name}.weight": wanda.mask_of(state[f"{name}.weight"].abs(), pattern) for name in layers}
    return {name: tensor * kept[name] if name in kept else tensor for name, tensor in state.items()}


def test_a_pruned_row_is_held_to_what_ours_are(monkeypatch, tmp_path):
    answering(monkeypatch, masked)
    step, given, result = made(tmp_path, "llmcompressor-wanda50")
    assert step.check(given.source, result, given.params)["zero_share"] == pytest.approx(0.5)
    with pytest.raises(PostconditionFailed, match="the pattern is 2:4"):
        step.check(given.source, result, {**given.params, "pattern": "2:4"})
    sparse = catalog().methods["llmcompressor-sparsegpt50"].steps[0]
    with pytest.raises(PostconditionFailed, match="no surviving weight was updated"):
        sparse.check(given.source, result, given.params)


def test_a_tensor_that_the_library_lost_is_said(monkeypatch, tmp_path):
    answering(monkeypatch, lambda state, layers: {name: tensor for name, tensor in state.items() if "norm" not in name})
    with pytest.raises(PostconditionFailed, match="the library left no .*norm"):
        made(tmp_path, "llmcompressor-sparsegpt50")


def smoothed(state, layers, by=2.0):
    """Every normalisation in a block halved, what reads it doubled."""
    reading = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
    found = dict(state)
    for name, tensor in state.items():
        if ".layers." in name and "layernorm" in name:
            found[name] = tensor / by
        elif any(part in name for part in reading):
            found[name] = tensor * by
    return found


def test_smoothing_must_answer_as_before_and_must_have_moved_something(monkeypatch, tmp_path):
    answering(monkeypatch, smoothed)
    step, given, result = made(tmp_path, "llmcompressor-smoothquant-int8")
    assert step.check(given.source, result, given.params)["smoothed_share"] > 0.5
    with pytest.raises(PostconditionFailed, match="a scale was moved into 0% of the linear layers' weights"):
        step.check(given.source, replace(given.source, attributes=result.attributes), given.params)
    answering(
        monkeypatch, lambda state, layers: {**smoothed(state, layers), "model.norm.weight": state["model.norm.weight"] * 1.1}
    )
    step, given, result = made(tmp_path, "llmcompressor-smoothquant-int8")
    with pytest.raises(PostconditionFailed, match="the smoothed model differs from the original"):
        step.check(given.source, result, given.params)


def test_smoothing_is_followed_by_torchaos_integers():
    method = catalog().methods["llmcompressor-smoothquant-int8"]
    assert [step.name for step in method.steps] == ["llmcompressor-smoothquant", "torchao-int8-dynamic"]
    assert method.steps[1] is catalog().methods["torchao-int8-dynamic"].steps[0]
    assert method.counterpart == "torchao-int8-dynamic"


def test_a_type_that_it_is_not_asked_for_is_refused_before_it_is_started(tmp_path):
    model = tiny.original("token-classification", tmp_path / "bert")
    step, given = context(tmp_path, "llmcompressor-sparsegpt50", source=model)
    with pytest.raises(Unsupported, match="models of type llama, mistral, qwen2, qwen3, opt; this one is bert"):
        step.build(given)


def test_without_its_environment_the_row_names_the_command(monkeypatch, tmp_path):
    def missing(environment):
        raise Unavailable(f"needs the environment {environment}: `{environments.creates(environment)}` creates it")

    monkeypatch.setattr(environments, "interpreter", missing)
    step, given = context(tmp_path, "llmcompressor-sparsegpt50")
    with pytest.raises(Unavailable, match="tox run -e llmcompressor --notest"):
        step.build(given)
