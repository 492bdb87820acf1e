"""Sentences become token arrays whose tags sit on the first piece of each word."""

import json
import shutil

import numpy as np
import pytest

from fixtures.errors import UsageError
from fixtures.models.materialise import materialise
from fixtures.registry import DataSource, Hub, Model
from fixtures.tasks.token_classification import TASKS
from tests import hub_folders

prepare = TASKS[0].prepare


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    root = tmp_path_factory.mktemp("bert")
    hub_folders.text_model(root / "hub")
    materialise(Model("m", "token-classification", "MIT", Hub(str(root / "hub")), DataSource("random")), root / "out", {})
    return root / "out"


def sentences(count):
    """Different ones: the number is written in words of the vocabulary."""
    digits = ["anna", "lives", "in", "paris", "new", "york", "and", "likes"]
    return [["Paris", digits[number % 8], digits[number // 8 % 8], digits[number // 64]] for number in range(count)]


def json_lines(folder, rows):
    path = folder / "data.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def rows(count):
    return [{"tokens": words, "tags": ["B-LOC", "O", "O", 1]} for words in sentences(count)]


def file(path, **more):
    return DataSource("file", str(path), **more)


def test_tags_sit_on_the_first_piece_of_each_word(bert, tmp_path):
    # "bobob" is no word of the vocabulary; "bo" + "##bob" is: one word, two pieces
    data = [{"tokens": ["bobob", "likes", word], "tags": ["B-PER", "O", "B-LOC"]} for word in hub_folders.WORDS[:9]]
    prepare(bert, file(json_lines(tmp_path, data)), tmp_path / "out", {"sequence": 8})
    ids, mask, tags = (np.load(tmp_path / "out" / "test" / f"{name}.npy") for name in ("input_ids", "attention_mask", "labels"))
    assert ids.shape == mask.shape == tags.shape
    assert ids.dtype == np.int64
    # [CLS] bo ##bob likes <word> [SEP] and two of padding; O = 0, B-PER = 1, B-LOC = 3
    assert tags[0].tolist() == [-100, 1, -100, 0, 3, -100, -100, -100]
    assert mask[0].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]


def test_splits_are_disjoint_and_all_rows_are_used(bert, tmp_path):
    described = prepare(bert, file(json_lines(tmp_path, rows(200))), tmp_path / "out", {"sequence": 16})
    # 200 sentences: 32 + min(64, 200/5 = 40) and the rest
    assert {split: entry["n"] for split, entry in described["splits"].items()} == {
        "calibration": 32,
        "validation": 40,
        "test": 128,
    }
    assert described["labels"] == hub_folders.TAGS
    assert described["input_names"] == ["input_ids", "attention_mask"]
    assert described["warnings"] == []
    seen = np.concatenate([np.load(tmp_path / "out" / split / "groups.npy") for split in described["splits"]])
    assert sorted(seen.tolist()) == list(range(200))


def test_words_beyond_the_length_are_counted(bert, tmp_path):
    data = [{"tokens": [*words, "likes", "it"], "tags": ["O"] * 6} for words in sentences(10)]
    described = prepare(bert, file(json_lines(tmp_path, data)), tmp_path / "out", {"sequence": 6})
    # 6 positions hold [CLS], four words and [SEP]: two words of each of the six test sentences are lost
    assert "test: 12 of 36 words lie beyond 6 tokens and are not scored" in described["warnings"]


def test_parquet_names_its_tags_in_its_own_features(bert, tmp_path):
    import datasets

    names = ["I-LOC", "O"]
    features = datasets.Features(
        {"tokens": datasets.List(datasets.Value("string")), "ner_tags": datasets.List(datasets.ClassLabel(names=names))}
    )
    content = {"tokens": sentences(10), "ner_tags": [[0, 1, 1, 1]] * 10}
    datasets.Dataset.from_dict(content, features=features).to_parquet(tmp_path / "data.parquet")
    prepare(bert, file(tmp_path / "data.parquet"), tmp_path / "out", {"sequence": 8})
    # I-LOC is the model's fifth label, O its first
    assert np.load(tmp_path / "out" / "test" / "labels.npy")[0, 1:5].tolist() == [4, 0, 0, 0]


GOOD = {"tokens": ["anna"], "tags": ["O"]}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{broken", "line 7: not JSON"),
        ("[1]", "line 7: expected an object with named columns, found list"),
        ('{"tokens": ["a"], "tag": ["O"]}', "line 7: no column 'tags'; it has tokens, tag"),
        ('{"tokens": ["a", "b"], "tags": ["O"]}', "line 7: 2 tokens but 1 tags; expected one tag for each token"),
        ('{"tokens": [], "tags": []}', "line 7: tokens must be a list of at least one word"),
        ('{"tokens": "anna", "tags": ["O"]}', "line 7: tokens must be a list"),
        (
            '{"tokens": ["a"], "tags": ["B-ORG"]}',
            "line 7: the model has no label 'B-ORG'; it has 5: O, B-PER, I-PER, B-LOC, I-LOC",
        ),
        ('{"tokens": ["a"], "tags": [5]}', "line 7: the model has no label 5; it has 5: O"),
        ('{"tokens": ["a"], "tags": [-1]}', "line 7: the model has no label -1"),
        ('{"tokens": ["a"], "tags": [null]}', "line 7: the model has no label None"),
    ],
)
def test_a_bad_line_is_named(bert, tmp_path, line, says):
    path = json_lines(tmp_path, rows(6))
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UsageError) as caught:
        prepare(bert, file(path), tmp_path / "out", {"sequence": 8})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("data.jsonl", b"\n\n", "is empty: expected one sample per line"),
        ("data.jsonl", b"\xff\xfe", "not UTF-8 text"),
        ("data.parquet", b"PAR1 and no more", "not a readable Parquet file"),
        ("data.csv", b"a,b", "expected a file ending in .jsonl or .parquet"),
    ],
)
def test_a_bad_file_is_named(bert, tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=says):
        prepare(bert, file(tmp_path / name), tmp_path / "out", {"sequence": 8})


