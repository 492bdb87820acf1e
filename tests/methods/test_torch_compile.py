"""torch.compile: what it promises can be seen without its compiler; the compiled answers are tests/contracts' (`-m compiles`)."""

import dataclasses

import pytest
import torch

from fixtures import registry
from fixtures.cases import Case
from fixtures.errors import PostconditionFailed, Unavailable, Unsupported
from fixtures.methods import aotinductor
from fixtures.models import torch_format
from fixtures.pipelines import resolve
from fixtures.runtimes import torch_compile_runtime, torch_runtime
from tests import tiny
from tests.building import builder

METHODS = registry.load().methods


@pytest.fixture
def uncompiled(monkeypatch):
    """Dynamo's graphs run by PyTorch itself: no compiler, the same captures."""
    from torch._dynamo.utils import counters

    counters.clear()
    real = torch.nn.Module.compile
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda module, mode, fullgraph=False: real(module, backend="eager", fullgraph=fullgraph)
    )
    yield
    torch._dynamo.reset()


@pytest.mark.parametrize("task", ["token-classification", "image-classification"])
def test_the_whole_model_is_one_graph_and_a_second_shape_makes_at_most_one_more(task, uncompiled):
    artifact = builder().artifact(METHODS["torch-compile"], task)
    session = torch_compile_runtime.open_session(artifact, "cpu", 1)
    for samples in (1, 4, 3):
        session.run(session.prepare(tiny.inputs(task, samples, 0)))
    facts = session.facts()
    assert 1 <= facts["op_counts"]["compiled graphs"] <= 2


def test_a_model_that_was_never_compiled_has_no_row(uncompiled):
    artifact = builder().artifact(METHODS["torch-compile"], "image-classification")
    session = torch_compile_runtime.open_session(artifact, "cpu", 1)
    with pytest.raises(PostconditionFailed, match="compiled nothing: the model ran eagerly"):
        session.facts()


def test_a_model_in_pieces_has_no_row(uncompiled, monkeypatch):
    class Halves(torch.nn.Module):
        def forward(self, values):
            doubled = values * 2
            torch._dynamo.graph_break()
            return doubled + 1

    artifact = builder().artifact(METHODS["torch-compile"], "image-classification")
    halves = torch_runtime.TorchSession(artifact, Halves(), "cpu", torch.float32)
    monkeypatch.setattr(torch_runtime, "open_session", lambda *asked: halves)
    session = torch_compile_runtime.open_session(artifact, "cpu", 1)
    with pytest.raises(torch._dynamo.exc.Unsupported, match="graph_break"):
        session.module(torch.ones(2))


def test_a_step_that_changes_a_tensor_is_refused(tmp_path):
    (step,) = METHODS["torch-compile"].steps

    def halved(context):
        state = {name: tensor / 2 for name, tensor in torch_format.read_state(context.source).items()}
        torch_format.save_state(state, context.source.path, context.output)
        return dict(context.source.attributes)

    original = builder().original("token-classification")
    with pytest.raises(PostconditionFailed, match="torch-compile must keep every tensor"):
        tiny.run_step(dataclasses.replace(step, build=halved), original, tmp_path / "out", "token-classification")


def test_without_a_compiler_the_row_is_unavailable(monkeypatch):
    monkeypatch.setattr(aotinductor.shutil, "which", lambda name: None)
    artifact = builder().artifact(METHODS["torch-compile"], "image-classification")
    with pytest.raises(Unavailable, match=r"needs a C\+\+ compiler"):
        torch_compile_runtime.open_session(artifact, "cpu", 1)


def test_cuda_graphs_are_no_method_of_a_cpu():
    model = registry.load().models["entities-bert"]
    with pytest.raises(Unsupported, match="CUDA graphs are a device's"):
        Case(model, METHODS["torch-compile-graphs"], "cpu").check_supported()


def test_it_ends_a_chain_and_keeps_what_the_chain_claims():
    method = resolve("bf16+torch-compile-graphs", METHODS)
    assert method.runtime == "torch-compile"
    assert method.claims == {"weights": "bfloat16", "runtime_dtype": "bfloat16"}
    assert method.devices == ("cuda",)
