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
        if command == "transcribe":
            # Clip 3 is said to be longer than the others.
            tokens = 9 if arguments["clip"] == 3 else 2
            return {"clip": arguments["clip"], "features_s": 0.1, "model_s": tokens, "encoder_s": 0.5, "steps_s": [0.1] * tokens}
        return serve.find(command)(self.state, **arguments)


@dataclass
class Row:
    case: Any = field(default_factory=lambda: SimpleNamespace(model="tiny", id="tiny-some"))
    measurements: dict = field(default_factory=dict)
    warnings: list = field(default_factory=list)

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


def test_a_timed_call_as_long_as_the_originals_is_not_warned_of(bench):
    row = taken(bench, 12, 12)
    assert row.measurements["decoded_tokens"][0] == 13
    assert row.warnings == []


def test_every_round_hears_another_clip_and_the_note_says_how_much_was_written(bench):
    row = taken(bench, 4, 4)
    value, note = row.measurements["end_to_end_time"]
    assert (value, note.split(", ")[:2]) == (pytest.approx(2.1), [f"{HEARD} clips", "2 to 9 tokens of 30 s"])
    bench.options.case_seconds = 0.0
    assert taken(bench, 4, 4).measurements["end_to_end_time"][1].startswith("1 clip, 2 tokens of 30 s, 1 rounds")