def test_a_tokenizer_of_another_model_is_an_error_that_says_so(bert, tmp_path):
    shutil.copytree(bert, tmp_path / "model")
    with (tmp_path / "model" / "vocab.txt").open("a", encoding="utf-8") as vocabulary:
        vocabulary.write("moon\n")  # the model has no embedding for it
    (tmp_path / "model" / "tokenizer.json").unlink(missing_ok=True)
    data = [{"tokens": ["moon", word], "tags": ["O", "O"]} for word in hub_folders.WORDS[:9]]
    with pytest.raises(UsageError, match="gives token 17, but the model has 17 embeddings .* belongs to another model"):
        prepare(tmp_path / "model", file(json_lines(tmp_path, data)), tmp_path / "out", {"sequence": 8})


def test_too_few_different_samples_are_an_error(bert, tmp_path):
    path = json_lines(tmp_path, rows(4) * 10)
    with pytest.raises(UsageError, match="holds 4 different samples; .* at least 5 are needed"):
        prepare(bert, file(path), tmp_path / "out", {"sequence": 8})


def test_a_sequence_longer_than_the_positions_is_an_error(bert, tmp_path):
    with pytest.raises(UsageError, match="100 tokens is longer than the model's 64 positions"):
        prepare(bert, file(json_lines(tmp_path, rows(10))), tmp_path / "out", {"sequence": 100})


def test_a_model_without_a_tokenizer_says_so(bert, tmp_path):
    import shutil

    folder = shutil.copytree(bert, tmp_path / "bare")
    (folder / "vocab.txt").unlink()
    with pytest.raises(UsageError, match="holds no tokenizer"):
        prepare(folder, file(json_lines(tmp_path, rows(10))), tmp_path / "out", {"sequence": 8})


def test_a_published_model_without_data_says_what_to_give(bert, tmp_path):
    (bert / "manifest.json").write_text(json.dumps({"attributes": {"source": "hub"}}))
    described = prepare(bert, DataSource("random"), tmp_path / "out", {"sequence": 16})
    (bert / "manifest.json").unlink()
    assert described["reason"] == "no labelled data was given (--data FILE)"
    assert {split: entry["n"] for split, entry in described["splits"].items()} == {"test": 32, "calibration": 32}
    assert np.load(tmp_path / "out" / "test" / "input_ids.npy").shape == (32, 16)
