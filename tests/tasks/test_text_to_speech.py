"""The phrases that a speaker is judged on: what is scored, what is random, what the shipped model's own recipe says of it."""

import json

import numpy as np
import pytest

from fixtures import registry
from fixtures.errors import BenchmarkError, Unsupported
from fixtures.models import hub
from fixtures.models.embedded import shipped
from fixtures.models.recipes import phrases, phrases_codes, phrases_corpus
from fixtures.registry import DataSource
from fixtures.tasks import text_to_speech
from tests import tiny_speaker


@pytest.fixture(scope="module")
def few():
    """The first phrases of every split, their audio and codes as a run prepares them."""
    return {split: texts[:6] for split, texts in phrases_corpus.phrases().items()}


def test_phrases_of_one_split_are_in_no_other_and_their_words_are_the_recognisers():
    found = phrases_corpus.phrases()
    assert {split: len(texts) for split, texts in found.items()} == phrases_corpus.COUNTS
    everything = [text for texts in found.values() for text in texts]
    assert len(set(everything)) == len(everything)
    assert {word for text in everything for word in text.split()} <= set(phrases_codes.VOCABULARY)


def test_other_phrases_than_the_scored_ones_are_refused(monkeypatch):
    monkeypatch.setattr(phrases_corpus, "SEED", 1)
    with pytest.raises(BenchmarkError, match="the material of the phrases"):
        phrases_corpus.phrases()


def test_the_audio_of_a_phrase_is_whole_frames_and_the_same_every_time():
    first, again = (phrases_corpus.audio("turn on kitchen light") for _ in range(2))
    assert np.array_equal(first, again)
    assert len(first) == phrases_corpus.frames("turn on kitchen light") * phrases.speech_codec.SAMPLES
    assert 0.5 < np.abs(first).max() <= 0.9


def test_a_row_of_tokens_is_the_words_the_start_the_frames_and_the_end():
    rows = phrases_codes.tokens("red light", np.array([[7, 8, 9], [1, 2, 3]]))
    word = phrases_codes.VOCABULARY.index
    assert rows[:, 0].tolist() == [word("red"), word("light"), 1, 50 + 7, 50 + 1, 0]
    assert rows[3:5, 1:].tolist() == [[7, 8, 9], [1, 2, 3]]
    ids, labels = phrases_codes.padded([rows], 9)
    assert ids[0, 6:, 0].tolist() == [0, 0, 0]
    assert labels[0].tolist() == [[-100] * 3] * 2 + [[7, 8, 9], [1, 2, 3], [256, -100, -100]] + [[-100] * 3] * 3


def test_replaced_codes_are_few_and_never_words():
    import torch

    ids, _ = phrases_codes.padded([phrases_codes.tokens("red light", np.full((40, 3), 5))] * 8, 44)
    changed = phrases_codes.replaced(torch.from_numpy(ids), np.random.default_rng(0)).numpy()
    frames = ids[..., 0] >= 50
    assert np.array_equal(changed[~frames], ids[~frames])
    assert np.array_equal(changed[frames][:, 0], 50 + changed[frames][:, 1])
    assert (changed[frames][:, 1:] != 5).mean() == pytest.approx(phrases_codes.REPLACED, abs=0.02)


def test_the_data_of_the_shipped_model_are_its_codec_phrases_and_natural_speech(few, tmp_path, monkeypatch):
    monkeypatch.setattr(phrases_corpus, "phrases", lambda: few)
    content = phrases.write_splits(shipped("phrases"), tmp_path)
    assert content["labelled"]
    assert content["speech"] == {"frames": 60, "ends": True, "frame_s": 0.032}
    test = tmp_path / "test"
    ids, prompt = np.load(test / "input_ids.npy"), np.load(test / "prompt.npy")
    assert ids.shape == (6, phrases.TOKENS, 4)
    assert json.loads((test / "texts.json").read_text()) == few["test"]
    assert (ids[np.arange(6), prompt - 1, 0] == phrases.CONFIG["start"]).all()
    natural, codes = np.load(test / "natural.npz"), np.load(test / "codes.npz")
    seconds = np.diff(natural["bounds"], axis=1)[:, 0] / 16000
    assert np.allclose(seconds, codes["lengths"] * 0.032)
    groups = [set(np.load(tmp_path / split / "groups.npy").tolist()) for split in ("calibration", "validation", "test")]
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_the_shipped_model_is_of_the_recipe_that_stands_here():
    folder = shipped("phrases")
    assert json.loads((folder / "config.json").read_text()) == phrases.CONFIG
    assert json.loads((folder / "architecture.json").read_text()) == phrases.ARCHITECTURE
    training = json.loads((folder / "training.json").read_text())
    assert training["steps"] == phrases.STEPS
    assert training["test"] < 2.0  # nats a code; the codes' frequencies alone give 5.2


def test_random_phrases_score_frames_only_and_never_end(tmp_path):
    model = tiny_speaker.original(tmp_path / "model")
    (tmp_path / "data").mkdir()
    content = text_to_speech.prepare(model.path, DataSource("random"), tmp_path / "data", {})
    assert not content["labelled"]
    assert content["speech"]["ends"] is False
    ids, labels = (np.load(tmp_path / "data" / "test" / f"{name}.npy") for name in ("input_ids", "labels"))
    frame = (ids[..., 0] >= 12) & (ids[..., 0] < 20)
    assert np.array_equal(frame[:, 1:], (labels != -100).all(-1))
    assert (ids[..., 0] != 0).all()
    assert np.array_equal(ids[frame][:, 0], 12 + ids[frame][:, 1])


def test_recordings_of_the_users_own_are_refused_with_what_is_measured_instead(tmp_path):
    with pytest.raises(Unsupported, match="coded by the model's own codec.*the twin"):
        text_to_speech.prepare(tmp_path, DataSource("file", "mine.jsonl"), tmp_path, {})


def test_a_model_of_another_task_is_not_taken_for_a_speaker():
    assert hub.infer_task({"architectures": ["BertForTokenClassification"]}) == "token-classification"


def test_published_weights_say_which_package_loads_them(tmp_path):
    from fixtures.models.materialise import materialise

    with pytest.raises(Unsupported, match=r"package of their own \(fish-speech 0.1.0"):
        materialise(registry.load().models["fish-speech-1.5"], tmp_path / "out", {})


def test_the_default_selection_has_no_speaker():
    assert not any(model.default for model in registry.load().models.values() if model.task == text_to_speech.NAME)
