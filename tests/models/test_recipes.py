"""The embedded models: their data is what the scores refer to, and the shipped weights are what training gave."""

import json
import shutil

import numpy as np
import pytest

from fixtures.artifact import finish
from fixtures.errors import BenchmarkError
from fixtures.models.embedded import MODELS, SHIPPED_SEED, shipped
from fixtures.models.recipes import digits, entities, splits
from fixtures.models.recipes.digits_rendering import render
from fixtures.models.recipes.entities_corpus import Sentence, sentences, tag_words

RECIPES = {"digits": digits, "entities": entities}
RECORDED_TOLERANCE = 0.005  # half a point: float differences between machines, not another model


@pytest.fixture(params=RECIPES)
def recipe(request):
    return request.param


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """{recipe: (directory of its data artifact, data.json's content)}"""
    root = tmp_path_factory.mktemp("data")
    return {name: (root / name, module.write_splits(shipped(name), root / name)) for name, module in RECIPES.items()}


def load(recipe, tmp_path):
    from fixtures.models.torch_format import load_module

    copy = tmp_path / recipe
    shutil.copytree(shipped(recipe), copy)
    artifact = finish(copy, key=recipe, format="torch", attributes={}, lineage=())
    return load_module(artifact), artifact


def test_splits_on_disk_share_no_source_item(recipe, data):
    directory, _ = data[recipe]
    groups = {name: np.load(directory / name / "groups.npy") for name in splits.NAMES}
    groups["train"] = np.array(
        digits.ITEMS["train"] if recipe == "digits" else [index for index, _ in entities.corpus()["train"]]
    )
    everything = [set(values.tolist()) for values in groups.values()]
    assert sum(map(len, everything)) == len(set.union(*everything))


def test_sentences_of_all_splits_have_different_texts():
    texts = [sentence.text.lower() for table in entities.corpus().values() for _, sentence in table]
    assert len(texts) == len(set(texts)) == 10028


def test_every_digit_is_in_one_split():
    indices = [index for items in digits.ITEMS.values() for index in items]
    assert sorted(indices) == list(range(1797))


def test_the_table_describes_the_arrays(recipe, data):
    directory, described = data[recipe]
    assert described == json.loads((directory / "data.json").read_text())
    for name in splits.NAMES:
        n = described["splits"][name]["n"]
        for array in (*described["input_names"], "labels", "groups"):
            assert len(np.load(directory / name / f"{array}.npy")) == n


def test_there_are_enough_test_samples_to_resolve_a_point(data):
    assert data["digits"][1]["splits"]["test"]["n"] == 2400
    assert data["entities"][1]["splits"]["test"]["n"] == 1500


def test_pixels_are_normalised_float32(data):
    pixels = np.load(data["digits"][0] / "validation" / "pixel_values.npy")
    assert pixels.dtype == np.float32
    assert pixels.shape == (600, 3, 48, 48)
    assert pixels.min() >= -2  # (0 - .5) / .25
    assert pixels.max() <= 2


def test_a_shared_item_is_named():
    with pytest.raises(BenchmarkError, match=r"source item 3 is in the splits train and test"):
        splits.assert_disjoint({"train": [1, 3], "test": [3, 4]})


def test_changed_material_is_an_error_that_shows_both_hashes():
    with pytest.raises(BenchmarkError, match=r"aaaa.*expected bbbb"):
        splits.assert_material("the corpus", "aaaa", "bbbb")


def test_the_same_seed_draws_the_same_bytes_and_another_seed_does_not():
    images = digits.source()[0][:10]
    assert render(images, 7).tobytes() == render(images, 7).tobytes()
    assert render(images, 7).tobytes() != render(images, 8).tobytes()


def test_a_digit_is_drawn_bright_on_dark():
    # A full cell block in the middle of an empty digit: its centre is ink (at least .6 - .1 tint), the corner background (at most .35).
    block = np.zeros((1, 8, 8), np.uint8)
    block[:, 2:6, 2:6] = 16
    picture = render(block, 0, difficulty=0.0)[0]
    assert picture[:, 24, 24].min() >= 0.5 * 255 - 1
    assert picture[:, 0, 0].max() <= 0.35 * 255 + 1


def test_the_same_seed_writes_the_same_corpus_and_another_seed_does_not():
    assert sentences(5, 50) == sentences(5, 50)
    assert sentences(5, 50) != sentences(6, 50)


def test_tags_of_a_sentence_worked_out_by_hand():
    made = tag_words(
        [("Vera Tolov", "PER"), ("left", None), ("Bank of Delta", "ORG"), ("in", None), ("Port Rix", "LOC"), (".", None)]
    )
    assert made.words == ("Vera", "Tolov", "left", "Bank", "of", "Delta", "in", "Port", "Rix", ".")
    assert made.tags == ("B-PER", "I-PER", "O", "B-ORG", "I-ORG", "I-ORG", "O", "B-LOC", "I-LOC", "O")


