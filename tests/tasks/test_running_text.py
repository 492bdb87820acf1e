"""A public set of running text is scored as the compression papers score WikiText-2: the same tokens, in the same segments."""

import json

import numpy as np
import pytest

from fixtures.errors import UsageError
from fixtures.registry import DataSource
from fixtures.tasks import language_modelling as task
from fixtures.tasks import language_modelling_windows as cut
from fixtures.tasks import public, running_text, tokens

CONTEXT = 16


@pytest.fixture(autouse=True)
def private_cache(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def article(split, number):
    """Lines as WikiText's: blank ones, headings, paragraphs that keep their space and line end."""
    body = [f" In {split} {number} the wörds of paragraph {part} follow each other . \n" for part in range(3)]
    return ["", f" = {split.title()} {number} = \n", "", body[0], body[1], "", " = = Reception = = \n", "", body[2]]


def wikitext(folder, articles, **more):
    folder.mkdir()
    lines = {split: [line for number in range(count) for line in article(split, number)] for split, count in articles.items()}
    for split, texts in lines.items():
        rows = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        (folder / f"{split}.jsonl").write_text(rows, encoding="utf-8")
    return DataSource("hub", str(folder), split="test", **more), lines


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Its tokenizer puts a token before the text, as Llama's and OPT's do, and merges line ends."""
    import tokenizers

    folder = tmp_path_factory.mktemp("model")
    config = {"model_type": "llama", "vocab_size": 400, "max_position_embeddings": 64, "eos_token_id": 0}
    (folder / "config.json").write_text(json.dumps(config))
    described = {"library": "transformers", "input_names": ["input_ids", "attention_mask"]}
    (folder / "architecture.json").write_text(json.dumps(described))
    made = tokenizers.ByteLevelBPETokenizer()
    texts = [running_text.JOIN.join(article("test", number)) for number in range(4)]
    made.train_from_iterator(texts, vocab_size=350, special_tokens=["<s>"], show_progress=False)
    made._tokenizer.post_processor = tokenizers.processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", 0)])
    made.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def published(model, lines, context):
    """GPTQ's loop (datautils.py get_wikitext2, opt.py opt_eval): the inputs of each segment and the labels it is scored on."""
    ids = tokens.tokenizer(model, "")("\n\n".join(lines))["input_ids"]
    starts = [index * context for index in range(len(ids) // context)]
    return [ids[start : start + context] for start in starts], [ids[start + 1 : start + context] for start in starts]


def test_the_whole_test_split_is_scored_token_by_token_as_the_papers_do(model, tmp_path):
    source, lines = wikitext(tmp_path / "set", {"train": 3, "validation": 20, "test": 12}, samples=10**6)
    described = task.prepare(model, source, tmp_path / "out", {"sequence": CONTEXT})
    ids, labels = published(model, lines["test"], CONTEXT)
    found = np.load(tmp_path / "out/test/labels.npy")
    assert np.load(tmp_path / "out/test/input_ids.npy").tolist() == ids
    assert [row[row != cut.IGNORED].tolist() for row in found] == labels
    assert f"all {len(ids)} segments of 16 tokens of {len(lines['test'])} lines" in described["name"]
    assert described["scored"].endswith("comparable when they are of segments of 16 tokens (docs/data.md)")


def test_a_part_is_the_beginning_of_the_text_and_says_so(model, tmp_path, monkeypatch):
    monkeypatch.setattr(running_text, "TOKENS", 5 * CONTEXT)
    source, lines = wikitext(tmp_path / "set", {"validation": 20, "test": 12})
    described = task.prepare(model, source, tmp_path / "out", {"sequence": CONTEXT})
    ids, _ = published(model, lines["test"], CONTEXT)
    assert np.load(tmp_path / "out/test/input_ids.npy").tolist() == ids[:5]
    assert f"the first 5 of {len(ids)} segments" in described["name"]
    assert "and of so much of the text" in described["scored"]
    assert described["warnings"] == ["only 5 test samples: intervals will be wide"]


def test_segments_of_the_length_of_the_papers_are_no_warning(model, tmp_path, monkeypatch):
    monkeypatch.setattr(running_text, "TOKENS", 8 * CONTEXT)
    source, _ = wikitext(tmp_path / "set", {"validation": 20, "test": 12})
    described = task.prepare(model, source, tmp_path / "out", {"sequence": CONTEXT})
    assert described["splits"]["test"]["n"] == 8
    assert described["warnings"] == []


@pytest.mark.parametrize(("counts", "taken"), [({"train": 20, "validation": 2}, "train"), ({"validation": 20}, "validation")])
def test_calibration_and_validation_are_consecutive_text_of_another_split(model, tmp_path, counts, taken):
    source, lines = wikitext(tmp_path / "set", {**counts, "test": 12})
    described = task.prepare(model, source, tmp_path / "out", {"sequence": CONTEXT})
    shared = set(lines["test"]) - {""}  # the heading of a section
    others = [line for line in lines[taken] if line not in shared]
    middle = 3 * len(others) // 4
    groups = {split: set(np.load(tmp_path / "out" / split / "groups.npy").tolist()) for split in described["splits"]}
    for split, part in {"calibration": others[:middle], "validation": others[middle:]}.items():
        ids, _ = published(model, part, CONTEXT)
        found = np.load(tmp_path / "out" / split / "input_ids.npy").tolist()
        assert found == ids[: len(found)]
        assert len(found) >= min(len(ids), 64)
        assert not groups[split] & groups["test"]


def test_a_set_of_one_split_is_cut_into_three_pieces_of_text(model, tmp_path):
    source, lines = wikitext(tmp_path / "set", {"test": 40}, samples=10**6)
    task.prepare(model, source, tmp_path / "out", {"sequence": CONTEXT})
    first = lines["test"][: len(lines["test"]) * 3 // 5]
    assert np.load(tmp_path / "out/test/input_ids.npy").tolist() == published(model, first, CONTEXT)[0]
    found = running_text.parts(lines["test"], [], "set")
    assert not (set(found["test"]) - {""}) & (set(found["calibration"]) | set(found["validation"]))


def test_a_stream_and_a_stored_set_give_the_same_text(model, tmp_path, monkeypatch):
    import datasets

    source, _ = wikitext(tmp_path / "set", {"validation": 20, "test": 12})
    stored = task.prepare(model, source, tmp_path / "stored", {"sequence": CONTEXT})
    load, names = datasets.load_dataset, datasets.get_dataset_split_names
    monkeypatch.setattr(public, "resolve", lambda source: ("c" * 40, ""))
    monkeypatch.setattr(datasets, "load_dataset", lambda *args, revision, **more: load(*args, **more))
    monkeypatch.setattr(datasets, "get_dataset_split_names", lambda *args, revision: names(*args))
    streamed = task.prepare(model, source, tmp_path / "streamed", {"sequence": CONTEXT})
    assert streamed["splits"] == stored["splits"]


def test_bytes_of_the_tokens_add_up_to_the_joined_text(model):
    lines = article("test", 1)
    made = running_text.stream(tokens.tokenizer(model, ""), lines)
    assert made.bytes.sum() == len("\n\n".join(lines).encode())
    assert made.bytes[0] == 0  # the token before the text


def test_groups_are_blocks_of_a_thousand_tokens():
    # 2600 tokens in segments of 500: five, two of which are a block of 1024 or fewer
    text = cut.Stream(np.arange(2600), np.ones(2600, int), np.zeros(2600, int))
    assert running_text.segments(text, 500, 7).groups.tolist() == [7, 7, 8, 8, 9]
    assert running_text.segments(text, 1300, 0).groups.tolist() == [0, 1]


def test_a_text_shorter_than_a_segment_is_an_error(model, tmp_path):
    source, _ = wikitext(tmp_path / "set", {"validation": 1, "test": 1})
    with pytest.raises(UsageError, match=r"the text has \d+ tokens, a segment 64: name a set with more text, or a shorter"):
        task.prepare(model, source, tmp_path / "out", {"sequence": 64})


def test_a_set_without_text_for_a_split_is_an_error():
    with pytest.raises(UsageError, match="set leaves no text for calibration"):
        running_text.parts(["same"], ["same", ""], "set")
