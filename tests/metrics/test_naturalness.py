"""NISQA is NISQA or it is absent: no weights, no library, or a file of something else are each a reason, never a number."""

import os
import re
import sys
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest

from fixtures.errors import Unavailable, UsageError
from fixtures.metrics import naturalness
from fixtures.options import Options, nisqa_weights

WAVES = [np.sin(np.arange(8000) / 9).astype(np.float32)] * 3


@pytest.fixture
def library(monkeypatch):
    """A stand-in for torchmetrics' module; its ratings are the loudest sample and four constants."""
    import torch

    def rate(wave, rate):
        assert rate == 16000
        return torch.tensor([float(wave.abs().max()), 2.0, 3.0, 4.0, 5.0])

    @lru_cache
    def load():
        """As torchmetrics' own: refuses the file of another model of the same authors."""
        stored = torch.load(f"{found.NISQA_DIR}/nisqa.tar", weights_only=True)["model_state_dict"]
        torch.nn.Linear(2, 1).load_state_dict(stored)

    found = SimpleNamespace(
        NISQA_DIR="~/elsewhere",
        _load_nisqa_model=load,
        non_intrusive_speech_quality_assessment=rate,
    )
    monkeypatch.setattr(naturalness, "implementation", lambda: found)
    return found


MODEL = {"args": {}, "model_state_dict": {"weight": [[1.0, 2.0]], "bias": [0.0]}}


def checkpoint(path, content):
    import torch

    if isinstance(content, dict) and "model_state_dict" in content:
        tensors = {name: torch.tensor(values) for name, values in content["model_state_dict"].items()}
        content = {**content, "model_state_dict": tensors}

    torch.save(content, path)
    return str(path)


def test_without_weights_every_number_of_nisqa_is_absent_and_says_how_to_get_it():
    found = naturalness.evaluate(WAVES, None, None)
    assert not found["measurements"]
    assert set(found["absent"]) == set(naturalness.NAMES)
    assert "--nisqa-weights" in found["absent"]["nisqa_mos"]
    assert "non-commercial" in found["absent"]["nisqa_mos"]


def test_without_the_library_the_reason_is_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "librosa", None)
    found = naturalness.evaluate(WAVES, None, checkpoint(tmp_path / "nisqa.tar", MODEL))
    assert "pip install -r requirements/nisqa.txt" in found["absent"]["nisqa_mos"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"args": {}}, "has no model_state_dict"),
        ([1, 2], "has no args and no model_state_dict"),
        (None, "not a readable checkpoint"),
        (
            {"args": {}, "model_state_dict": {"pool.weight": [1.0]}},
            "could not be loaded .*RuntimeError.*Unexpected key.*nisqa.tar",
        ),
    ],
)
def test_a_file_of_something_else_is_a_reason_and_not_a_rating(library, tmp_path, content, reason):
    path = tmp_path / "nisqa.tar"
    path.write_bytes(b"not a checkpoint") if content is None else checkpoint(path, content)
    found = naturalness.evaluate(WAVES, None, str(path))
    assert not found["measurements"]
    assert re.search(reason, found["absent"]["nisqa_mos"])


def test_the_file_is_put_where_torchmetrics_looks_for_its_own(library, tmp_path):
    path = checkpoint(tmp_path / "mine.tar", MODEL)
    (tmp_path / "folder").mkdir()
    naturalness.use(library, path, tmp_path / "folder")
    assert str(tmp_path / "folder") == library.NISQA_DIR
    assert (tmp_path / "folder" / "nisqa.tar").resolve() == (tmp_path / "mine.tar").resolve()


def test_ratings_are_means_with_intervals_paired_and_short_phrases_are_left_out(library, tmp_path):
    path = checkpoint(tmp_path / "nisqa.tar", MODEL)
    loud, quiet = ([np.full(8000, level, np.float32)] * 8 for level in (0.75, 0.25))
    found = naturalness.evaluate([*loud, np.ones(100, np.float32)], [*quiet, np.ones(100, np.float32)], path)["measurements"]
    assert found["nisqa_mos"]["value"] == pytest.approx(0.75)
    assert found["nisqa_mos"]["n"] == 8
    assert "1 too short" in found["nisqa_mos"]["note"]
    assert found["nisqa_mos"]["paired"]["difference"] == pytest.approx(0.5)
    assert found["nisqa_mos"]["paired"]["verdict"] == "better"
    assert [found[name]["value"] for name in naturalness.NAMES[1:]] == [2, 3, 4, 5]


def test_a_download_that_fails_is_a_reason(library):
    def refused():
        raise ConnectionError("Name or service not known")

    refused.cache_clear = lambda: None
    library._load_nisqa_model = refused
    assert "ConnectionError: Name or service not known" in naturalness.evaluate(WAVES, None, "download")["absent"]["nisqa_mos"]


def test_nothing_but_short_phrases_has_no_rating(library, tmp_path):
    path = checkpoint(tmp_path / "nisqa.tar", MODEL)
    assert "0.2 s" in naturalness.evaluate([np.ones(100, np.float32)], None, path)["absent"]["nisqa_mos"]


def test_the_option_comes_before_the_environment_and_a_missing_file_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("NISQA_WEIGHTS", str(tmp_path / "there.tar"))
    assert nisqa_weights(None) == str(tmp_path / "there.tar")
    assert nisqa_weights("download") == "download"
    monkeypatch.setenv("NISQA_WEIGHTS", "")
    assert nisqa_weights(None) is None
    with pytest.raises(UsageError, match="no such file; name the published"):
        Options(nisqa_weights=str(tmp_path / "there.tar"))


@pytest.mark.skipif("NISQA_WEIGHTS" not in os.environ, reason="NISQA_WEIGHTS does not name the published nisqa.tar")
def test_the_published_weights_rate_noise_as_worse_than_a_voice():
    from fixtures.models.recipes import phrases_corpus

    try:
        naturalness.implementation()
    except Unavailable as error:
        pytest.skip(str(error))
    voice = [phrases_corpus.audio(text) for text in ("turn on kitchen light", "set radio blue")]
    noise = [np.random.default_rng(0).standard_normal(16000).astype(np.float32) * 0.3]
    rated = [naturalness.rated(waves, os.environ["NISQA_WEIGHTS"]) for waves in (voice, noise)]
    assert all(1 <= rating <= 5 for waves in rated for rating in waves[:, 0])
    assert rated[0][:, 0].min() > rated[1][:, 0].max()
