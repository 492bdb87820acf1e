"""torchao's static INT8: what the graph rounds, and that a package which only pretends to be int8 is refused."""

from __future__ import annotations

import zipfile
from collections import Counter

import pytest
import torch

from fixtures.errors import PostconditionFailed, Unsupported
from fixtures.methods import aotinductor, torchao_static
from fixtures.methods.aotinductor import MODEL
from fixtures.models import torch_format
from fixtures.models.positional import positional, tensors
from fixtures.runtimes import aotinductor_runtime as runtime
from tests import tiny
from tests.building import builder, catalog

IMAGE, TEXT = tiny.TASKS
METHOD = catalog().methods["torchao-int8-static"]


def converted(task: str):
    """(the original's function of tensors, the quantized graph's, a batch of two)."""
    source = builder().original(task)
    names = torch_format.input_names(source)
    samples = [tensors({name: sample[name] for name in names}, torch.float32) for sample in tiny.calibration(task)(8)]
    some = tuple(torch.cat(parts[:2]) for parts in zip(*samples, strict=True))
    module = positional(torch_format.load_module(source), names)
    return module, torchao_static.quantized(module, some, samples), some


@pytest.mark.slow
@pytest.mark.parametrize("task", tiny.TASKS)
def test_every_product_with_a_stored_weight_is_quantized_and_no_other(task):
    module, pretending, some = converted(task)
    graph = pretending.converted.graph
    products = [node for node in graph.nodes if str(node.target) in ("aten.linear.default", "aten.conv2d.default")]
    dequantized = Counter(str(node.args[1].target) for node in products)
    assert dequantized == {"quantized_decomposed.dequantize_per_channel.default": len(products)}
    stored = [layer for layer in module.modules() if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)]
    assert len(products) == len(stored)
    # A region of its own precision, as timm gives its linear attention, is exported as a graph inside the graph.
    graphs = [part.graph for part in pretending.converted.modules() if isinstance(part, torch.fx.GraphModule)]
    multiplied = ("aten.matmul", "aten.mul", "aten.scaled_dot")
    others = [node for each in graphs for node in each.nodes if str(node.target).startswith(multiplied)]
    assert others
    assert not any("dequantize" in str(source.target) for node in others for source in node.all_input_nodes)
    with torch.no_grad():
        expected, found = module(*some), pretending(*some)
    assert 0 < float((found - expected).square().mean().sqrt() / expected.std()) < 0.5


def test_kernels_are_counted_in_the_source_of_a_package_and_told_apart(tmp_path):
    with zipfile.ZipFile(tmp_path / MODEL, "w") as archive:
        source = 'record_aoti_torch_cpu_mm_out_("aoti_torch_cpu_mm_out", nullptr); f(aoti_torch_cpu_mm_out(a, b));'
        archive.writestr(
            "model/data/aotinductor/model/a.wrapper.cpp", source + " f(aoti_torch_cpu__qlinear_pointwise_tensor(x));" * 2
        )
    calls = runtime.source_calls(tmp_path / MODEL)
    assert calls == {"mm_out": 1, "_qlinear_pointwise_tensor": 2}
    assert runtime.products_by_dtype(calls, "float32") == {"float32": 1, "int8": 2}
    assert runtime.products_by_dtype({"mm_out": 1}, "bfloat16") == {"bfloat16": 1}


def test_a_model_of_embeddings_is_refused_with_the_share_before_a_minute_of_compiling():
    module = torch.nn.Sequential(torch.nn.Embedding(30, 10), torch.nn.Linear(10, 10, bias=False))
    with pytest.raises(Unsupported, match=r"only 25\.0% of the parameters are in linear layers and convolutions"):
        torchao_static.require_covered(module)


@pytest.mark.compiles
@pytest.mark.slow
def test_a_package_that_inductor_left_in_float_is_refused(tmp_path, monkeypatch):
    """Without freezing the same graph compiles, answers the same and multiplies floats: pytorch/ao issue 4566."""
    import torch._inductor

    compiled = torch._inductor.aoti_compile_and_package

    def unfrozen(program, *, package_path, inductor_configs):
        return compiled(program, package_path=package_path, inductor_configs={**inductor_configs, "freezing": False})

    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", unfrozen)
    with pytest.raises(PostconditionFailed, match="Inductor left the quantized graph in float"):
        tiny.run_step(METHOD.steps[0], builder().original(TEXT), tmp_path / "unfrozen", TEXT)


@pytest.mark.slow
def test_layers_that_are_widened_at_every_call_are_not_compiled_to_float():
    source = builder().artifact(catalog().methods["torchao-int8-weight-only"], TEXT)
    with pytest.raises(Unsupported, match="aotinductor after torchao-int8-weight-only would fold its packed weights to float"):
        aotinductor.require_kept_integer(source)
    aotinductor.require_kept_integer(builder().artifact(catalog().methods["torchao-int8-dynamic"], TEXT))
