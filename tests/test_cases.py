"""Which cases a model has; options that would change nothing of it are refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import environments, registry
from fixtures.cases import Case, select, select_models
from fixtures.errors import Unsupported, UsageError
from fixtures.options import Options
from fixtures.registry import Twin
from fixtures.tasks import language_modelling, random_inputs, speech_recognition, text_to_speech
from tests import hub_folders


@pytest.fixture(scope="module")
def found():
    return registry.load()


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("efficientvit-b3-twin", r"efficientvit-b3-twin \(image-classification\) reads no sequence"),
        ("entities-bert", "data of entities-bert are padded to 64 tokens"),
    ],
)
def test_a_sequence_length_that_would_be_ignored_is_refused(found, model, said):
    with pytest.raises(UsageError, match=f"--seq-len.*{said}"):
        select_models(found, Options(models=(model,), sequence=32))


def test_a_sequence_length_reaches_a_text_model(found):
    assert [model.sequence for model in select_models(found, Options(models=("distilbert-twin",), sequence=32))] == [32]


def test_a_users_own_data_are_padded_as_asked(found, tmp_path):
    (tmp_path / "labels.jsonl").touch()
    options = Options(models=("entities-bert",), data=tmp_path / "labels.jsonl", sequence=32)
    assert [model.sequence for model in select_models(found, options)] == [32]


def test_a_model_that_another_option_excludes_is_no_obstacle(found):
    options = Options(models=("*-twin",), tasks=("token-classification",), sequence=32)
    assert {model.name: model.sequence for model in select_models(found, options)} == {
        "distilbert-twin": 32,
        "bert-large-twin": 32,
    }


def test_two_folders_of_one_name_are_refused_with_both_paths(found, tmp_path):
    for place in ("a", "b"):
        hub_folders.text_model(tmp_path / place / "bert")
    with pytest.raises(UsageError, match="two models are called bert: .*/a/bert and .*/b/bert"):
        select_models(found, Options(models=(str(tmp_path / "a" / "bert"), str(tmp_path / "b" / "bert"))))
    twice = (str(tmp_path / "a" / "bert"), str(tmp_path / "a" / "bert"))
    assert [model.name for model in select_models(found, Options(models=twice))] == ["bert"]


# Calibration samples of a model with random inputs, by task.
DRAWN = {
    language_modelling.NAME: language_modelling.CALIBRATION_WINDOWS,
    speech_recognition.NAME: speech_recognition.RANDOM_CLIPS,
    text_to_speech.NAME: text_to_speech.RANDOM_PHRASES,
}


def is_supported(case: Case) -> bool:
    try:
        case.check_supported()
    except Unsupported:
        return False
    return True


def test_no_default_case_of_a_twin_asks_for_more_calibration_samples_than_it_has(found):
    twins = tuple(name for name, model in found.models.items() if isinstance(model.source, Twin))
    cases = [case for case in select(found, Options(models=twins, devices=("cpu",))) if is_supported(case)]
    assert {case.model.name for case in cases} == set(twins)
    for case in cases:
        asked = max((step.params.get("samples", step.calibration_samples) for step in case.method.steps), default=0)
        assert asked <= DRAWN.get(case.task, random_inputs.CALIBRATION), case.id


def test_a_language_models_rows_stand_beside_their_naive_counterparts(found):
    """Without the row of rounding to the nearest at the same bits and groups nobody sees what the algorithm gained."""
    chosen = {case.method.name: case.method for case in select(found, Options(models=("docstrings-llama",), devices=("cpu",)))}
    assert {method.counterpart for method in chosen.values() if method.counterpart} <= chosen.keys()
    calibrated = ("gptq", "awq", "auto-gptq", "autoawq", "hqq", "bnb-nf4", "wanda", "sparsegpt")
    assert all(method.counterpart for name, method in chosen.items() if name.startswith(calibrated))


def test_every_environment_that_holds_language_models_has_rows_in_the_one_session(found):
    """`pytest benchmarks --model docstrings-llama` uses every environment that exists."""
    cases = select(found, Options(models=("docstrings-llama",), devices=("cpu",)))
    used = {case.method.home for case in cases if is_supported(case)}
    assert {"core", "gptqmodel", "legacy", "hf", "llamacpp"} <= used


def test_rows_elsewhere_join_the_default_selection_where_their_environment_was_made(found, monkeypatch):
    """One session uses every environment that exists, and a machine that has none is told of none."""

    def names(made, **chosen):
        monkeypatch.setattr(environments, "exists", lambda environment, named: environment in {*made, *named})
        options = Options(models=("entities-bert",), devices=("cpu",), **chosen)
        return {case.method.name for case in select(found, options)}

    assert names({"litert", "executorch"}) - names(()) == {"litert-int8-dynamic", "executorch-int8"}
    assert names((), env_workers=(("hf", Path("/mine/python")),)) - names(()) == {"bnb-int8", "quanto-int8"}
    assert names({"litert"}, methods=("onnx",)) == {"original", "onnx"}
    assert names({"litert"}, joined=False) == names(())


def test_every_environment_has_a_row_that_joins_one_session(found, monkeypatch):
    monkeypatch.setattr(environments, "exists", lambda environment, named: True)
    options = Options(models=("digits-efficientvit", "entities-bert", "docstrings-llama"), devices=("cpu",))
    used = {case.method.home for case in select(found, options) if is_supported(case)}
    assert used >= {method.home for method in found.methods.values() if "cpu" in method.devices}


def test_a_name_elsewhere_that_does_not_exist_is_said_also_where_nothing_was_made(found, monkeypatch):
    monkeypatch.setattr(environments, "exists", lambda environment, named: False)
    model = replace(found.models["entities-bert"], elsewhere=("litert-int8-dynamik",))
    with pytest.raises(UsageError, match="litert-int8-dynamik.*litert-int8-dynamic"):
        select(replace(found, models={**found.models, "entities-bert": model}), Options(models=("entities-bert",)))
