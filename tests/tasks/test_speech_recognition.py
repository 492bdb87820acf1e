"""Sound files to features and prompts: what is heard, and what is refused with a reason."""

import json

import numpy as np
import pytest
import soundfile

from fixtures.errors import UsageError
from fixtures.models import from_transformers, hub
from fixtures.registry import DataSource
from fixtures.tasks import audio, speech_recognition
from fixtures.tasks.log_mel import log_mel
from tests import tiny_whisper

FORM = audio.Form(mels=80, samples=32000, prompt=(1,), tokens=8, end=0, filler=0, vocabulary=50)


def tone(seconds=0.5, rate=16000, level=0.5):
    return (level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def raw(tmp_path, wave, rate=16000):
    path = tmp_path / "clip.wav"
    soundfile.write(path, wave, rate, subtype="PCM_16")
    return path.read_bytes()


def test_features_are_those_of_whispers_own_extractor():
    from fixtures.models.torchvision_operators import define_missing_operators

    define_missing_operators()
    import transformers

    wave = np.random.default_rng(0).standard_normal(32000).astype(np.float32) * 0.1 + np.pad(tone(), (0, 24000))
    for mels in (80, 128):
        extractor = transformers.WhisperFeatureExtractor(feature_size=mels, chunk_length=2)
        expected = extractor(wave, sampling_rate=16000, return_tensors="np").input_features
        assert np.abs(log_mel(wave[None], mels) - expected).max() < 1e-4


def test_a_clip_is_followed_by_silence_up_to_the_window(tmp_path):
    heard = audio.decode(raw(tmp_path, tone()), FORM, "clip")
    assert heard.shape == (32000,)
    assert np.abs(heard[:8000] - tone()).max() < 1e-3
    assert not heard[8000:].any()


def test_two_channels_become_one(tmp_path):
    heard = audio.decode(raw(tmp_path, np.stack([tone(), -tone()], 1) + 0.1), FORM, "clip")
    assert np.abs(heard[:8000] - 0.1).max() < 1e-3


@pytest.mark.parametrize(
    ("wave", "rate", "said"),
    [
        (tone(rate=8000), 8000, "sampled at 8000 Hz, the model hears 16000 Hz: convert it"),
        (np.zeros(0, np.float32), 16000, "an empty clip: take it out"),
        (np.zeros(8000, np.float32), 16000, "a silent clip: take it out"),
        (tone(3.0), 16000, "3.0 s long, the model hears 2 s at once: cut it"),
    ],
)
def test_sound_that_would_be_heard_wrongly_is_one_clear_error(tmp_path, wave, rate, said):
    with pytest.raises(UsageError, match=f"line 3: {said}"):
        audio.decode(raw(tmp_path, wave, rate), FORM, "line 3")


def test_a_file_that_is_no_sound_is_one_clear_error():
    with pytest.raises(UsageError, match="line 3: not a readable sound file"):
        audio.decode(b"RIFF, but not really", FORM, "line 3")


def test_clipping_is_seen_and_a_loud_clip_is_not_clipped():
    assert audio.is_clipped(np.clip(tone(level=3.0), -1, 1))
    assert not audio.is_clipped(tone(level=0.99))


def labelled(tmp_path, clips, level=0.5):
    lines = []
    for index in range(clips):
        soundfile.write(tmp_path / f"{index}.wav", tone(0.2 + 0.01 * index, level=level), 16000, subtype="PCM_16")
        lines.append(json.dumps({"audio": f"{index}.wav", "text": "turn on"}))
    (tmp_path / "clips.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return DataSource("file", str(tmp_path / "clips.jsonl"))


def test_a_folder_in_hub_layout_becomes_an_original_and_data(tmp_path):
    folder, model, output = tmp_path / "hub", tmp_path / "model", tmp_path / "data"
    model.mkdir()
    tiny_whisper.published(folder)
    assert hub.infer_task(folder) == "speech-recognition"
    facts = from_transformers.write(folder, model, "speech-recognition", "AutoModelForSpeechSeq2Seq", False, False)
    assert facts["input_names"] == ["input_features", "decoder_input_ids"]
    decoding = json.loads((model / "architecture.json").read_text(encoding="utf-8"))["decoding"]
    assert decoding == {"tokens": 8, "prompt": [1, 2, 3, 4], "end": 0, "suppress": [7], "suppress_first": [0]}

    described = speech_recognition.prepare(model, labelled(tmp_path, 12), output, {})
    assert described["labelled"]
    test, calibration = output / "test", output / "calibration"
    assert (np.load(test / "decoder_input_ids.npy") == [1, 2, 3, 4]).all()  # the prompt, and none of what was said
    turn_on = [1, 2, 3, 4, tiny_whisper.WORDS.index("turn"), tiny_whisper.WORDS.index("on")]
    assert np.load(calibration / "decoder_input_ids.npy")[0].tolist() == turn_on
    assert np.load(test / "input_features.npy").shape[1:] == (80, 40)
    assert json.loads((test / "texts.json").read_text(encoding="utf-8"))[0] == "turn on"


def test_clipped_clips_are_a_warning(tmp_path):
    model = tmp_path / "model"
    tiny_whisper.original(model)
    described = speech_recognition.prepare(model, labelled(tmp_path, 12, level=5.0), tmp_path / "data", {})
    assert any("12 clips are clipped" in warning for warning in described["warnings"])


def test_texts_longer_than_a_transcript_may_be_are_a_warning(tmp_path):
    model = tmp_path / "model"
    tiny_whisper.original(model)  # writes 6 tokens at most
    source = labelled(tmp_path, 12)
    path = tmp_path / "clips.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace("turn on", "turn on off turn on off light"), encoding="utf-8")
    described = speech_recognition.prepare(model, source, tmp_path / "data", {})
    assert f"{described['splits']['test']['n']} texts are longer than the 6 tokens" in " ".join(described["warnings"])


def test_a_row_without_words_names_its_line(tmp_path):
    model = tmp_path / "model"
    tiny_whisper.original(model)
    source = labelled(tmp_path, 12)
    path = tmp_path / "clips.jsonl"
    path.write_text(path.read_text(encoding="utf-8") + '\n{"audio": "1.wav", "text": " "}', encoding="utf-8")
    with pytest.raises(UsageError, match="line 13: text must be what is said"):
        speech_recognition.prepare(model, source, tmp_path / "data", {})


def retokenized(model, words):
    """The model's folder with a tokenizer of other words."""
    described = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    described["model"]["vocab"] = {word: index for index, word in enumerate(words)}
    described["added_tokens"] = [entry for entry in described["added_tokens"] if entry["id"] < len(words)]
    (model / "tokenizer.json").write_text(json.dumps(described), encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            [*tiny_whisper.WORDS[:5], "red", "off", "light", "dim", "on", "turn"],
            "gives token 10, but the model has 10 embeddings",
        ),
        (["turn", "on"], r"begins or ends a text with token \d, but its tokenizer has [2-4] tokens"),
    ],
)
def test_a_tokenizer_of_another_model_is_an_error_that_says_so(tmp_path, words, says):
    model = tmp_path / "model"
    tiny_whisper.original(model)
    retokenized(model, words)
    with pytest.raises(UsageError, match=f"{says}.*belongs to another model"):
        speech_recognition.prepare(model, labelled(tmp_path, 12), tmp_path / "data", {})


