"""The spoken commands: the same clips from one seed everywhere, and a recogniser that understands them."""

import json

import numpy as np
import pytest

from fixtures.errors import BenchmarkError
from fixtures.models.embedded import shipped
from fixtures.models.recipes import commands, commands_corpus, commands_speech


@pytest.fixture(scope="module")
def clips():
    return commands_corpus.clips()


def test_no_phrase_is_in_two_splits(clips):
    phrases = [{clip.phrase for clip in made} for made in clips.values()]
    assert sum(map(len, phrases)) == len(set().union(*phrases)) == sum(commands_corpus.COUNTS.values())


def test_other_clips_are_refused(monkeypatch):
    monkeypatch.setattr(commands_corpus, "SEED", commands_corpus.SEED + 1)
    with pytest.raises(BenchmarkError, match="the material of the spoken commands"):
        commands_corpus.clips()


def test_a_clip_is_the_same_every_time_and_not_clipped(clips):
    clip = clips["test"][0]
    wave = commands_corpus.audio(clip)
    assert wave.dtype == np.int16
    assert len(wave) == commands_corpus.SAMPLES
    assert np.array_equal(wave, commands_corpus.audio(clip))
    assert 0.89 < np.abs(wave).max() / 32767 < 0.91


def test_a_vowel_has_its_formants():
    voice = commands_speech.Voice(pitch=100, tract=100, pace=100, breath=0)
    for vowel in ("IY", "AA", "UW"):
        wave = commands_speech.synthesise([vowel] * 6, voice, np.random.default_rng(0))
        spectrum = np.abs(np.fft.rfft(wave[2000:6000] * np.hanning(4000)))
        hz = np.fft.rfftfreq(4000, 1 / commands_speech.RATE)
        for low, high, formant in ((150, 900, 0), (700, 2600, 1)):
            wanted = commands_speech.SOUNDS[vowel].formants[formant]
            near = spectrum[np.abs(hz - wanted) < 110].max()
            inside = (hz > low) & (hz < high)
            assert near > 3 * np.median(spectrum[inside])


def test_every_word_has_sounds_that_the_synthesiser_knows():
    known = {**commands_speech.SOUNDS, **commands_speech.DIPHTHONGS}
    assert all(sound in known for sounds in commands_corpus.WORDS.values() for sound in sounds)


def test_the_shipped_weights_understand_commands():
    recorded = json.loads((shipped("commands") / "training.json").read_text(encoding="utf-8"))
    assert recorded["test"] <= commands.TARGET
    assert (recorded["steps"], recorded["seed"]) == (commands.STEPS, 0)
