"""What the recogniser is given to hear, and what is made of its transcripts."""

import numpy as np
import pytest

from fixtures.metrics import round_trip

SAID = ["turn on light", "open red door", "set lamp blue", "no more music"] * 3


def test_a_clip_has_the_speech_at_its_place_and_noise_25_decibels_under_it():
    wave = np.sin(np.arange(16000) / 5).astype(np.float32) * 0.01  # quiet speech is brought to one level
    clip = round_trip.recorded(wave, 32000, 0)
    assert clip.shape == (32000,)
    assert np.abs(clip).max() == pytest.approx(0.9)
    speech, noise = clip[round_trip.START :][:16000], clip[round_trip.START + 16000 :]
    assert 10 * np.log10(np.square(speech).mean() / np.square(noise).mean()) == pytest.approx(25, abs=0.3)
    assert np.array_equal(clip, round_trip.recorded(wave, 32000, 0))


@pytest.mark.parametrize("samples", [0, 40000])
def test_no_speech_and_more_than_the_window_are_heard_as_far_as_they_go(samples):
    clip = round_trip.recorded(np.ones(samples, np.float32), 32000, 0)
    assert clip.shape == (32000,)
    assert np.isfinite(clip).all()


def test_the_ceilings_stand_beside_the_word_error_rate():
    heard = ["turn on lamp", *SAID[1:]]  # one word of 36
    coded = [SAID[0], "open red", *SAID[2:]]
    found = round_trip.errors(SAID, heard, None, {"natural": SAID, "codec": coded})
    measured = found["measurements"]
    assert measured["round_trip_wer"]["value"] == pytest.approx(1 / 36)
    assert measured["round_trip_wer"]["primary"]
    assert measured["natural_wer"]["value"] == 0
    assert measured["codec_wer"]["value"] == pytest.approx(1 / 36)
    assert not measured["natural_wer"]["primary"]
    assert "natural speech 0.000; codec speech 0.028" in measured["round_trip_wer"]["note"]


def test_errors_are_paired_with_the_originals_and_more_of_them_are_worse():
    heard = [text.replace(text.split()[1], "zero") for text in SAID]
    found = round_trip.errors(SAID, heard, SAID, {})["measurements"]["round_trip_wer"]
    assert found["paired"]["difference"] == pytest.approx(1 / 3)
    assert found["paired"]["verdict"] == "worse"


def test_speech_that_nobody_understands_warns_and_does_not_fail_the_row():
    found = round_trip.errors(SAID, ["zero zero zero zero"] * len(SAID), None, {})
    assert not found["at_chance"]
    assert "spoken phrases: WER" in found["warnings"][0]
