"""A recipe's training that was stopped goes on to the same weights, and says how far it is."""

import pytest
import torch

from fixtures.models.recipes import long_training
from fixtures.models.recipes.long_training import LongTraining

STEPS = 6


class Stopped(Exception):
    pass


def train(folder, seed=0, stop=None):
    torch.manual_seed(seed)
    module = torch.nn.Linear(3, 2)
    optimiser = torch.optim.AdamW(module.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=STEPS)
    progress = LongTraining("toy", folder / "checkpoint.pt", [seed, STEPS], module, optimiser, schedule)
    taken = []
    for step in progress.steps_left():
        if step == stop:
            raise Stopped
        loss = module(torch.full((4, 3), float(step + 1))).square().mean()
        progress.learn(loss)
        taken.append(step)
    return module.state_dict(), progress, taken


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr(long_training, "SAVED", 2)


def test_a_training_that_was_stopped_ends_with_the_same_weights(tmp_path, capsys):
    (tmp_path / "other").mkdir()
    whole, progress, _ = train(tmp_path / "other")
    with pytest.raises(Stopped):
        train(tmp_path, stop=5)
    resumed, again, taken = train(tmp_path)
    assert taken == [4, 5]  # the checkpoint of step 4 is the last before the stop
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert again.losses == progress.losses
    assert "toy: step 6/6, loss" in capsys.readouterr().out


def test_another_seed_does_not_take_over_what_was_left(tmp_path):
    with pytest.raises(Stopped):
        train(tmp_path, stop=5)
    assert train(tmp_path, seed=1)[2] == list(range(STEPS))
