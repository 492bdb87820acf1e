"""Steps that train or change the architecture, each broken on purpose: its check must see it."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from fixtures import artifact as artifacts
from fixtures.errors import PostconditionFailed, Unsupported, UsageError
from fixtures.methods import distil, finetuning, layers, low_rank, movement, prune_patterns, qat, structured
from fixtures.models import changes, torch_format
from fixtures.probes import same_model
from fixtures.registry import BuildContext, no_training
from fixtures.training import data as training_data
from fixtures.training import distillation
from fixtures.training.loop import cosine, refuse_divergence
from tests import tiny

TEXT, IMAGE = "token-classification", "image-classification"


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    return {task: tiny.original(task, tmp_path_factory.mktemp(task) / "original") for task in tiny.TASKS}


def few(step, **params):
    return replace(step, params={**step.params, "steps": 3, **params})


def broken(artifact, tmp_path, edit):
    """A copy of an artifact whose tensors `edit` changed."""
    copied = tmp_path / "broken"
    shutil.copytree(artifact.path, copied)
    state = load_file(copied / torch_format.WEIGHTS)
    edit(state)
    save_file(state, copied / torch_format.WEIGHTS)
    return replace(artifact, path=copied)


# --- the loop and its data


def test_a_loss_that_is_not_finite_or_grows_is_a_divergence_that_shows_the_end_of_the_curve():
    refuse_divergence([0.5] * 40)
    with pytest.raises(PostconditionFailed, match=r"diverged at step 2: the loss curve ends 1, nan"):
        refuse_divergence([1.0, float("nan")])
    with pytest.raises(PostconditionFailed, match="ends 9, 9"):
        refuse_divergence([1.0] * 10 + [9.0] * 10)


def test_a_fine_tuning_at_an_absurd_rate_fails_with_the_curve(originals, tmp_path):
    with pytest.raises(PostconditionFailed, match="diverged"):
        tiny.run_step(few(finetuning.FINETUNE, steps=60, rate=1e6), originals[TEXT], tmp_path / "out", TEXT)


def test_the_rate_rises_to_its_full_value_and_falls_to_nothing():
    # 10 of 100 steps of warm-up: a tenth at first, all of it at step 9; half way down in the middle of the other 90
    assert cosine(0, 100) == pytest.approx(0.1)
    assert cosine(9, 100) == 1
    assert cosine(55, 100) == pytest.approx(0.5)
    assert cosine(100, 100) == pytest.approx(0)


def test_a_model_without_a_train_split_is_not_trained(tmp_path):
    (tmp_path / "data.json").write_text(json.dumps({"name": "mine.jsonl", "labelled": True}))
    with pytest.raises(Unsupported, match=r"no training data: mine.jsonl"):
        training_data.of_model(tmp_path, tmp_path)


def test_the_train_split_of_the_digits_is_the_same_for_a_seed_and_holds_no_other_splits_item():
    batches, _ = training_data.digits(None)
    (first, labels), (again, same) = next(batches(3)), next(batches(3))
    assert np.array_equal(first["pixel_values"], again["pixel_values"])
    assert np.array_equal(labels, same)
    assert not np.array_equal(labels, next(batches(4))[1])


# --- fine-tuning and patterns of zeros


def test_fine_tuning_keeps_zeros_and_its_check_sees_one_that_comes_back(originals, tmp_path):
    pruned = tiny.run_step(prune_patterns.LAYERS, originals[TEXT], tmp_path / "pruned", TEXT)
    tuned = tiny.run_step(few(finetuning.FINETUNE), pruned, tmp_path / "tuned", TEXT)
    finetuning.check(pruned, tuned, {})

    def revive(state):
        weight = state["classifier.weight"]
        weight[weight == 0] = 0.1

    with pytest.raises(PostconditionFailed, match="classifier.weight: weights that were pruned came back"):
        finetuning.check(pruned, broken(tuned, tmp_path, revive), {})


def test_a_training_that_changed_nothing_fails(originals, tmp_path):
    tuned = tiny.run_step(few(finetuning.FINETUNE), originals[TEXT], tmp_path / "tuned", TEXT)
    with pytest.raises(PostconditionFailed, match="3 steps of fine-tuning changed none"):
        finetuning.check(originals[TEXT], replace(originals[TEXT], attributes=tuned.attributes), {})


@pytest.mark.parametrize("step", [finetuning.FINETUNE, qat.QAT, movement.MOVEMENT], ids=lambda step: step.name)
def test_what_needs_training_says_so_where_there_is_none(originals, tmp_path, step):
    context = BuildContext(originals[TEXT], tmp_path, few(step).params, 0, 1, TEXT, tiny.calibration(TEXT), training=no_training)
    with pytest.raises(Unsupported, match="no training data"):
        step.build(context)


def test_an_optional_fine_tuning_passes_the_model_on_and_says_why(originals, tmp_path):
    step = finetuning.FINETUNE_IF_POSSIBLE
    context = BuildContext(originals[TEXT], tmp_path, step.params, 0, 1, TEXT, tiny.calibration(TEXT), training=no_training)
    record = step.build(context)["training"]
    assert record["steps"] == 0
    assert "no training data" in record["reason"]
    before, after = torch_format.read_state(originals[TEXT]), load_file(tmp_path / torch_format.WEIGHTS)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_two_of_four_keeps_the_two_largest_of_each_group():
    weight = torch.tensor([[1.0, -4.0, 2.0, 3.0, 8.0, 0.5, -6.0, 7.0]])
    assert prune_patterns.two_of_four(weight).tolist() == [[0, -4, 0, 3, 8, 0, 0, 7]]


def test_a_third_weight_in_a_group_of_four_is_seen(originals, tmp_path):
    result = tiny.run_step(prune_patterns.PATTERN, originals[TEXT], tmp_path / "out", TEXT)
    whole = load_file(originals[TEXT].path / torch_format.WEIGHTS)["classifier.weight"]
    with pytest.raises(PostconditionFailed, match=r"classifier.weight: a group of 4 weights has more than 2"):
        prune_patterns.check_pattern(
            originals[TEXT], broken(result, tmp_path, lambda state: state.update({"classifier.weight": whole})), {}
        )


def test_movement_pruning_with_one_dense_matrix_fails(originals, tmp_path):
    result = tiny.run_step(few(movement.MOVEMENT), originals[TEXT], tmp_path / "out", TEXT)
    with pytest.raises(PostconditionFailed, match=r"classifier.weight: 0.0% of its weights are zero, asked were 50%"):
        movement.check(
            originals[TEXT], broken(result, tmp_path, lambda state: state["classifier.weight"].fill_(1)), {"zeros": 0.5}
        )


@pytest.mark.parametrize(
    ("method", "step"),
    [(finetuning, finetuning.FINETUNE), (qat, qat.QAT), (movement, movement.MOVEMENT)],
    ids=["finetune", "qat", "movement"],
)
def test_weights_that_are_not_finite_fail(originals, tmp_path, method, step):
    result = tiny.run_step(few(step), originals[TEXT], tmp_path / "out", TEXT)
    spoiled = broken(result, tmp_path / "nan", lambda state: state["classifier.bias"].fill_(torch.nan))
    with pytest.raises(PostconditionFailed, match=r"classifier.bias holds numbers that are not finite: the training diverged"):
        method.check(originals[TEXT], spoiled, {"zeros": 0.5})


def test_weights_are_rounded_to_the_grid_of_their_own_channel():
    # The largest weight of a channel is 127 steps: 1.27 has steps of .01, .127 of .001
    found = qat.round_weight(torch.tensor([[1.27, 0.504], [0.127, 0.0504]]))
    torch.testing.assert_close(found, torch.tensor([[1.27, 0.50], [0.127, 0.050]]))


# --- smaller architectures


@pytest.mark.parametrize("task", tiny.TASKS)
@pytest.mark.parametrize(
    "step", [structured.STRUCTURED, layers.DROP, few(distil.METHODS[0].steps[0])], ids=lambda step: step.name
)
def test_a_model_that_lost_nothing_is_not_a_smaller_one(originals, tmp_path, step, task):
    result = tiny.run_step(step, originals[task], tmp_path / "out", task)
    same = replace(originals[task], attributes=result.attributes)
    with pytest.raises(PostconditionFailed, match="nothing was removed: parameters"):
        step.check(originals[task], same, step.params)


@pytest.mark.parametrize("task", tiny.TASKS)
def test_structured_pruning_with_more_operations_than_asked_fails(originals, tmp_path, task):
    result = tiny.run_step(structured.STRUCTURED, originals[task], tmp_path / "out", task)
    with pytest.raises(PostconditionFailed, match="of the operations are left, asked were at most 10%"):
        structured.check(originals[task], result, {"flops": 0.1})


def test_the_audit_refuses_a_changed_architecture_that_is_not_the_one_its_step_left(originals, tmp_path):
    result = tiny.run_step(structured.STRUCTURED, originals[TEXT], tmp_path / "out", TEXT)
    count = same_model.last_change(result)["matrix_parameters"]
    assert same_model.wrong_model(result, {"matrix_parameters": count}, originals[TEXT]) is None
    assert "another model is under this label" in same_model.wrong_model(
        result, {"matrix_parameters": count + 1}, originals[TEXT]
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("matrix_parameters", 10**9, "weights, the original"), ("flops", 10**15, "a call has")],
)
def test_the_audit_refuses_a_change_that_removed_nothing(originals, tmp_path, name, value, message):
    result = tiny.run_step(structured.STRUCTURED, originals[TEXT], tmp_path / "out", TEXT)
    changed = {**same_model.last_change(result), name: value}
    fake = replace(result, lineage=({"step": "x", "evidence": {"changed": changed}},))
    found = same_model.wrong_model(fake, {"matrix_parameters": changed["matrix_parameters"]}, originals[TEXT])
    assert "nothing was removed" in found
    assert message in found


def test_half_of_just_over_four_heads_is_two():
    assert structured.whole_heads(0.525, 4) == 0.5
    assert structured.whole_heads(0.75, 4) == 0.75


def test_every_second_layer_goes():
    sizes = {f"layer.{index}": 10 for index in range(4)}
    assert layers.choose(sizes, 2) == ["layer.1", "layer.3"]


def test_the_student_loses_layers_until_it_is_small_enough():
    # 100 parameters, four layers of 20: two of them leave 60; three for 50
    sizes = {f"layer.{index}": 20 for index in range(4)}
    assert distil.student_without(sizes, 100, 0.6) == ["layer.1", "layer.3"]
    assert len(distil.student_without(sizes, 100, 0.5)) == 3
    with pytest.raises(Unsupported, match="without all of its 4 layers"):
        distil.student_without(sizes, 100, 0.1)


def test_a_teacher_is_heard_only_where_it_was_ever_asked(originals):
    """Logits of word continuations and padding are arbitrary: a teacher that differs only there teaches nothing."""
    teacher, student = (torch_format.load_module(originals[TEXT]) for _ in range(2))
    inputs = {name: torch.from_numpy(array) for name, array in tiny.inputs(TEXT, 2, 1).items()}
    labels = torch.full(inputs["input_ids"].shape, -100)
    labels[:, 1] = 0
    teacher.classifier.register_forward_hook(
        lambda layer, args, logits: logits + 9.0 * torch.eye(5)[0] * (labels[..., None] == -100)
    )
    weights = {"labels": 0.0, "logits": 1.0, "features": 0.0, "attention": 0.0, "temperature": 2.0}
    teaching = distillation.Teaching(teacher, student, [], [], weights, 0.0)
    assert float(teaching.loss(student, inputs, labels)) == pytest.approx(0, abs=1e-6)
    labels[:, 2] = 0
    assert float(teaching.loss(student, inputs, labels)) == pytest.approx(0, abs=1e-6)


def test_a_factor_of_full_energy_is_the_matrix_and_less_energy_is_what_the_check_sees(originals, tmp_path):
    weight = torch.diag(torch.tensor([3.0, 2.0, 1.0]))
    # Energies 9, 4, 1 of 14: one value keeps 64 %, two keep 93 %
    outer, inner = low_rank.factorise(weight, 0.9)
    assert outer.shape == (3, 2)
    torch.testing.assert_close(outer @ inner, torch.diag(torch.tensor([3.0, 2.0, 0.0])))
    result = tiny.run_step(low_rank.LOW_RANK, originals[TEXT], tmp_path / "out", TEXT)
    name = next(iter(result.attributes["ranks"]))
    with pytest.raises(PostconditionFailed, match="its factors keep 0.0% of the energy"):
        low_rank.check(
            originals[TEXT], broken(result, tmp_path, lambda state: state[f"{name}.0.weight"].zero_()), {"energy": 0.7}
        )
    with pytest.raises(PostconditionFailed, match="its factors keep nan% of the energy"):
        low_rank.check(
            originals[TEXT],
            broken(result, tmp_path / "nan", lambda state: state[f"{name}.0.weight"].fill_(torch.nan)),
            {"energy": 0.7},
        )


@pytest.mark.parametrize(
    ("step", "params"),
    [(structured.STRUCTURED, {"flops": 2.0}), (layers.DROP, {"dropped": 0.0}), (low_rank.LOW_RANK, {"energy": 1.5})],
)
def test_a_share_outside_its_range_is_a_usage_error(originals, tmp_path, step, params):
    with pytest.raises(UsageError, match="between 0 and 1"):
        tiny.run_step(replace(step, params=params), originals[TEXT], tmp_path / "out", TEXT)


def test_an_unknown_change_of_an_architecture_does_not_load(originals, tmp_path):
    shutil.copytree(originals[TEXT].path, tmp_path / "copy")
    changes.record(tmp_path / "copy", {"twisted": ["layer.1"]})
    with pytest.raises(artifacts.ArtifactCorrupted, match="a change 'twisted'"):
        torch_format.load_module(replace(originals[TEXT], path=tmp_path / "copy"))
