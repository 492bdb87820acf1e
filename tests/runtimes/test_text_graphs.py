"""A tiny language model as a graph with a cache, in each runtime: it scores as torch does and writes what torch writes."""

import numpy as np
import pytest

from fixtures.errors import PostconditionFailed, Unsupported
from fixtures.methods import cached_export
from fixtures.models import causal_graphs
from fixtures.runtimes import graph_generation, torch_generation
from tests import tiny
from tests.building import builder, catalog, session

PROMPT, WRITTEN = 5, 6


def built(name):
    """(opened session, artifact, Method); artifacts are those of the contract tests."""
    method = catalog().methods[name]
    artifact = builder().artifact(method, tiny.LANGUAGE)
    return session(method, artifact), artifact, method


@pytest.fixture(scope="module")
def module():
    from fixtures.models import torch_format

    return torch_format.load_module(builder().original(tiny.LANGUAGE))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx-cached", "openvino-cached"])
def test_a_graph_with_a_cache_scores_and_writes_as_torch_does(module, name):
    import torch

    opened, _, _ = built(name)
    batch = tiny.inputs(tiny.LANGUAGE, 3, seed=1)
    with torch.inference_mode():
        expected = module(**{key: torch.from_numpy(array) for key, array in batch.items()}).logits.numpy()
    assert np.allclose(opened.to_numpy(opened.run(opened.prepare(batch))), expected, atol=1e-4)
    prompt = batch["input_ids"][:, :PROMPT]
    ours, seconds = opened.generate(prompt, WRITTEN)
    theirs, _ = torch_generation.greedy(module, prompt, WRITTEN, "cpu")
    assert ours.tolist() == theirs.tolist()
    assert len(seconds) == WRITTEN


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["onnx-cached-int8-dynamic", "onnx-cached-int4-g32", "openvino-cached-int8-weights", "openvino-cached-int4-g32"]
)
def test_compressed_graphs_keep_their_cache_and_are_what_they_say(name):
    opened, _, method = built(name)
    ours, _ = opened.generate(tiny.inputs(tiny.LANGUAGE, 2, seed=2)["input_ids"][:, :PROMPT], WRITTEN)
    assert ours.shape == (2, WRITTEN)
    facts, claimed = opened.facts(), method.claims["runtime_dtype"]
    assert facts["dtype"] in ((claimed,) if isinstance(claimed, str) else claimed)
    if name.startswith("openvino"):  # packed weights, whatever their type: integers only where activations are rounded too
        assert facts["dtype"] == ("int8" if facts["activation_group"] else "float32")
    counts = opened.weights()["parameters_by_dtype"]
    named = method.claims["weights"]
    assert counts.get(named, 0) + counts.get(f"u{named}", 0) > 0.5 * sum(counts.values())
    assert len(opened.caches) == 2 * tiny.LLAMA["num_hidden_layers"]


@pytest.mark.slow
def test_a_graph_that_writes_another_text_than_torch_is_refused(module, monkeypatch):
    from fixtures.registry import BuildContext

    _, artifact, _ = built("onnx-cached")
    ids = tiny.inputs(tiny.LANGUAGE, 2, seed=3)["input_ids"]
    context = BuildContext(
        builder().original(tiny.LANGUAGE), artifact.path, {}, 0, 1, tiny.LANGUAGE, tiny.calibration(tiny.LANGUAGE)
    )
    cached_export.compare_writing(context, module, ids)
    monkeypatch.setattr(torch_generation, "greedy", lambda *given: (np.zeros((2, cached_export.WRITTEN), np.int64), []))
    with pytest.raises(PostconditionFailed, match="with its cache the graph writes"):
        cached_export.compare_writing(context, module, ids)


def test_a_graph_without_a_cache_says_which_methods_have_one():
    from fixtures.runtimes.onnx_runtime import OnnxSession

    opened = OnnxSession(None, None, "cpu", 1, {})
    with pytest.raises(Unsupported, match="onnx-cached and openvino-cached have one"):
        opened.generate(np.zeros((1, 2), np.int64), 1)


def test_each_token_is_read_once_with_those_before_it():
    """A stand-in for a graph: it writes the number of tokens that its cache holds, and the cache is what it was given."""
    calls = []

    def call(feeds):
        calls.append((feeds["input_ids"].shape[1], feeds["attention_mask"].shape[1], feeds[causal_graphs.KEPT].tolist()))
        keys = np.concatenate([feeds["past_keys_0"], np.zeros((1, 2, feeds["input_ids"].shape[1], 4), np.float32)], 2)
        return [np.eye(16, dtype=np.float32)[None, [keys.shape[2]]], keys]

    ids, _ = graph_generation.greedy(call, {"past_keys_0": (2, 4)}, np.zeros((1, 5), np.int64), 3)
    assert ids.tolist() == [[5, 6, 7]]
    assert calls == [(5, 5, [4]), (1, 6, [0]), (1, 7, [0])]


def test_another_kind_of_cache_is_told():
    class Model:
        def __call__(self, **given):
            return type("Output", (), {"past_key_values": None})

    with pytest.raises(Unsupported, match="keeps another cache"):
        causal_graphs.example(Model())
