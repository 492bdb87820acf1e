"""Layers of bitsandbytes, quanto and HQQ, as far as it goes without them: what a scheme loses, what is refused, what is counted.

The libraries' own layers run in their environment: `tox run -e hf`.
"""

from dataclasses import replace

import pytest
import torch

from fixtures.errors import PostconditionFailed, Unavailable, Unsupported
from fixtures.keys import step_key
from fixtures.methods import bitsandbytes_layers, hqq_layers, quanto_layers
from fixtures.models import library_layers, torch_format
from fixtures.models.library_layers import Library, rounded_rows
from fixtures.registry import Step
from fixtures.runtimes import library_layers_runtime
from tests import tiny
from tests.building import builder

TASK = "language-modelling"
LIBRARIES = {
    "bnb-int8": bitsandbytes_layers.INT8,
    "bnb-nf4": bitsandbytes_layers.NF4,
    "quanto-int8": quanto_layers.INT8,
    "hqq-int4": hqq_layers.INT4,
}
PARAMS = {"block": 64, "group": 64, "threshold": 6.0}


class Row8(torch.nn.Module):
    """A stand-in for a library's layer: int8 rows, decoded at each call."""

    def __init__(self, codes: torch.Tensor, step: torch.Tensor) -> None:
        super().__init__()
        self.codes, self.step, self.bias = codes, step, None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(x, self.codes.float() * self.step, self.bias)


def rows(linear, params):
    step = linear.weight.abs().amax(1, keepdim=True) / 127
    return {"codes": (linear.weight / step).round().to(torch.int8), "step": step}


STAND_IN = Library(
    "torch",
    "int8",
    "codes",
    rows,
    lambda linear, parts, params: Row8(parts["codes"], parts["step"]),
    lambda parts, layer: parts["codes"].float() * parts["step"],
    lambda layer: "float32",
    rounded_rows,
    slack=1.05,
)
MIXED_UP = replace(
    STAND_IN, quantize=lambda linear, params: rows(torch.nn.Linear(linear.in_features, linear.out_features), params)
)


def refuse(linear, params):
    raise library_layers.WrongShape("no such shape")


REFUSES = replace(STAND_IN, quantize=refuse)
NO_KERNEL = replace(STAND_IN, kernels=("aten::_int_mm",))


