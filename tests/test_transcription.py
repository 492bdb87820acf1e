"""A timed transcript that is longer or shorter than the original's is told beside its times."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fixtures import transcription
from fixtures.decoding import greedy
from fixtures.tasks.speech_recognition import HEARD
from fixtures.worker import serve
from reports.speed import OTHER_WORK

PROMPT = np.ones((1, 4), np.int64)
END = 0


class Recogniser:
    """Writes its end as the token after `words` others, whatever it hears."""

    def __init__(self, words):
        self.words = words

    def encode(self, features):
        return -1

    def step(self, state, ids):
        chosen = END if state + 1 == self.words else 5
        return np.eye(8, dtype=np.float32)[[chosen] * len(ids)], state + 1

    def run(self, prepared):
        return greedy(self, None, prepared, {"tokens": 20, "end": END, "suppress": [], "suppress_first": []})


class Worker:
    """Answers `transcribe` with fixed times, and every other command as a worker does."""

    def __init__(self, words):
        self.state = {"session": Recogniser(words), "batch": PROMPT}

    def call(self, command, timeout, **arguments):
        assert timeout == 1.0  # the case's: a transcript that does not end is not waited for
        if command == "transcribe":
            # Clip 3 is said to be longer than the others.
            tokens = 9 if arguments["clip"] == 3 else 2
            clip_s = 5.0 if arguments["clip"] == 3 else 1.0
            heard = {"clip": arguments["clip"], "clip_s": clip_s, "features_s": 0.1}
            return {**heard, "model_s": tokens, "encoder_s": 0.5, "steps_s": [0.1] * tokens}
        return serve.find(command)(self.state, **arguments)


@dataclass
class Row:
    case: Any = field(default_factory=lambda: SimpleNamespace(model="tiny", id="tiny-some"))
    measurements: dict = field(default_factory=dict)
    warnings: list = field(default_factory=list)
    conditions: dict = field(default_factory=dict)

    def add(self, name, value, unit, direction, role, n=1, **more):
        self.measurements[name] = (value, more.get("note", ""))


@pytest.fixture
def bench(tmp_path):
    data = SimpleNamespace(path=tmp_path, attributes={"window_s": 30.0})
    options = SimpleNamespace(seed=0, case_timeout=1.0, case_seconds=1000.0)
    return SimpleNamespace(data=lambda model: data, options=options, say=lambda text: None)


def taken(bench, words, expected):
    row = Row()
    transcription.take_transcription(row, bench, Worker(words), Worker(expected))
    return row


def test_a_timed_call_that_stops_early_is_told_with_both_numbers(bench):
    row = taken(bench, 4, 12)
    assert row.measurements["decoded_tokens"] == (5, "longest transcript of the timed call, the original's 13")
    assert len(row.warnings) == 1
    assert "its timed call writes 5 tokens, the original's 13" in row.warnings[0]
    assert "not comparable" in row.warnings[0]
    assert row.conditions[OTHER_WORK] == row.warnings[0]


def test_one_token_of_twenty_more_is_told_and_keeps_its_speed(bench):
    row = taken(bench, 18, 17)
    assert "19 tokens, the original's 18" in row.warnings[0]
    assert row.conditions == {}


def test_a_timed_call_as_long_as_the_originals_is_not_warned_of(bench):
    row = taken(bench, 12, 12)
    assert row.measurements["decoded_tokens"][0] == 13
    assert row.warnings == []


def test_every_round_hears_another_clip_and_the_note_says_how_much_was_written(bench):
    row = taken(bench, 4, 4)
    value, note = row.measurements["end_to_end_time"]
    assert (value, note.split(", ")[:2]) == (pytest.approx(2.1), [f"{HEARD} clips of 1 to 5 s", "2 to 9 tokens"])
    bench.options.case_seconds = 0.0
    assert (
        taken(bench, 4, 4).measurements["end_to_end_time"][1].startswith("1 clip of 1 s, 2 tokens, in windows of 30 s, 1 rounds")
    )


def test_the_real_time_factor_is_of_the_seconds_that_were_spoken_and_not_of_the_window(bench):
    value, _ = taken(bench, 4, 4).measurements["real_time_factor"]
    assert value == pytest.approx(2.1)  # 2.1 s for a clip of one second, in a window of 30


def test_a_clips_length_is_what_stands_before_the_silence_that_fills_the_window(tmp_path):
    (tmp_path / "test").mkdir()
    wave = np.zeros((1, 32000), np.float32)
    wave[0, 100:8000] = 0.5
    np.save(tmp_path / "test" / "audio.npy", wave)
    np.save(tmp_path / "test" / "input_features.npy", np.zeros((1, 80, 200), np.float32))
    np.save(tmp_path / "test" / "decoder_input_ids.npy", PROMPT)
    session = SimpleNamespace(prepare=lambda batch: batch["decoder_input_ids"], run=Recogniser(2).run)
    found = serve.find("transcribe")({"session": session}, split=str(tmp_path / "test"), clip=5)
    assert found["clip_s"] == pytest.approx(0.5)
    assert found["clip"] == 0