def test_random_sounds_have_no_texts_and_say_why(tmp_path):
    model = tmp_path / "model"
    tiny_whisper.original(model)
    described = speech_recognition.prepare(model, DataSource("random"), tmp_path / "data", {})
    assert not described["labelled"]
    assert described["reason"]
    assert not (tmp_path / "data" / "test" / "labels.npy").exists() or described["reason"]


def test_a_twin_hears_random_sounds(tmp_path):
    import torch

    from fixtures.models import torch_format, twin
    from fixtures.registry import Twin

    config = {**json.loads(tiny_whisper.module().config.to_json_string()), "model_type": "whisper"}
    described = {
        "library": "transformers",
        "auto_class": "AutoModelForSpeechSeq2Seq",
        "input_names": ["input_features", "decoder_input_ids"],
        "decoding": tiny_whisper.DECODING,
    }
    facts = twin.write(Twin({**described, "config": config}), tmp_path, 1)
    assert facts["parameters"] == sum(
        tensor.numel() for tensor in torch_format.stored_once(tiny_whisper.module().state_dict()).values()
    )
    sounds = twin.noise(tmp_path, 0, 1)[0]
    assert sounds["input_features"].shape == (2, 80, 40)
    assert not torch.equal(sounds["input_features"][0], sounds["input_features"][1])
