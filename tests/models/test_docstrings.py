"""The language model's corpus, its windows, and the weights that its training gave."""

import json
import shutil

import numpy as np
import pytest

from fixtures.artifact import finish
from fixtures.errors import BenchmarkError
from fixtures.models.embedded import MODELS, SHIPPED_SEED, shipped
from fixtures.models.recipes import docstrings, docstrings_corpus


def test_docstrings_of_modules_classes_and_functions_are_found():
    long = "word " * 40
    function = f'    def f(self):\n        """{long}function"""\n        "{long}no docstring"\n'
    source = f'"""{long}module"""\nclass A:\n    """{long}class"""\n{function}'
    assert [text.split()[-1] for text in docstrings_corpus.of_source(source)] == ["module", "class", "function"]


def test_short_ones_are_left_out_and_long_ones_cut():
    assert list(docstrings_corpus.of_source('"""short"""')) == []
    (text,) = docstrings_corpus.of_source('"""' + "x" * 9000 + '"""')
    assert len(text) == docstrings_corpus.LONGEST


def test_a_template_that_is_no_python_is_passed_over():
    assert list(docstrings_corpus.of_source("def {name}(: pass")) == []


def test_runs_of_sixty_characters_are_compared_exactly():
    text = "abcdefghij" * 7
    assert len(docstrings_corpus.runs(text)) == 10  # 11 runs, of which the first and the last are the same
    assert len(docstrings_corpus.runs("a" * 59)) == 0
    shifted = docstrings_corpus.runs("zz" + text)
    assert np.isin(docstrings_corpus.runs(text), shifted).all()


def numbered(count):
    """Documents of different words, a hundred characters or more each."""
    return [" ".join(f"w{number}x{place}" for place in range(30)) for number in range(count)]


def small(monkeypatch):
    monkeypatch.setattr(docstrings_corpus, "HELD_OUT", 20)
    monkeypatch.setattr(docstrings_corpus, "SIZES", {"test": 400, "validation": 400, "calibration": 400})


def test_what_shares_a_run_with_the_training_text_is_dropped(monkeypatch):
    small(monkeypatch)
    texts = numbered(40)
    texts[0] = texts[30][:80] + " and more of its own that is different from all others"
    found = docstrings_corpus.divide(texts)
    held = [index for name in ("test", "validation", "calibration") for index, _ in found[name]]
    assert 0 not in held
    assert 1 in held
    assert len(held) == len(set(held))
    assert not set(held) & {index for index, _ in found["train"]}


def test_too_few_clean_documents_are_an_error(monkeypatch):
    small(monkeypatch)
    with pytest.raises(BenchmarkError, match="of 20 held-out docstrings too few share nothing with the training text: test"):
        docstrings_corpus.divide([numbered(1)[0]] * 40)


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(docstrings_corpus, "PACKAGES", {"not_there_at_all": "not-there"})
    with pytest.raises(BenchmarkError, match="reads not-there, which is not installed"):
        next(docstrings_corpus.docstrings())


def test_batches_see_every_block_once_an_epoch_and_are_the_same_for_a_seed():
    ids = np.arange(docstrings.CONTEXT * 40)
    first = [docstrings.batch_of(ids, 0, step) for step in range(2)]
    assert (first[0] == docstrings.batch_of(ids, 0, 0)).all()
    starts = np.concatenate([batch[:, 0] for batch in first])
    assert len(set(starts.tolist())) == 2 * docstrings.BATCH
    assert set(np.diff(sorted(starts)) % docstrings.CONTEXT) == {0}
    assert not (docstrings.batch_of(ids, 1, 0) == first[0]).all()


def test_the_catalog_names_what_is_shipped():
    (model,) = [model for model in MODELS if model.source.recipe == docstrings.NAME]
    training = json.loads((shipped(docstrings.NAME) / "training.json").read_text())
    assert training["seed"] == model.source.seed == SHIPPED_SEED
    assert training["test"] < docstrings.TARGET
    assert model.sequence == docstrings.CONTEXT
    assert model.task == docstrings.TASK


def test_shipped_weights_are_tied_float32_that_half_precision_cannot_hold(tmp_path):
    from fixtures.models.torch_format import load_module

    copy = shutil.copytree(shipped(docstrings.NAME), tmp_path / "model")
    artifact = finish(copy, key="docstrings", format="torch", attributes={}, lineage=())
    module = load_module(artifact)
    assert module.lm_head.weight is module.model.embed_tokens.weight
    assert {str(tensor.dtype) for tensor in module.parameters()} == {"torch.float32"}
    assert any((parameter.half().float() != parameter).any() for parameter in module.parameters())


@pytest.mark.slow
def test_shipped_weights_reach_the_recorded_score_on_the_recorded_corpus(tmp_path):
    from fixtures.models.torch_format import load_module
    from fixtures.tasks.language_modelling_windows import Windows

    described = docstrings.write_splits(shipped(docstrings.NAME), tmp_path / "data")
    assert described["splits"]["calibration"]["n"] == 128
    copy = shutil.copytree(shipped(docstrings.NAME), tmp_path / "model")
    module = load_module(finish(copy, key="docstrings", format="torch", attributes={}, lineage=()))
    arrays = [np.load(tmp_path / "data" / "test" / f"{name}.npy") for name in ("input_ids", "labels", "target_bytes", "groups")]
    recorded = json.loads((shipped(docstrings.NAME) / "training.json").read_text())["test"]
    assert docstrings.score(module, Windows(*arrays)) == pytest.approx(recorded, abs=0.002)
