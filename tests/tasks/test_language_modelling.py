"""Texts become windows of which every token is scored once; what cannot be scored is one clear error."""

import json

import numpy as np
import pytest

from fixtures.errors import UsageError
from fixtures.registry import DataSource
from fixtures.tasks import language_modelling as task
from fixtures.tasks import language_modelling_windows as cut

CONFIG = {"model_type": "llama", "vocab_size": 300, "max_position_embeddings": 64, "eos_token_id": 0}


def stream(count):
    return cut.Stream(np.arange(count), np.full(count, 2), np.arange(count) // 4)


def test_every_token_is_scored_once_from_a_full_context():
    # 21 tokens, windows of 8 every 4: tokens 5..20 are scored (16 = 4 windows of 4), each with 4 or more before it
    made = cut.windows(stream(21), 8, 4)
    scored = made.labels[made.labels != cut.IGNORED]
    assert made.ids.shape == (4, 8)
    assert scored.tolist() == list(range(5, 21))
    assert made.bytes.sum() == 2 * 16
    assert (made.bytes > 0).sum(1).tolist() == [4] * 4


def test_a_window_predicts_the_token_after_each_of_its_own():
    made = cut.windows(stream(21), 8, 8)
    assert (made.labels == made.ids + 1).all()


def test_a_window_belongs_to_the_document_of_its_first_scored_token():
    # first scored label of the windows: token 5, 9, 13, 17, in documents of four
    assert cut.windows(stream(21), 8, 4).groups.tolist() == [1, 2, 3, 4]


def test_a_text_shorter_than_a_window_is_an_error():
    with pytest.raises(UsageError, match=r"the text has 8 tokens: a window of 8 tokens and one to predict need 9"):
        cut.windows(stream(8), 8, 4)


def tokenizer():
    import tokenizers

    made = tokenizers.ByteLevelBPETokenizer()
    made.train_from_iterator(["some words and other words"] * 4, vocab_size=300, special_tokens=["<end>"], show_progress=False)
    return made


def test_bytes_of_tokens_add_up_to_the_text():
    text = "some wörds and 漢字"
    made = cut.stream(tokenizer(), [(3, text), (9, "other")], 0)
    first = made.documents == 3
    assert made.bytes[first].sum() == len(text.encode())
    assert made.ids[first][-1] == 0  # the separator, which stands for no bytes
    assert made.bytes[first][-1] == 0
    assert made.bytes.sum() == len((text + "other").encode())


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "architecture.json").write_text(
        json.dumps({"library": "transformers", "input_names": ["input_ids", "attention_mask"]})
    )
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>"})
    )
    return folder


def texts(folder, count=40, text="some other words and words {} "):
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps({"text": text.format(number) * 3}) + "\n" for number in range(count)))
    return DataSource("file", str(path))


def test_a_file_of_texts_becomes_disjoint_windows(model, tmp_path):
    described = task.prepare(model, texts(tmp_path), tmp_path / "out", {"sequence": 16})
    groups = {split: set(np.load(tmp_path / "out" / split / "groups.npy").tolist()) for split in described["splits"]}
    assert set(groups) == {"calibration", "validation", "test"}
    assert not groups["test"] & (groups["calibration"] | groups["validation"])
    labels = np.load(tmp_path / "out" / "test" / "labels.npy")
    assert (labels != cut.IGNORED).sum(1).tolist() == [8] * len(labels)
    assert (described["context"], described["stride"]) == (16, 8)
    assert json.loads((tmp_path / "out" / "data.json").read_text())["input_names"] == ["input_ids", "attention_mask"]


def lines(folder, counts):
    """A local data set whose rows are short lines, every second one blank, as WikiText's are."""
    folder.mkdir()
    for split, count in counts.items():
        rows = [{"text": f"some words of {split} {number} " * 2 if number % 2 else ""} for number in range(count)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return DataSource("hub", str(folder), split="test")


def test_calibration_has_the_128_windows_that_gptq_and_its_kin_ask_for(model, tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    sources = {
        "random": DataSource("random"),
        "file": texts(tmp_path, 600),
        "set": lines(tmp_path / "set", {"test": 60, "validation": 800}),
    }
    for name, source in sources.items():
        described = task.prepare(model, source, tmp_path / name, {"sequence": 16})
        assert described["splits"]["calibration"]["n"] == 128, name
        assert np.load(tmp_path / name / "calibration" / "input_ids.npy").shape == (128, 16)
    assert described["splits"]["test"]["n"] < 128  # a published test split stays as it is
    assert not set(np.load(tmp_path / "set/calibration/groups.npy")) & set(np.load(tmp_path / "set/test/groups.npy"))


def test_bytes_are_no_input_of_the_model(model, tmp_path):
    from fixtures.worker.session import first_samples

    task.prepare(model, texts(tmp_path), tmp_path / "out", {"sequence": 16})
    assert (tmp_path / "out" / "test" / "target_bytes.npy").is_file()
    assert set(first_samples(tmp_path / "out" / "test", 1)) == {"input_ids", "attention_mask"}


def test_a_context_longer_than_the_positions_is_an_error(model, tmp_path):
    with pytest.raises(UsageError, match="a context of 65 tokens is longer than the model's 64 positions: lower --seq-len"):
        task.prepare(model, texts(tmp_path), tmp_path / "out", {"sequence": 65})


def test_a_tokenizer_of_another_model_is_an_error(model, tmp_path):
    (model / "config.json").write_text(json.dumps({**CONFIG, "vocab_size": 20}))
    with pytest.raises(UsageError, match=r"its tokenizer gives token \d+, but the model has 20 embeddings"):
        task.prepare(model, texts(tmp_path), tmp_path / "out", {"sequence": 16})


def test_a_model_without_a_tokenizer_says_so(model, tmp_path):
    (model / "tokenizer.json").unlink()
    with pytest.raises(UsageError, match="holds no tokenizer"):
        task.prepare(model, texts(tmp_path), tmp_path / "out", {"sequence": 16})


def test_a_row_that_is_no_text_is_named(model, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text('{"text": "fine"}\n{"text": 3}\n')
    with pytest.raises(UsageError, match=r"bad.jsonl line 2: text must be a string, found int"):
        task.prepare(model, DataSource("file", str(path)), tmp_path / "out", {"sequence": 16})


def test_random_inputs_have_places_to_compare_and_nothing_to_be_right_about(model, tmp_path):
    described = task.prepare(model, DataSource("random"), tmp_path / "out", {"sequence": 64})
    labels = np.load(tmp_path / "out" / "test" / "labels.npy")
    assert (labels != cut.IGNORED).sum() >= 256  # what an agreement needs
    assert described["labelled"] is False
    assert described["reason"] == "random weights"


def test_a_length_can_be_chosen_for_a_model_of_no_catalog():
    from dataclasses import replace

    from fixtures.cases import with_options
    from fixtures.options import Options
    from fixtures.registry import Hub, Model

    found = Model("m", task.NAME, "MIT", Hub("a/b"), DataSource("random"))
    assert with_options(found, replace(Options(), sequence=128)).sequence == 128
