"""Rates of speaking, from answers of a worker whose numbers are known; phrases without an end; a runtime that cannot speak."""

from types import SimpleNamespace

import pytest

from fixtures import speaking
from fixtures.errors import Unsupported
from fixtures.row import Row

DATA = SimpleNamespace(
    path=None,
    attributes={
        "labelled": True,
        "reason": "",
        "splits": {"test": {"n": 5}},
        "speech": {"frames": 60, "ends": True, "frame_s": 0.032},
    },
)


def answer(frames, seconds, codec_s=0.01):
    each = [seconds / (frames + 1)] * (frames + 1)
    return {"frame_seconds": each, "frames": frames, "codec_s": codec_s, "seconds": seconds + codec_s, "stopped": True}


def row(method="bf16"):
    model = SimpleNamespace(name="speaker")
    return Row(
        SimpleNamespace(id=f"speaker:{method}:cpu", method=SimpleNamespace(name=method), model=model, device="cpu", task="t")
    )


class Side:
    """A worker whose answers are given."""

    def __init__(self, spoken=None, said=None, error=None):
        self.answers, self.error, self.calls = {"speak": spoken, "speak_all": said}, error, []

    def call(self, command, timeout, **arguments):
        assert timeout == 1.0  # the case's: speech that does not end is not waited for
        self.calls.append((command, arguments))
        if self.error:
            raise self.error
        if command == "speak_all":
            from pathlib import Path

            Path(arguments["output"]).write_bytes(b"codes")
        return self.answers[command]


def bench(tmp_path, data=DATA):
    found = SimpleNamespace(**vars(data))
    found.path = tmp_path
    options = SimpleNamespace(case_timeout=1.0, case_seconds=1.0, seed=0, nisqa_weights=None)
    return SimpleNamespace(data=lambda model: found, options=options, say=lambda text: None, scratch=tmp_path)


def test_rates_are_of_frames_and_the_real_time_factor_is_of_the_sound_that_was_made():
    made = row()
    speaking.add(made, [answer(24, 0.5)] * 6, [answer(24, 1.0)] * 6, 0.032)
    assert made.measurements["frame_rate"].value == pytest.approx(50)  # 25 steps, the end's included, in half a second
    assert made.measurements["end_to_end_time"].value == pytest.approx(0.51)
    assert made.measurements["real_time_factor"].value == pytest.approx(0.51 / (24 * 0.032))
    assert made.measurements["frame_rate"].low is not None
    assert "2.00 of its value" in made.measurements["frame_rate"].note
    assert not made.warnings


def test_another_length_than_the_originals_warns():
    made = row()
    speaking.add(made, [answer(12, 0.5)] * 6, [answer(24, 1.0)] * 6, 0.032)
    assert "72 frames, the original's 144" in made.warnings[0]


def test_a_model_that_says_nothing_has_no_rate():
    made = row()
    speaking.add(made, [answer(0, 0.1)] * 6, [answer(24, 1.0)] * 6, 0.032)
    assert "it says nothing" in made.absent["frame_rate"]
    assert not made.measurements


def test_a_phrase_without_sound_and_a_model_without_codec_have_no_number_made_up():
    made = row()
    speaking.add(made, [answer(0, 0.1, codec_s=0.0)] + [answer(24, 1.0, codec_s=0.0)] * 5, [answer(24, 1.0)] * 6, 0.032)
    assert made.absent["real_time_factor"].startswith("1 of 12 timed phrases have no sound")
    assert "no codec" in made.absent["codec_time"]
    assert set(made.measurements).isdisjoint(made.absent)


def test_phrases_without_an_end_are_a_reason_and_some_of_them_a_warning(tmp_path):
    for stopped, absent in ((0, True), (5, False)):
        made = row()
        ours = Side(answer(24, 0.5), {"stopped": stopped, "phrases": 8, "frames": 480})
        theirs = Side(answer(24, 0.5), {"stopped": 8, "phrases": 8, "frames": 200})
        speaking.take_speech(made, bench(tmp_path), ours, theirs)
        assert made.measurements["stopped_share"].value == stopped / 8
        assert f"{8 - stopped} of 8 phrases did not end within 60 frames" in made.warnings[-1]
        assert ("round_trip_wer" in made.absent) is absent


def test_the_original_speaks_the_test_once_for_all_rows(tmp_path):
    said = {"stopped": 8, "phrases": 8, "frames": 200}
    theirs = Side(answer(24, 0.5), said)
    for method in ("bf16", "fp16"):
        speaking.take_speech(row(method), bench(tmp_path), Side(answer(24, 0.5), said), theirs)
    assert [command for command, _ in theirs.calls].count("speak_all") == 1
    ours, same = speaking.spoken_files(row("original"), bench(tmp_path))
    assert ours == same


def test_a_runtime_that_cannot_speak_gives_its_reason_and_nothing_is_heard(tmp_path):
    made = row("onnx")
    refusal = Unsupported("onnxruntime runs one teacher-forced graph here")
    speaking.take_speech(made, bench(tmp_path), Side(error=refusal), Side(answer(24, 0.5)))
    speaking.listen(made, bench(tmp_path))
    assert made.absent["frame_rate"] == made.absent["round_trip_wer"] == str(refusal)
    assert not made.measurements


def test_each_round_says_another_phrase_of_the_test(tmp_path):
    ours, said = Side(answer(24, 0.001), {"stopped": 8, "phrases": 8, "frames": 200}), {"stopped": 8, "phrases": 8, "frames": 200}
    speaking.take_speech(row(), bench(tmp_path), ours, Side(answer(24, 0.001), said))
    # A round of warm-up, then eight; the split has five phrases.
    assert [asked["phrase"] for command, asked in ours.calls if command == "speak"] == [0, 0, 1, 2, 3, 4, 0, 1, 2]


def test_random_weights_are_timed_and_not_heard(tmp_path):
    data = SimpleNamespace(path=None, attributes={**DATA.attributes, "labelled": False, "reason": "random weights"})
    made = row()
    speaking.take_speech(made, bench(tmp_path, data), Side(answer(24, 0.5, 0)), Side(answer(24, 1.0, 0)))
    speaking.listen(made, bench(tmp_path, data))
    assert made.measurements["frame_rate"].value == pytest.approx(50)
    assert made.absent["round_trip_wer"] == "random weights"
    assert "codec_time" not in made.measurements