class Uneven(Row8):
    """Where `counts`, its product runs twice; elsewhere another kernel runs: as many in the sum as there are layers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.codes.float() * self.step
        if self.counts:
            super().forward(x)
            return super().forward(x)
        return torch.einsum("...i,oi->...o", x, weight)


def uneven(linear, parts, params):
    layer = Uneven(parts["codes"], parts["step"])
    Uneven.made = getattr(Uneven, "made", 0) + 1
    layer.counts = bool(Uneven.made % 2)
    return layer


UNEVEN = replace(STAND_IN, restore=uneven, kernels=("aten::linear",))
EVEN = replace(STAND_IN, kernels=("aten::linear",))


def step(library: str) -> Step:
    def build(context):
        return library_layers.build(context, f"tests.models.test_library_layers:{library}")

    return Step("stand-in", ("torch",), library_layers.FORMAT, build, library_layers.check, PARAMS, ("torch",))


def made(library: str, tmp_path, task=TASK):
    return tiny.run_step(step(library), builder().original(task), tmp_path / library, task)


@pytest.mark.parametrize("task", [TASK, "token-classification"])
def test_a_model_runs_on_the_librarys_layers_and_its_last_layer_stays(tmp_path, task):
    artifact = made("STAND_IN", tmp_path, task)
    session = library_layers_runtime.open_session(artifact, "cpu", 1)
    plain = torch_format.load_module(builder().original(task))
    inputs = session.prepare(tiny.inputs(task, 4, 3))
    expected = torch_format.logits(plain, inputs)
    found = session.run(inputs)
    assert 0 < (found - expected).square().mean() / expected.var() < 0.01
    layers = [name for name, layer in session.module.named_modules() if type(layer).__name__ == "Row8"]
    left = [name for name, layer in session.module.named_modules() if type(layer) is torch.nn.Linear]
    assert layers == artifact.attributes["layers"]
    assert left == ["lm_head" if task == TASK else "classifier"]


def test_what_is_counted_is_read_from_the_file_in_the_librarys_bits(tmp_path):
    artifact = made("STAND_IN", tmp_path)
    report = library_layers_runtime.open_session(artifact, "cpu", 1).weights()
    plain = torch_format.load_module(builder().original(TASK))
    inside = sum(plain.get_submodule(name).weight.numel() for name in artifact.attributes["layers"])
    assert report["parameters_by_dtype"]["int8"] == report["dtypes"]["int8"] == inside
    assert report["parameters"] == sum(parameter.numel() for parameter in plain.parameters())


def test_a_layer_that_holds_other_weights_is_refused(tmp_path):
    with pytest.raises(PostconditionFailed, match=r"q_proj: decoded weights miss .* 1.05 times what its scheme loses is 0.00%"):
        made("MIXED_UP", tmp_path)


def test_a_library_that_falls_back_to_another_kernel_is_refused(tmp_path):
    with pytest.raises(
        PostconditionFailed,
        match="28 of 28 layers ran none of aten::_int_mm in one call, such as model.layers.0",
    ):
        made("NO_KERNEL", tmp_path)


def test_every_layer_must_run_the_kernel_and_not_only_as_many_calls_as_there_are_layers(tmp_path):
    with pytest.raises(PostconditionFailed, match="14 of 28 layers ran none of aten::linear in one call"):
        made("UNEVEN", tmp_path)
    assert made("EVEN", tmp_path).lineage[-1]["evidence"]["kernels"] == {"aten::linear": 28}  # and not the output layer's


def test_a_text_is_continued_as_the_decoded_model_would(tmp_path):
    artifact = made("STAND_IN", tmp_path)
    prompt = tiny.inputs(TASK, 1, 3)["input_ids"]
    session = library_layers_runtime.open_session(artifact, "cpu", 1)
    written, seconds = session.generate(prompt, 3)
    logits = session.run(session.prepare({"input_ids": prompt}))
    assert written[0, 0] == logits[0, -1].argmax()
    assert len(seconds) == 3


# Losses of standard normal weights. Eight bits in rows of 512, largest magnitude 3.1: (3.1 / 127) ** 2 / 12 = 5.0e-5. NF4 in blocks of 64,
# largest 2.6: the integral over its levels is 0.8 to 0.9 %. Sixteen equal steps in groups of 64, range 4.7: (4.7 / 15) ** 2 / 12 = 0.82 %.
@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("bnb-int8", 4e-5, 6e-5), ("quanto-int8", 4e-5, 6e-5), ("bnb-nf4", 0.0080, 0.0090), ("hqq-int4", 0.0075, 0.0090)],
)
def test_a_scheme_loses_what_theory_says(name, low, high):
    weight = torch.randn((512, 512), generator=torch.Generator().manual_seed(0))
    lost = (LIBRARIES[name].expected(weight, PARAMS) - weight).square().sum() / weight.square().sum()
    assert low < lost < high


def test_nf4_takes_the_nearest_level_of_its_blocks_largest_magnitude():
    weight = torch.zeros(1, 64)
    weight[0, :4] = torch.tensor([-2.0, 0.15, 0.60, 1.99])  # of 2: -1, .075 -> .0796, .30 -> .3379, .995 -> 1
    found = bitsandbytes_layers.nearest_levels(weight, PARAMS)[0, :5]
    assert found.tolist() == pytest.approx([-2.0, 0.159160599, 0.675830683, 2.0, 0.0])


@pytest.mark.parametrize(
    ("name", "shape", "says"),
    [
        ("bnb-nf4", (32, 64), "32 inputs and 64 outputs are not divided by groups of 64 and blocks of 32 outputs"),
        ("bnb-nf4", (64, 8), "64 inputs and 8 outputs are not divided"),
        ("hqq-int4", (96, 8), "96 inputs and 8 outputs are not divided by groups of 64"),
    ],
)
def test_a_shape_that_the_kernels_would_read_wrongly_is_refused(name, shape, says):
    with pytest.raises(library_layers.WrongShape, match=says):
        LIBRARIES[name].quantize(torch.nn.Linear(*shape, bias=False), PARAMS)


def test_a_library_that_refuses_a_layer_names_it_and_its_words(tmp_path):
    with pytest.raises(Unsupported, match=r"torch cannot quantize model.layers.0.self_attn.q_proj: no such shape"):
        made("REFUSES", tmp_path)


def test_integers_are_not_claimed_where_the_cpu_has_no_kernel_for_them(monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    with pytest.raises(Unavailable, match="multiplies integers on CPUs with AVX-512 only"):
        LIBRARIES["bnb-int8"].quantize(torch.nn.Linear(64, 64), PARAMS)


@pytest.mark.parametrize("module", [bitsandbytes_layers, quanto_layers, hqq_layers])
def test_kernels_that_one_cpu_ran_are_not_believed_of_another(module):
    """An artifact of a machine with AVX-512 would be opened on one without, where the integers are silently widened (M24)."""
    keys = {
        step_key("source", step, 0, "data", flags) for (step,) in (m.steps for m in module.METHODS) for flags in ([], ["avx512f"])
    }
    assert len(keys) == 2 * len(module.METHODS)
