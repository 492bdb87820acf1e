"""Public sets through `datasets`, from a local folder and from a hub that cannot be reached."""

import json

import numpy as np
import pytest

from fixtures.errors import Unavailable, UsageError
from fixtures.models.materialise import materialise
from fixtures.registry import DataSource, Hub, Model
from fixtures.tasks import public, splits
from fixtures.tasks.token_classification import TASKS
from tests import hub_folders

prepare = TASKS[0].prepare


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    root = tmp_path_factory.mktemp("bert")
    hub_folders.text_model(root / "hub")
    materialise(Model("m", "token-classification", "MIT", Hub(str(root / "hub")), DataSource("random")), root / "out", {})
    return root / "out"


def data_set(folder, counts):
    """JSON Lines files that `datasets` takes for splits; sentence k of every split has k times the word "anna"."""
    folder.mkdir()
    for split, count in counts.items():
        lines = [json.dumps({"tokens": ["anna"] * (k + 1), "ner_tags": ["B-PER"] * (k + 1)}) for k in range(count)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n")
    return str(folder)


@pytest.fixture(autouse=True)
def private_cache(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def test_a_published_test_split_stays_whole_and_shares_nothing(bert, tmp_path):
    name = data_set(tmp_path / "set", {"train": 5, "validation": 30, "test": 12})
    described = prepare(bert, DataSource("hub", name, split="test"), tmp_path / "out", {"sequence": 40})
    # of 30 validation sentences 12 are in the test as well: 18 are left, half of them for calibration
    assert {split: entry["n"] for split, entry in described["splits"].items()} == {"calibration": 9, "validation": 9, "test": 12}
    lengths = {split: set(np.load(tmp_path / "out" / split / "attention_mask.npy").sum(1)) for split in described["splits"]}
    assert lengths["test"] == set(range(3, 15))
    assert lengths["calibration"] | lengths["validation"] == set(range(15, 33))


def test_a_set_of_one_split_is_parted(bert, tmp_path):
    name = data_set(tmp_path / "set", {"test": 20})
    described = prepare(bert, DataSource("hub", name, split="test"), tmp_path / "out", {"sequence": 40})
    assert {split: entry["n"] for split, entry in described["splits"].items()} == {"calibration": 4, "validation": 4, "test": 12}


def test_a_split_that_is_not_there_lists_the_others(bert, tmp_path):
    name = data_set(tmp_path / "set", {"train": 5, "test": 5})
    with pytest.raises(UsageError, match="has no split validation; it has "):
        prepare(bert, DataSource("hub", name), tmp_path / "out", {"sequence": 8})


def test_offline_is_unavailable_and_says_what_to_do(bert, tmp_path, monkeypatch):
    import datasets

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(Unavailable, match=r"owner/name cannot be had here .*--data FILE") as caught:
        prepare(bert, DataSource("hub", "owner/name", split="test"), tmp_path / "out", {"sequence": 8})
    assert "\n" not in str(caught.value)


def test_a_damaged_set_fails_instead_of_reading_unavailable(bert, tmp_path, monkeypatch):
    def read(*arguments):
        raise ValueError("invalid literal for int()")

    monkeypatch.setattr(public, "_rows", read)
    with pytest.raises(ValueError, match="invalid literal"):
        prepare(bert, DataSource("hub", data_set(tmp_path / "set", {"test": 5}), split="test"), tmp_path / "out", {"sequence": 8})


def test_a_gated_set_says_where_to_accept_its_terms(bert, tmp_path, monkeypatch):
    import importlib

    import huggingface_hub

    http = importlib.import_module(huggingface_hub.errors.HTTPError.__module__)

    def refuse(*args, **kwargs):
        raise huggingface_hub.errors.GatedRepoError(
            "gated", response=http.Response(403, request=http.Request("GET", "http://hub.invalid"))
        )

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", refuse)
    with pytest.raises(Unavailable, match="owner/name is gated: accept its terms"):
        prepare(bert, DataSource("hub", "owner/name", split="test"), tmp_path / "out", {"sequence": 8})


def test_the_order_of_rows_is_a_permutation_decided_by_the_seed():
    assert sorted(splits.order(100, 0)) == list(range(100))
    assert splits.order(100, 0) == splits.order(100, 0) != splits.order(100, 1)


@pytest.fixture
def hub_of(monkeypatch):
    """Lets a local folder pass for a set of the hub that is streamed; the folder keeps its content under any revision."""

    def serve(sha):
        import datasets

        from fixtures.tasks import public

        load, names = datasets.load_dataset, datasets.get_dataset_split_names
        monkeypatch.setattr(public, "resolve", lambda source: (sha, ""))
        monkeypatch.setattr(datasets, "load_dataset", lambda *args, revision, **more: load(*args, **more))
        monkeypatch.setattr(datasets, "get_dataset_split_names", lambda *args, revision: names(*args))

    return serve


def test_a_stream_and_a_stored_set_give_the_same_rows(bert, tmp_path, hub_of):
    """Of a sorted set (sentence k has k + 1 words), so that the first rows alone would be the shortest."""
    name = data_set(tmp_path / "set", {"train": 300, "test": 30})
    source = DataSource("hub", name, split="test", samples=10)
    stored = prepare(bert, source, tmp_path / "stored", {"sequence": 40})
    hub_of("c" * 40)
    streamed = prepare(bert, source, tmp_path / "streamed", {"sequence": 40})
    assert streamed["splits"] == stored["splits"]
    lengths = np.load(tmp_path / "streamed" / "test" / "attention_mask.npy").sum(1)
    assert len(lengths) == 10
    assert max(lengths) > 20


def test_the_commit_of_a_set_is_recorded_or_why_it_is_not(bert, tmp_path, hub_of):
    source = DataSource("hub", data_set(tmp_path / "set", {"test": 20}), split="test")
    assert prepare(bert, source, tmp_path / "a", {"sequence": 40})["name"] == "set test (commit not known: a local folder)"
    hub_of("c" * 40)
    prepare(bert, source, tmp_path / "b", {"sequence": 40})
    assert json.loads((tmp_path / "b" / "data.json").read_text())["name"] == f"set test {'c' * 40}"


@pytest.mark.parametrize("count", [None, 7, 200])
def test_rows_whose_number_is_not_known_are_ranked_as_the_others(count):
    from fixtures.tasks.public import first_ranked

    assert [index for index, _ in first_ranked(iter("x" * 100), count, 3)] == splits.order(100, 3)[:count]
