"""The same tiny recogniser in every runtime: same transcripts as transformers' own decoding, same cache, one set of weights on disk."""

import dataclasses
import sys

import numpy as np
import pytest

from fixtures import pipelines, registry
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


STEPS = {}  # steps that several methods share are built once for all tests of this file


def made(source, name):
    method, current = registry.load().methods[name], source
    for index, step in enumerate(method.steps):
        place = tuple(step.name for step in method.steps[: index + 1])
        if place not in STEPS:
            STEPS[place] = finished(current, step, source.path.parent / "-".join(place))
        current = STEPS[place]
    return registry.load().runtimes[method.runtime].open(current, "cpu", 1), current, method


def finished(source, step, output):
    from fixtures import artifact as artifacts

    attributes = dict(step.build(context(source, output, step)))
    entry = {"step": step.name, "params": dict(step.params)}
    draft = artifacts.describe(output, output.name, step.gives, attributes, [*source.lineage, entry])
    step.check(source, draft, step.params)
    artifacts.write_manifest(draft)
    return open_artifact(output)


def answers(session, batch):
    return session.to_numpy(session.run(session.prepare(batch)))


def test_torch_writes_what_transformers_generate_writes(source):
    import torch

    session, _, _ = made(source, "original")
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
def test_onnx_graphs_write_the_same_and_hold_each_weight_once(source):
    from fixtures.probes.audit import audit

    session, artifact, method = made(source, "onnx")
    expected, _, _ = made(source, "original")
    for count in (1, 3):
        assert answers(session, heard(count)).tolist() == answers(expected, heard(count)).tolist()
    assert {file.path for file in artifact.files if file.role == "graph"} == {"encoder.onnx", "decoder.onnx"}
    audit(method, artifact, session.facts(), session.weights(), "cpu", 1, original=source)
    with pytest.raises(Unsupported, match="copied for every token"):
        registry.load().runtimes["onnxruntime"].open(artifact, "cuda", 1)


@pytest.mark.slow
def test_openvinos_graphs_write_the_same_and_hold_each_weight_once(source):
    from fixtures.probes.audit import audit

    session, artifact, method = made(source, "openvino")
    expected, _, _ = made(source, "original")
    for count in (1, 3, 1):
        assert answers(session, heard(count)).tolist() == answers(expected, heard(count)).tolist()
    assert {file.path for file in artifact.files if file.role == "weights"} == {"encoder.bin", "decoder.bin"}
    audit(method, artifact, session.facts(), session.weights(), "cpu", 1, original=source)
    spare = dataclasses.replace(artifact.files[0], path="model.xml", role="graph")
    with pytest.raises(PostconditionFailed, match="never loaded"):
        audit(method, dataclasses.replace(artifact, files=(*artifact.files, spare)), session.facts(), session.weights(), "cpu", 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx-int8-dynamic", "openvino-int8"])
def test_int8_is_int8_in_both_graphs(source, name):
    from fixtures.probes.audit import audit

    session, artifact, method = made(source, name)
    audit(method, artifact, session.facts(), session.weights(), "cpu", 1, original=source)
    assert all(part.facts()["dtype"] == "int8" for part in session.parts)
    assert answers(session, heard(2)).shape == (2, 6)


@pytest.mark.slow
def test_packed_weights_are_packed_in_both_graphs(source):
    from fixtures.probes.audit import audit

    session, artifact, method = made(source, "openvino-int8-weights")
    audit(method, artifact, session.facts(), session.weights(), "cpu", 1, original=source)
    for part in session.parts:
        assert part.weights()["parameters_by_dtype"]["uint8"] > 0
    assert answers(session, heard(2)).shape == (2, 6)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="smaps are Linux's")
def test_an_opened_openvino_recogniser_has_packed_its_weights_and_given_their_files_back(source):
    from tests.runtimes.test_openvino_mapped import resident

    session, artifact, _ = made(source, "openvino-int8-weights")
    assert [resident(artifact.path / name) for name in ("encoder.bin", "decoder.bin")] == [0, 0]
    before = answers(session, heard(2))
    assert (answers(session, heard(2)) == before).all()


