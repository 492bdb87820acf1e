"""Greedy decoding on a model whose next token is known."""

import numpy as np

from fixtures.decoding import greedy

SIZE = 9


class Counting:
    """Says the last token plus one; its state counts the tokens that it was given."""

    def __init__(self):
        self.calls = []

    def encode(self, features):
        return 0

    def step(self, state, ids):
        self.calls.append(ids.shape[1])
        logits = np.zeros((len(ids), SIZE), np.float32)
        logits[np.arange(len(ids)), (ids[:, -1] + 1) % SIZE] = 1
        logits[np.arange(len(ids)), (ids[:, -1] + 2) % SIZE] = 0.5
        return logits, state + ids.shape[1]


def arguments(**changed):
    return {"tokens": 6, "end": 8, "suppress": [], "suppress_first": [], **changed}


def test_the_prompt_is_read_at_once_and_later_tokens_one_by_one():
    model = Counting()
    found = greedy(model, None, np.array([[0, 1, 2]]), arguments(tokens=3))
    assert found.ids.tolist() == [[3, 4, 5]]
    assert model.calls == [3, 1, 1]
    assert len(found.steps_s) == 3


def test_a_transcript_that_ended_stays_ended_while_another_goes_on():
    found = greedy(Counting(), None, np.array([[6], [3]]), arguments())
    assert found.ids.tolist() == [[7, 8, 8, 8, 8, 8], [4, 5, 6, 7, 8, 8]]
    assert len(found.steps_s) == 5  # the longer one's end stops both


def test_without_an_end_every_token_is_written():
    found = greedy(Counting(), None, np.array([[6]]), arguments(end=None))
    assert found.ids.tolist() == [[7, 8, 0, 1, 2, 3]]


def test_suppressed_tokens_are_not_written():
    found = greedy(Counting(), None, np.array([[0]]), arguments(tokens=3, suppress=[2], suppress_first=[1]))
    assert found.ids.tolist() == [[0, 1, 3]]  # 2 never, 1 not as the first: the others tie, the lowest wins