def test_labels_stand_on_the_first_sub_token_of_each_word():
    import tokenizers

    # Two words, the first cut in pieces: [CLS] To ##... [SEP]; only position 1 and the position of "left" carry a tag.
    tokenizer = tokenizers.Tokenizer.from_file(str(shipped("entities") / "tokenizer.json"))
    sentence = Sentence(("Tolovmanburg", "left"), ("B-PER", "O"))
    split = entities.encode(tokenizer, [(9, sentence)])
    pieces = len(tokenizer.encode("Tolovmanburg", add_special_tokens=False).ids)
    assert pieces > 1
    expected = [-100] * entities.TOKENS
    expected[1] = entities.TAGS.index("B-PER")
    expected[1 + pieces] = entities.TAGS.index("O")
    assert split.labels[0].tolist() == expected
    assert split.inputs["attention_mask"][0].sum() == pieces + 3
    assert split.groups.tolist() == [9]


def test_each_word_of_the_corpus_has_exactly_one_label(data):
    labels = np.load(data["entities"][0] / "test" / "labels.npy")
    words = [len(sentence.words) for _, sentence in entities.corpus()["test"]]
    assert (labels != -100).sum(1).tolist() == words


def test_no_token_of_the_corpus_is_unknown(data):
    import tokenizers

    unknown = tokenizers.Tokenizer.from_file(str(shipped("entities") / "tokenizer.json")).token_to_id("[UNK]")
    assert not (np.load(data["entities"][0] / "test" / "input_ids.npy") == unknown).any()


def test_a_sentence_that_does_not_fit_is_an_error():
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(str(shipped("entities") / "tokenizer.json"))
    with pytest.raises(ValueError, match="more than the fixed length 64"):
        entities.encode(tokenizer, [(0, Sentence(("word",) * 63, ("O",) * 63))])


def test_shipped_weights_load_strictly_as_float32(recipe, tmp_path):
    module, artifact = load(recipe, tmp_path)
    assert {str(tensor.dtype) for tensor in module.parameters()} == {"torch.float32"}
    assert artifact.size_bytes < 13e6


def test_shipped_weights_are_not_representable_in_half_precision(recipe, tmp_path):
    module, _ = load(recipe, tmp_path)
    assert any((parameter.half().float() != parameter).any() for parameter in module.parameters())


def test_the_catalog_names_what_is_shipped(recipe):
    (model,) = [model for model in MODELS if model.source.recipe == recipe]
    training = json.loads((shipped(recipe) / "training.json").read_text())
    assert training["seed"] == model.source.seed == SHIPPED_SEED
    assert training["recipe"] == recipe
    assert model.data.name == recipe
    assert model.task == RECIPES[recipe].TASK
    assert shipped(recipe).name == model.name
    assert model.sequence == (entities.TOKENS if recipe == "entities" else None)


def test_recorded_scores_are_well_above_an_undertrained_model(recipe):
    training = json.loads((shipped(recipe) / "training.json").read_text())
    assert training["test"] >= RECIPES[recipe].TARGET


def test_transformers_opens_the_tokenizer_and_gives_the_same_ids():
    import tokenizers

    from fixtures.models.torchvision_operators import define_missing_operators

    define_missing_operators()
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(shipped("entities"))
    words = ["Will", "Tolovmanburg", "joined", "GRP", "."]
    direct = tokenizers.Tokenizer.from_file(str(shipped("entities") / "tokenizer.json"))
    assert tokenizer(words, is_split_into_words=True)["input_ids"] == direct.encode(words, is_pretokenized=True).ids
    assert len(tokenizer) == 1500


@pytest.mark.slow
def test_a_few_training_steps_lower_the_loss(recipe, tmp_path):
    training = RECIPES[recipe].train(seed=1, output=tmp_path, threads=1, steps=60)
    assert len(training["losses"]) == 20
    assert np.mean(training["losses"][-5:]) < 0.9 * np.mean(training["losses"][:5])
    assert (tmp_path / "model.safetensors").is_file()


@pytest.mark.slow
def test_shipped_weights_reach_the_recorded_test_score(recipe, tmp_path, data):
    module, _ = load(recipe, tmp_path)
    directory, _ = data[recipe]
    recorded = json.loads((shipped(recipe) / "training.json").read_text())["test"]
    if recipe == "digits":
        found = digits.score(module, *digits.pictures("test")[:2])
    else:
        arrays = {
            name: np.load(directory / "test" / f"{name}.npy") for name in ("input_ids", "attention_mask", "labels", "groups")
        }
        labels, groups = arrays.pop("labels"), arrays.pop("groups")
        found = entities.score(module, splits.Split(arrays, labels, groups))
    assert found == pytest.approx(recorded, abs=RECORDED_TOLERANCE)
