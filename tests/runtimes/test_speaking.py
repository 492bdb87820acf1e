"""The same tiny speaker teacher forced and speaking with its two caches: one model, one set of answers, in every runtime that opens it."""

import numpy as np
import pytest

from fixtures import registry
from fixtures.artifact import open_artifact
from fixtures.errors import Unsupported
from fixtures.registry import BuildContext
from fixtures.worker import speech
from tests import tiny_speaker


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return tiny_speaker.original(tmp_path_factory.mktemp("speaker") / "original")


def opened(artifact, runtime="torch"):
    return registry.load().runtimes[runtime].open(artifact, "cpu", 1)


def scored(session, ids):
    return session.to_numpy(session.run(session.prepare({"input_ids": ids})))


def test_a_call_gives_every_next_frame_the_codes_of_each_codebook_and_the_first_one_the_end(source):
    logits = scored(opened(source), tiny_speaker.phrases(2))
    assert logits.shape == (2, 7, 3, 9)
    assert (logits[:, :, 1:, 8] < -1000).all()  # only the first codebook can end the speech
    assert (logits[:, :, 0, 8] > -1000).all()


def test_what_is_spoken_with_caches_is_what_the_teacher_forced_logits_prefer(source):
    session = opened(source)
    prompt = tiny_speaker.phrases(4, frames=0)
    codes, lengths, seconds = session.speak(prompt, 6, ends=False)
    assert codes.shape == (4, 6, 3)
    assert lengths.tolist() == [6] * 4
    assert len(seconds) == 6
    frames = np.concatenate([codes[..., :1] + tiny_speaker.CONFIG["semantic_begin"], codes], -1)
    logits = scored(session, np.concatenate([prompt, frames], 1))[:, 2:]
    assert np.array_equal(logits[..., :8].argmax(-1), codes)


def test_speaking_stops_where_the_end_is_preferred_and_counts_the_frames_before_it(source):
    session = opened(source)
    for ends_after in (0, 2):
        session.module.first_logits = ending(session.module, ends_after)
        codes, lengths, seconds = session.speak(tiny_speaker.phrases(2, frames=0), 6, ends=True)
        assert lengths.tolist() == [ends_after] * 2
        assert codes.shape == (2, ends_after, 3)
        assert len(seconds) == ends_after + 1
        assert session.speak(tiny_speaker.phrases(2, frames=0), 6, ends=False)[1].tolist() == [6, 6]


def ending(module, calls):
    """first_logits that prefers the end after so many frames."""
    import torch

    made = []

    def logits(hidden):
        found = torch.zeros(len(hidden), 9)
        found[:, 8] = 1.0 if len(made) % 7 == calls else -1.0
        made.append(1)
        return found

    return logits


def test_codes_of_a_word_do_not_matter_and_those_of_a_frame_do(source):
    session, ids = opened(source), tiny_speaker.phrases(1)
    expected = scored(session, ids)
    word, frame = ids.copy(), ids.copy()
    word[:, 0, 1:] = 5
    frame[:, 4, 2] = (frame[:, 4, 2] + 1) % 8
    assert np.array_equal(scored(session, word), expected)
    changed = np.abs(scored(session, frame) - expected).max((0, 2, 3))
    assert changed[:3].max() == 0  # causal: what comes before it does not know
    assert changed[4:].min() > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx", "torch-int8-dynamic", "torchao-int8-weight-only"])
def test_a_compressed_speaker_scores_like_the_original_and_says_whether_it_can_speak(source, tmp_path, name):
    method, current = registry.load().methods[name], source

    def calibration(count):
        yield from ({"input_ids": tiny_speaker.phrases(1, seed=index + 9)} for index in range(count))

    from fixtures import artifact as artifacts

    for index, step in enumerate(method.steps):
        output = tmp_path / f"{index}"
        output.mkdir()
        attributes = dict(step.build(BuildContext(current, output, step.params, 0, 1, "text-to-speech", calibration)))
        entry = {"step": step.name, "params": dict(step.params)}
        draft = artifacts.describe(output, f"{name}-{index}", step.gives, attributes, [*current.lineage, entry])
        step.check(current, draft, step.params)
        artifacts.write_manifest(draft)
        current = open_artifact(output)
    session, ids = opened(current, method.runtime), tiny_speaker.phrases(2, frames=7)
    expected, found = scored(opened(source), ids)[..., :8], scored(session, ids)[..., :8]
    assert np.abs(found - expected).mean() < {"onnx": 1e-4}.get(name, 0.2) * np.abs(expected).mean()
    if name == "onnx":
        with pytest.raises(Unsupported, match="one teacher-forced graph"):
            speech.speaker({"session": session})
    else:
        assert session.speak(tiny_speaker.phrases(1, frames=0), 3, ends=False)[0].shape == (1, 3, 3)


def test_the_published_size_has_the_parameters_that_its_published_weights_have(tmp_path):
    """fish-speech-1.5's weights are 1.28 GB in bfloat16: 638 million parameters."""
    import json

    import torch

    from fixtures.models import torch_format

    twin = registry.load().models["fish-speech-twin"]
    described = {name: value for name, value in twin.source.architecture.items() if name != "config"}
    (tmp_path / "architecture.json").write_text(json.dumps(described), encoding="utf-8")
    (tmp_path / "config.json").write_text(json.dumps(twin.source.architecture["config"]), encoding="utf-8")
    with torch.device("meta"):
        module = torch_format.build_module(tmp_path)
    counted = sum(parameter.numel() for parameter in module.parameters())
    assert counted == pytest.approx(twin.parameters, rel=0.002)
    assert module.slow.config.rope_parameters["rope_theta"] == 1e6
