"""Options that would change nothing of a model are refused."""

import pytest

from fixtures import registry
from fixtures.cases import select_models
from fixtures.errors import UsageError
from fixtures.options import Options
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
