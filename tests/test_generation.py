"""Generation ends after the tokens that were asked, whatever the model writes, and is timed in turn with the original."""

import json
import random
from types import SimpleNamespace

import numpy as np
import pytest

from fixtures import generation
from fixtures.errors import BenchmarkError
from fixtures.in_turn import in_turn
from fixtures.worker.client import WorkerTimeout
from fixtures.worker.generation import generate


class Talker:
    """Never writes the end token (0), or writes it at `stops`."""

    def __init__(self, stops=None, tokens=None):
        self.stops, self.tokens = stops, tokens

    def generate(self, prompt, tokens):
        written = np.full((len(prompt), self.tokens or tokens), 7)
        if self.stops is not None:
            written[:, self.stops] = 0
        return written, [0.5] + [0.1] * (tokens - 1)


@pytest.fixture
def split(tmp_path):
    folder = tmp_path / "test"
    folder.mkdir()
    np.save(folder / "input_ids.npy", np.ones((3, 16), np.int64))
    (tmp_path / "data.json").write_text(json.dumps({"input_names": ["input_ids"]}))
    return str(folder)


def test_a_model_that_never_stops_is_stopped_after_the_tokens_asked(split):
    found = generate({"session": Talker()}, split, 4, 2, 0)
    assert found["lengths"] == [4, 4]
    assert found["prompt"] == 12
    assert len(found["seconds_later"]) == 3


def test_the_length_ends_with_the_end_of_text(split):
    assert generate({"session": Talker(stops=2)}, split, 4, 1, 0)["lengths"] == [3]
    assert generate({"session": Talker(stops=2)}, split, 4, 1, None)["lengths"] == [4]


def test_a_context_without_room_for_a_prompt_is_an_error(split):
    with pytest.raises(BenchmarkError, match="a context of 16 tokens leaves no prompt before 16 generated ones"):
        generate({"session": Talker()}, split, 16, 1, 0)


def test_a_session_that_writes_fewer_tokens_fails(split):
    with pytest.raises(BenchmarkError, match="asked were 4 tokens"):
        generate({"session": Talker(tokens=2)}, split, 4, 1, 0)


class Row:
    class case:
        class method:
            name = "some"

    def __init__(self):
        self.measurements, self.warnings = {}, []

    def add(self, name, value, unit, direction, role, n=1, **more):
        self.measurements[name] = (value, unit, direction)


def test_a_generation_that_does_not_come_back_ends_the_row_after_the_cases_time(tmp_path):
    """The time-out is no reason for an absent number: it is the row's, and the next case goes on (fixtures/measure.py)."""
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")

    class Endless:
        def call(self, command, timeout, **asked):
            raise WorkerTimeout(f"{command} did not finish within {timeout} s")

    model = SimpleNamespace(name="m")
    row = SimpleNamespace(case=SimpleNamespace(id="m:some:cpu", task="t", model=model), absent={})
    bench = SimpleNamespace(
        registry=SimpleNamespace(tasks={"t": SimpleNamespace(generation=4)}),
        options=SimpleNamespace(seed=0, case_timeout=2.5, case_seconds=1.0),
        data=lambda model: SimpleNamespace(path=tmp_path),
        say=lambda text: None,
    )
    with pytest.raises(WorkerTimeout, match=r"generate did not finish within 2\.5 s"):
        generation.take_generation(row, bench, Endless(), Endless(), SimpleNamespace(path=tmp_path))
    assert row.absent == {}


def answer(first=0.2, later=0.1, length=4):
    return {"seconds_first": first, "seconds_later": [later] * 3, "lengths": [length] * 8, "prompt": 12}


def test_rates_are_tokens_of_the_whole_batch_by_seconds():
    row = Row()
    generation.add(row, [answer()] * 2, [answer()] * 2, 8, 4)
    assert row.measurements["time_to_first_token_batch8"] == (0.2, "s", "lower")
    assert row.measurements["decode_rate_batch8"][0] == pytest.approx(80)  # 8 texts, 3 tokens in .3 s
    assert row.measurements["prefill_rate_batch8"][0] == pytest.approx(480)  # 8 * 12 tokens in .2 s
    assert row.warnings == []


def test_texts_that_end_early_are_said():
    row = Row()
    generation.add(row, [answer(length=2)], [answer()], 8, 4)
    assert "its generated texts are 50% as long as the original's" in row.warnings[0]


def test_sides_take_turns_and_a_short_budget_still_gives_a_round():
    called = []

    def written(worker, batch):
        called.append(worker)
        return {"by": worker}

    ours, theirs = in_turn(written, "candidate", "original", [1] * 3, 0.0, random.Random(0))
    assert [len(ours), len(theirs)] == [1, 1]
    assert sorted(called) == ["candidate", "candidate", "original", "original"]


def test_a_cache_changes_no_token():
    import torch

    from fixtures.models import torch_format
    from fixtures.runtimes.torch_generation import greedy
    from tests import tiny
    from tests.building import builder

    module = torch_format.load_module(builder().original(tiny.LANGUAGE))
    prompt = tiny.inputs(tiny.LANGUAGE, 2, 5)["input_ids"]
    written, seconds = greedy(module, prompt, 6, "cpu")
    text = torch.from_numpy(prompt)
    with torch.inference_mode():
        for _ in range(6):  # the whole text is read again for each token
            text = torch.cat([text, module(input_ids=text).logits[:, -1:].argmax(-1)], dim=1)
    assert written.tolist() == text[:, prompt.shape[1] :].tolist()
    assert len(seconds) == 6


def test_a_tied_output_layer_may_be_packed_a_second_time_and_nothing_else():
    from dataclasses import replace

    from fixtures.probes.same_model import matrix_parameters, tied_parameters, wrong_model
    from tests import tiny
    from tests.building import builder

    original = builder().original(tiny.LANGUAGE)
    count, tied = matrix_parameters(original), tied_parameters(original)
    assert tied == tiny.LLAMA["vocab_size"] * tiny.LLAMA["hidden_size"]
    packed = replace(original, format="torch-onednn", attributes={})
    assert wrong_model(packed, {"matrix_parameters": count + tied}, original) is None
    assert "another model" in wrong_model(packed, {"matrix_parameters": count + tied + 1}, original)
    assert "another model" in wrong_model(original, {"matrix_parameters": count + tied}, original)