@pytest.mark.slow
def test_what_is_not_packed_computes_in_the_type_that_is_asked_for(source):
    step = pipelines.resolve("openvino-int8-weights@rest=bf16", registry.load().methods).steps[-1]
    assert step.params["rest"] == "bf16"
    _, fp32, _ = made(source, "openvino")
    artifact = finished(fp32, step, source.path.parent / "packed-bf16")
    session = registry.load().runtimes["openvino"].open(artifact, "cpu", 1)
    assert [part.facts()["precision_hint"] for part in session.parts] == ["bf16", "bf16"]
    assert answers(session, heard(1)).shape == (1, 6)


@pytest.mark.slow
def test_a_decoder_is_calibrated_with_what_it_is_given_while_it_decodes(source):
    """The prompt at once, then each token of the text with the cache of those before it; every pass gives the same."""
    from fixtures.methods.whisper_calibration import DecoderInputs

    session, _, _ = made(source, "openvino")
    inputs = DecoderInputs(session, list(taught(2)))
    lengths = [(given["input_ids"].shape[1], given["past_keys_0"].shape[2]) for given in inputs]
    assert lengths == [(4, 0), (1, 4), (1, 5)] * 2
    assert len(inputs) == len(lengths)
    first, again = (next(iter(inputs)) for _ in range(2))
    assert all((first[name] == again[name]).all() for name in first)


def test_a_graph_that_answers_otherwise_is_refused(source, tmp_path, monkeypatch):
    step = registry.load().methods["onnx"].steps[0]
    monkeypatch.setattr(whisper_export, "write_graphs", lambda *given: None)
    monkeypatch.setattr(
        whisper_export, "spoken", lambda folder, format, inputs, threads: np.zeros((2, 3, len(tiny_whisper.WORDS)))
    )
    with pytest.raises(PostconditionFailed, match="differs from the original"):
        step.build(context(source, tmp_path / "wrong", step))


def test_static_int8_says_why_it_has_no_row():
    for name in ("onnx-int8-static", "onnx-int8-static-naive"):
        assert "two" in registry.load().methods[name].unsupported["speech-recognition"]


def teachable():
    """Two batches of seeded sounds with the words that the tiny recogniser should say."""
    from fixtures.training.data import TrainingData

    def batch(seed):
        ids = np.random.default_rng(seed).integers(5, len(tiny_whisper.WORDS), (4, 3))
        given = np.concatenate([np.full((4, 1), 4), ids], 1)
        wanted = np.concatenate([ids, np.zeros((4, 1), int)], 1)
        return {"input_features": heard(4, seed)["input_features"], "decoder_input_ids": given}, wanted

    def batches(seed):
        while True:
            yield batch(seed)

    return TrainingData(batches, batch(99))


@pytest.mark.parametrize("name", ["student-decoder50", "distil-decoder50"])
def test_a_student_has_half_of_the_decoder_and_the_encoder_as_it_was(source, tmp_path, name):
    from fixtures.models import torch_format

    step = registry.load().methods[name].steps[0]
    params = {**step.params, "steps": 3}
    given = dataclasses.replace(context(source, tmp_path / "made", step), params=params, training=teachable)
    result = finish(given, step, source)
    evidence = step.check(source, result, params)
    assert evidence["dropped"] == ["model.decoder.layers.1"]
    assert evidence["training"]["steps"] == 3
    assert ("parts" in evidence["training"]) == (name == "distil-decoder50")
    session = registry.load().runtimes["torch"].open(result, "cpu", 1)
    assert answers(session, heard(2)).shape == (2, 6)
    state = torch_format.read_state(result)
    state["model.encoder.layer_norm.weight"] = state["model.encoder.layer_norm.weight"] + 1
    (tmp_path / "touched").mkdir()
    torch_format.save_state(state, result.path, tmp_path / "touched")
    with pytest.raises(PostconditionFailed, match="the encoder was to stay as it is"):
        step.check(source, described(tmp_path / "touched", result.attributes, step, source), params)


def test_a_student_without_training_data_says_so(source, tmp_path):
    step = registry.load().methods["distil-decoder50"].steps[0]
    made = finish(context(source, tmp_path / "made", step), step, source)
    assert made.attributes["training"]["steps"] == 0
    assert "keeps the teacher's weights" in made.attributes["training"]["reason"]


def finish(given, step, source):
    return described(given.output, dict(step.build(given)), step, source)


def described(path, attributes, step, source):
    from fixtures import artifact as artifacts

    return artifacts.describe(path, path.name, step.gives, attributes, [*source.lineage, {"step": step.name}])
