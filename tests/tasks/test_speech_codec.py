"""Sound to codes and back: what the transform, the quantizer and the inversion must keep."""

import numpy as np
import pytest

from fixtures.errors import ArtifactCorrupted
from fixtures.tasks import speech_codec
from fixtures.tasks.log_mel import RATE


def tone(hz, seconds=0.512):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def loudest_hz(wave):
    return np.abs(np.fft.rfft(wave)).argmax() * RATE / len(wave)


def test_a_waveform_is_its_spectrum_and_the_inverse_gives_it_back():
    wave = np.random.default_rng(0).standard_normal(16 * speech_codec.SAMPLES)
    back = speech_codec.inverse(speech_codec.spectrum(wave), len(wave))
    inner = slice(speech_codec.WINDOW, -speech_codec.WINDOW)
    assert np.abs(back[inner] - wave[inner]).max() < 1e-9


def test_a_frame_stands_for_32_milliseconds():
    assert speech_codec.FRAME_S == 0.032
    assert speech_codec.vectors(tone(440)).shape == (16, 160)


@pytest.mark.parametrize("hz", [300, 1000, 3000])
def test_a_tone_stays_at_its_pitch_through_mels_and_griffin_lim(hz):
    assert loudest_hz(speech_codec.waveform(speech_codec.vectors(tone(hz)))) == pytest.approx(hz, rel=0.1)


def test_spread_amplitudes_have_the_mel_spectrum_that_was_asked_more_nearly_with_every_step(monkeypatch):
    mels = np.exp(speech_codec.vectors(tone(1000)).reshape(-1, speech_codec.MELS))
    bank = speech_codec.filters(speech_codec.MELS, speech_codec.WINDOW)

    def error(steps):
        monkeypatch.setattr(speech_codec, "SPREAD_STEPS", steps)
        found = speech_codec.spread(mels)
        assert found.min() >= 0
        return np.square(found @ bank - mels).sum()

    # The pseudo-inverse with its negative part cut off, and multiplicative steps from there.
    assert error(15) < 0.9 * error(3) < 0.9 * error(0)


def test_each_codebook_takes_the_nearest_entry_of_what_the_ones_before_it_leave():
    books = np.zeros((2, 2, 160), np.float32)
    books[0, 1], books[1, 1] = 4.0, -1.0  # 3 is nearest to 4, which leaves -1
    assert speech_codec.encode(np.full((1, 160), 3.0, np.float32), books).tolist() == [[1, 1]]
    assert speech_codec.encode(np.zeros((1, 160), np.float32), books).tolist() == [[0, 0]]


def test_more_codebooks_are_closer():
    found = np.random.default_rng(0).standard_normal((64, 160)).astype(np.float32)
    books = np.stack([found[:16], found[16:32] * 0.5, found[32:48] * 0.25])
    codes = speech_codec.encode(found, books)
    rest = [np.square(found - sum(books[q][codes[:, q]] for q in range(count))).mean() for count in (1, 2, 3)]
    assert rest[0] > rest[1] > rest[2]


def test_a_file_that_is_no_codec_is_refused(tmp_path):
    (tmp_path / "codec.npy").write_bytes(b"not an array")
    with pytest.raises(ArtifactCorrupted, match="not a readable codec"):
        speech_codec.load(tmp_path / "codec.npy")
    np.save(tmp_path / "codec.npy", np.zeros((3, 256, 80), np.float32))
    with pytest.raises(ArtifactCorrupted, match="vectors of 160, found shape"):
        speech_codec.load(tmp_path / "codec.npy")
