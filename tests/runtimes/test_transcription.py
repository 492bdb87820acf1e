"""The same tiny recogniser in every runtime: same transcripts as transformers' own decoding, same cache, one set of weights on disk."""

import dataclasses

import numpy as np
import pytest

from fixtures import registry
from fixtures.artifact import open_artifact
from fixtures.errors import PostconditionFailed, Unsupported
from fixtures.methods import whisper_export
from fixtures.registry import BuildContext
from tests import tiny_whisper


def heard(count, seed=0):
    random = np.random.default_rng(seed)
    prompt = np.tile(np.array(tiny_whisper.DECODING["prompt"]), (count, 1))
    return {"input_features": random.standard_normal((count, 80, 40)).astype(np.float32), "decoder_input_ids": prompt}


def taught(count):
    """Calibration samples: two more tokens behind the prompt."""
    for index in range(count):
        sample = heard(1, seed=index + 10)
        yield {**sample, "decoder_input_ids": np.concatenate([sample["decoder_input_ids"], [[5, 6]]], 1)}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return tiny_whisper.original(tmp_path_factory.mktemp("whisper") / "original")


def context(source, output, step):
    output.mkdir()
    return BuildContext(source, output, step.params, 0, 1, "speech-recognition", taught)


def made(source, name, folder):
    method, current = registry.load().methods[name], source
    for index, step in enumerate(method.steps):
        from fixtures import artifact as artifacts

        output = folder / f"{name}-{index}"
        attributes = dict(step.build(context(current, output, step)))
        entry = {"step": step.name, "params": dict(step.params)}
        draft = artifacts.describe(output, f"{name}-{index}", step.gives, attributes, [*current.lineage, entry])
        step.check(current, draft, step.params)
        artifacts.write_manifest(draft)
        current = open_artifact(output)
    return registry.load().runtimes[method.runtime].open(current, "cpu", 1), current, method


def answers(session, batch):
    return session.to_numpy(session.run(session.prepare(batch)))


def test_torch_writes_what_transformers_generate_writes(source, tmp_path):
    import torch

    session, _, _ = made(source, "original", tmp_path)
    batch = heard(4)
    with torch.inference_mode():
        expected = tiny_whisper.module().generate(
            torch.from_numpy(batch["input_features"]),
            decoder_input_ids=torch.from_numpy(batch["decoder_input_ids"]),
            max_new_tokens=6,
            min_new_tokens=6,
            suppress_tokens=None,
            do_sample=False,
        )
    # The library was told to write no end before its sixth token; the loop is told the same.
    session = dataclasses.replace(session, decoding={**session.decoding, "suppress": [0]})
    assert answers(session, batch).tolist() == expected[:, -6:].tolist()


@pytest.mark.slow
def test_onnx_graphs_write_the_same_and_hold_each_weight_once(source, tmp_path):
    from fixtures.probes.audit import audit

    session, artifact, method = made(source, "onnx", tmp_path)
    expected, _, _ = made(source, "original", tmp_path)
    for count in (1, 3):
        assert answers(session, heard(count)).tolist() == answers(expected, heard(count)).tolist()
    assert {file.path for file in artifact.files if file.role == "graph"} == {"encoder.onnx", "decoder.onnx"}
    audit(method, artifact, session.facts(), session.weights(), "cpu", 1, original=source)
    with pytest.raises(Unsupported, match="copied for every token"):
        registry.load().runtimes["onnxruntime"].open(artifact, "cuda", 1)


@pytest.mark.slow
def test_int8_is_int8_in_both_graphs(source, tmp_path):
    from fixtures.probes.audit import audit

    session, artifact, method = made(source, "onnx-int8-dynamic", tmp_path)
    audit(method, artifact, session.facts(), session.weights(), "cpu", 1, original=source)
    assert all(part.facts()["dtype"] == "int8" for part in session.parts)
    assert answers(session, heard(2)).shape == (2, 6)


def test_a_graph_that_answers_otherwise_is_refused(source, tmp_path, monkeypatch):
    step = registry.load().methods["onnx"].steps[0]
    monkeypatch.setattr(whisper_export, "write_graphs", lambda *given: None)
    monkeypatch.setattr(whisper_export, "spoken", lambda context, inputs, prompt: np.zeros((2, 3, len(tiny_whisper.WORDS))))
    with pytest.raises(PostconditionFailed, match="differs from the original"):
        step.build(context(source, tmp_path / "wrong", step))


def test_static_int8_says_why_it_has_no_row():
    for name in ("onnx-int8-static", "onnx-int8-static-naive"):
        assert "two" in registry.load().methods[name].unsupported["speech-recognition"]
