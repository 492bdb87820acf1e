"""Public sets through `datasets`, from a local folder and from a hub that cannot be reached."""

import json

import numpy as np
import pytest

from fixtures.errors import Unavailable, UsageError
from fixtures.models.materialise import materialise
from fixtures.registry import DataSource, Hub, Model
from fixtures.tasks import splits
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
