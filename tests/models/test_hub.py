"""Where published weights come from: local folders, the hub's cache, and a hub that cannot be reached."""

import json
import shutil

import pytest

from fixtures.errors import ArtifactCorrupted, Unavailable, Unsupported, UsageError
from fixtures.models import hub
from fixtures.models.materialise import materialise
from fixtures.registry import DataSource, Hub, Model
from tests import hub_folders

OLD, NEW = "a" * 40, "b" * 40


def model(repo, revision=None, task="token-classification", **trust):
    return Model("m", task, "MIT", Hub(str(repo), revision), DataSource("random"), **trust)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "bert"
    hub_folders.text_model(folder)
    return folder


@pytest.fixture
def bert(published, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(published, tmp_path / "bert")


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    return tmp_path / "home" / "hub"


def test_a_local_folder_is_used_as_it_is(bert):
    assert hub.find(Hub(str(bert))) == hub.Found(bert, None)


def test_a_local_folder_is_known_by_the_content_of_its_files(bert):
    before = hub.resolve(model(bert))
    (bert / "vocab.txt").write_text("other\n")
    after = hub.resolve(model(bert))
    assert [name for name in before["files"] if before["files"][name] != after["files"][name]] == ["vocab.txt"]


@pytest.mark.parametrize("place", [f"snapshots/{OLD}", "models--owner--name/snapshots/v1"])
def test_a_folder_that_only_looks_like_a_snapshot_is_known_by_its_content(tmp_path, place):
    (tmp_path / place).mkdir(parents=True)
    small(tmp_path / place)
    assert hub.find(Hub(str(tmp_path / place))).commit is None
    assert list(hub.resolve(model(tmp_path / place))["files"]) == ["config.json"]


def test_a_snapshot_of_the_cache_is_known_by_its_commit(tmp_path):
    base = hub_folders.cache_layout(tmp_path, "owner/name", {OLD: small}, {"main": OLD})
    assert hub.resolve(model(base / "snapshots" / OLD)) == {"commit": OLD}


def test_a_plain_folder_has_no_revisions(bert):
    with pytest.raises(UsageError, match="has no revision v2"):
        hub.find(Hub(str(bert), "v2"))


def small(folder):
    (folder / "config.json").write_text("{}")


@pytest.mark.parametrize(("revision", "commit"), [(None, NEW), ("main", NEW), ("v1", OLD), (OLD, OLD)])
def test_a_pinned_revision_of_the_cache_is_honoured_offline(offline, revision, commit):
    hub_folders.cache_layout(offline, "owner/name", {OLD: small, NEW: small}, {"main": NEW, "v1": OLD})
    found = hub.find(Hub("owner/name", revision))
    assert found.commit == commit
    assert found.folder.name == commit
    assert hub.resolve(model("owner/name", revision)) == {"commit": commit}


@pytest.mark.parametrize(("revision", "commit"), [(None, NEW), ("v1", OLD), (OLD, OLD)])
def test_a_folder_in_the_caches_layout_is_a_model(tmp_path, revision, commit):
    base = hub_folders.cache_layout(tmp_path, "owner/name", {OLD: small, NEW: small}, {"main": NEW, "v1": OLD})
    assert hub.find(Hub(str(base), revision)) == hub.Found(base / "snapshots" / commit, commit)


def test_a_revision_that_the_cache_folder_lacks_is_unavailable(tmp_path):
    base = hub_folders.cache_layout(tmp_path, "owner/name", {OLD: small}, {"main": OLD})
    with pytest.raises(Unavailable, match="holds no revision v9"):
        hub.find(Hub(str(base), "v9"))


def test_a_cache_of_several_models_asks_for_one(tmp_path):
    hub_folders.cache_layout(tmp_path, "owner/name", {OLD: small}, {"main": OLD})
    with pytest.raises(UsageError, match="name one of its models .models--owner--name"):
        hub.find(Hub(str(tmp_path)))


def test_a_model_that_is_not_cached_is_unavailable_offline_and_says_what_to_do(offline):
    with pytest.raises(Unavailable, match=r"HF_HUB_OFFLINE is set.*HF_HOME.*--model a local folder") as caught:
        hub.find(Hub("owner/name", "v1"))
    assert "owner/name at revision v1" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("GatedRepoError", "is gated: accept its terms"),
        ("RepositoryNotFoundError", "is not on the hub, or is private"),
        ("RevisionNotFoundError", "has no revision v1"),
        ("HfHubHTTPError", r"could not be reached \(HfHubHTTPError\)"),
    ],
)
def test_what_the_hub_answers_becomes_one_sentence(monkeypatch, error, says):
    import importlib

    import huggingface_hub

    http = importlib.import_module(huggingface_hub.errors.HTTPError.__module__)  # the client's name changed between versions

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)

    def refuse(*args, **kwargs):
        response = http.Response(403, request=http.Request("GET", "http://hub.invalid"))
        raise getattr(huggingface_hub.errors, error)("long\ntext", response=response)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(Unavailable, match=says) as caught:
        hub.find(Hub("owner/name", "v1"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("repo", ["./missing", "/missing/folder", "a/b/c"])
def test_what_is_neither_a_folder_nor_a_hub_id_is_an_error(repo):
    with pytest.raises(UsageError, match="no such folder, and not a hub id"):
        hub.find(Hub(repo))


def test_a_folder_without_a_config_is_not_a_model(tmp_path):
    with pytest.raises(UsageError, match="is not a model folder"):
        hub.find(Hub(str(tmp_path)))


def test_a_malformed_config_is_named(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UsageError, match=r"config\.json is not JSON"):
        hub.library_of(tmp_path)


def test_the_task_is_inferred_from_the_trained_head(bert):
    assert hub.infer_task(bert) == "token-classification"
    assert hub.infer_task({"architectures": ["ViTForImageClassification"], "model_type": "vit"}) == "image-classification"
    assert hub.infer_task({"architecture": "efficientvit_b3"}) == "image-classification"
    assert hub.library_of(bert) == "transformers"


@pytest.mark.parametrize(
    "family", ["LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "OPTForCausalLM", "GPT2LMHeadModel"]
)
def test_the_families_of_language_models_are_known_by_their_heads(family):
    assert hub.infer_task({"architectures": [family], "model_type": "any"}) == "language-modelling"


def test_a_config_of_no_task_lists_the_tasks():
    with pytest.raises(UsageError, match=r"BertForMaskedLM.*--task, one of .*token-classification"):
        hub.infer_task({"architectures": ["BertForMaskedLM"], "model_type": "bert"})


def test_a_truncated_weight_file_is_named(bert, tmp_path):
    weights = bert / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(ArtifactCorrupted, match=r"model\.safetensors is not a complete weight file") as caught:
        materialise(model(bert), tmp_path / "out", {})
    assert "\n" not in str(caught.value)


def test_a_missing_shard_is_named(bert, tmp_path):
    (bert / "model.safetensors").unlink()
    index = {"weight_map": {"x": "model-00001-of-00002.safetensors", "y": "model-00002-of-00002.safetensors"}}
    (bert / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ArtifactCorrupted, match="2 of 2|00001-of-00002"):
        materialise(model(bert), tmp_path / "out", {})


def test_a_folder_without_weights_says_so(bert, tmp_path):
    (bert / "model.safetensors").unlink()
    with pytest.raises(UsageError, match=r"holds no weights: expected model\.safetensors"):
        materialise(model(bert), tmp_path / "out", {})


def pickled(folder):
    import safetensors.torch
    import torch

    state = safetensors.torch.load_file(folder / "model.safetensors")
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return state


def test_pickled_weights_are_read_only_when_they_are_allowed(bert, tmp_path):
    import safetensors.torch
    import torch

    state = pickled(bert)
    with pytest.raises(UsageError, match="pickled weights only.*--allow-pickle"):
        materialise(model(bert), tmp_path / "refused", {})
    attributes = materialise(model(bert, allow_pickle=True), tmp_path / "out", {})
    written = safetensors.torch.load_file(tmp_path / "out" / "model.safetensors")
    assert attributes["published_dtype"] == "float32"
    assert all(torch.equal(written[name], state[name]) for name in state)


class Malicious:
    def __reduce__(self):
        import os

        return os.system, ("exit 3",)


def test_a_pickle_that_would_run_code_is_refused_even_when_pickles_are_allowed(bert, tmp_path):
    import torch

    (bert / "model.safetensors").unlink()
    torch.save({"x": Malicious()}, bert / "pytorch_model.bin")
    with pytest.raises(ArtifactCorrupted, match="is not a readable file of tensors"):
        materialise(model(bert, allow_pickle=True), tmp_path / "out", {})


def test_code_of_the_model_is_refused_until_it_is_trusted(bert, tmp_path):
    config = json.loads((bert / "config.json").read_text())
    config["auto_map"] = {"AutoModelForTokenClassification": "modeling_own.OwnModel"}
    (bert / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=r"Python code of its own \(modeling_own.OwnModel\).*--trust-remote-code"):
        materialise(model(bert), tmp_path / "out", {})
    config["auto_map"] = {"AutoModelForTokenClassification": "other/repo--modeling_own.OwnModel"}
    (bert / "config.json").write_text(json.dumps(config))
    with pytest.raises(Unsupported, match="from another repository"):
        materialise(model(bert, trust_remote_code=True), tmp_path / "other", {})


def test_a_head_that_the_loader_would_draw_at_random_is_an_error_that_names_it(tmp_path):
    """M27: a randomly initialised head scored as quality."""
    hub_folders.headless_model(tmp_path / "mlm")
    with pytest.raises(UsageError, match=r"no weights for classifier.bias \(missing\), classifier.weight \(missing\)"):
        materialise(model(tmp_path / "mlm"), tmp_path / "out", {})


def test_a_head_of_another_shape_is_an_error_with_both_shapes(bert, tmp_path):
    config = json.loads((bert / "config.json").read_text())
    config["id2label"] = {str(index): f"LABEL_{index}" for index in range(7)}
    config.pop("label2id")
    (bert / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="classifier.weight .stored 5x32, needed 7x32"):
        materialise(model(bert), tmp_path / "out", {})


def test_weights_that_are_quantized_already_are_not_an_original(bert, tmp_path):
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "gptq"}}))
    with pytest.raises(Unsupported, match="quantized already .gptq"):
        materialise(model(bert), tmp_path / "out", {})
