"""A user's catalog file: its name, its failures, its relative paths."""

import pytest

from fixtures import keys, registry
from fixtures.errors import UsageError

MODELS = """
from fixtures.registry import DataSource, Hub, Model
MODELS = [Model("m", "token-classification", "MIT", Hub({repo!r}), {data})]
"""


def write(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mine.py").write_text(text)
    return folder / "mine.py"


def test_two_catalogs_of_one_file_name_are_two_modules(tmp_path):
    first, second = (registry.load_catalog(write(tmp_path / name, f"MODELS = ()\nWHO = {name!r}\n")) for name in "ab")
    assert (first.WHO, second.WHO) == ("a", "b")
    assert first.__name__.startswith("catalog_mine_")
    assert [keys.source_path(module.__name__) for module in (first, second)] == [tmp_path / name / "mine.py" for name in "ab"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("MODELS = []\nMODELS = [\n", r"mine.py line 2: SyntaxError"),
        ("\nimport no_such_module\n", r"mine.py line 2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("\n\n1 / 0\n", r"mine.py line 3: ZeroDivisionError"),
        ("from fixtures.registry import Method\nMethod('x', '', (), 'torch', 'y', 'z')\n", r"mine.py line 2: .*method x: family"),
    ],
)
def test_a_catalog_that_fails_is_named_with_its_line(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        registry.load_catalog(write(tmp_path, text))


def test_relative_paths_start_from_the_catalogs_folder(tmp_path, monkeypatch):
    (tmp_path / "weights" / "bert").mkdir(parents=True)
    monkeypatch.chdir("/")
    text = MODELS.format(repo="weights/bert", data="DataSource('file', 'labels.jsonl')")
    (model,) = registry.load_catalog(write(tmp_path, text)).MODELS
    assert model.source.repo == str(tmp_path / "weights" / "bert")
    assert model.data.name == str(tmp_path / "labels.jsonl")


def test_a_hub_id_and_absolute_paths_stay_as_they_are(tmp_path):
    text = MODELS.format(repo="owner/name", data="DataSource('file', '/data/labels.jsonl')")
    (model,) = registry.load_catalog(write(tmp_path, text)).MODELS
    assert (model.source.repo, model.data.name) == ("owner/name", "/data/labels.jsonl")
