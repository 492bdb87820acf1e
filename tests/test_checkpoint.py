"""A training that was killed goes on, and ends with the bytes of one that never was."""

from __future__ import annotations

import os

import pytest

from fixtures.cache.store import CHECKPOINT, CHECKPOINT_S, Cache
from fixtures.methods import finetuning, movement
from fixtures.models import torch_format
from fixtures.registry import BuildContext
from tests import tiny

TEXT = "token-classification"


class Killed(BaseException):
    pass


def context(step, source, output, checkpoint, killed_at=None):
    said = []

    def say(text):
        said.append(text)
        if killed_at and text.startswith(f"step {killed_at}/"):
            raise Killed

    output.mkdir()
    params = {**step.params, "steps": 20}
    made = BuildContext(source, output, params, 0, 1, TEXT, tiny.calibration(TEXT), say, lambda: tiny.training(TEXT), checkpoint)
    return made, said


@pytest.mark.parametrize("step", [finetuning.FINETUNE, movement.MOVEMENT], ids=lambda step: step.name)
def test_a_training_that_was_killed_goes_on_and_ends_with_the_same_bytes(tmp_path, step):
    source = tiny.original(TEXT, tmp_path / "original")
    whole, _ = context(step, source, tmp_path / "whole", tmp_path / f"whole{CHECKPOINT}")
    expected = step.build(whole)
    place = tmp_path / f"killed{CHECKPOINT}"
    first, _ = context(step, source, tmp_path / "first", place, killed_at=14)
    with pytest.raises(Killed):
        step.build(first)
    assert place.exists()
    second, said = context(step, source, tmp_path / "second", place)
    found = step.build(second)
    assert said[0] == "going on after step 12/20"
    assert found["training"] == expected["training"]
    weights = [(folder.output / torch_format.WEIGHTS).read_bytes() for folder in (whole, second)]
    assert weights[0] == weights[1]
    assert not place.exists()
    assert [path.name for path in tmp_path.glob(f"*{CHECKPOINT}*")] == []


def test_a_checkpoint_that_is_not_one_starts_the_training_again(tmp_path):
    source = tiny.original(TEXT, tmp_path / "original")
    place = tmp_path / f"k{CHECKPOINT}"
    place.write_bytes(b"half")
    made, said = context(finetuning.FINETUNE, source, tmp_path / "out", place)
    finetuning.FINETUNE.build(made)
    assert said[0].startswith("step 2/20")


def test_a_checkpoint_that_nobody_came_back_for_is_removed_by_a_later_build(tmp_path):
    building = tmp_path / "building"
    building.mkdir(parents=True)
    old, young = building / f"old{CHECKPOINT}", building / f"young{CHECKPOINT}"
    for path in (old, young):
        path.touch()
    os.utime(old, (0, young.stat().st_mtime - CHECKPOINT_S - 60))
    cache = Cache(tmp_path, 10**9)
    with pytest.raises(Killed):
        cache.get_or_build("k", lambda directory: (_ for _ in ()).throw(Killed))
    assert [path.name for path in building.glob(f"*{CHECKPOINT}")] == [young.name]
