"""Images from files become the arrays that the published image processors would make, in splits that share no image."""

import io
import json

import numpy as np
import pytest

from fixtures.errors import UsageError
from fixtures.models.materialise import materialise
from fixtures.registry import DataSource, Hub, Model
from fixtures.tasks import images, labels
from fixtures.tasks.image_classification import TASKS
from tests import hub_folders

CLASSES = ("cat", "dog", "owl")
prepare = TASKS[0].prepare


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    root = tmp_path_factory.mktemp("vit")
    hub_folders.vit_model(root / "hub", CLASSES)
    materialise(Model("m", "image-classification", "MIT", Hub(str(root / "hub")), DataSource("random")), root / "out", {})
    return root / "out"


def picture(number, size=(40, 30)):
    from PIL import Image

    pixels = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def json_lines(folder, rows):
    (folder / "photos").mkdir()
    lines = []
    for number, (content, label) in enumerate(rows):
        (folder / "photos" / f"{number}.png").write_bytes(content)
        lines.append(json.dumps({"image": f"photos/{number}.png", "label": label}))
    path = folder / "data.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def file(path, **more):
    return DataSource("file", str(path), **more)


def test_json_lines_become_arrays_in_disjoint_splits(vit, tmp_path):
    rows = [(picture(number), CLASSES[number % 3]) for number in range(60)]
    described = prepare(vit, file(json_lines(tmp_path, rows)), tmp_path / "out", {})
    assert described == json.loads((tmp_path / "out" / "data.json").read_text())
    # 60 samples: a fifth (12) for each of calibration and validation, 36 for the test
    assert {split: entry["n"] for split, entry in described["splits"].items()} == {
        "calibration": 12,
        "validation": 12,
        "test": 36,
    }
    assert described["labels"] == list(CLASSES)
    assert described["labelled"] is True
    assert described["warnings"] == ["only 36 test samples: intervals will be wide"]
    groups = [set(np.load(tmp_path / "out" / split / "groups.npy").tolist()) for split in described["splits"]]
    assert len(set.union(*groups)) == sum(len(group) for group in groups) == 60
    pixels = np.load(tmp_path / "out" / "test" / "pixel_values.npy")
    assert (pixels.shape, pixels.dtype) == ((36, 3, 32, 32), np.float32)
    # every label is the one that was written beside its picture
    chosen = images.settings(vit)
    prepared = {images.pixels(images.decode(content, ""), chosen).tobytes(): label for content, label in rows}
    found = np.load(tmp_path / "out" / "test" / "labels.npy")
    assert [prepared[image.tobytes()] for image in pixels] == [CLASSES[number] for number in found]


def test_the_same_file_gives_the_same_arrays(vit, tmp_path):
    path = json_lines(tmp_path, [(picture(number), number % 3) for number in range(20)])
    first, again = (prepare(vit, file(path), tmp_path / name, {}) for name in ("a", "b"))
    assert first["hash"] == again["hash"]
    assert prepare(vit, file(path, seed=1), tmp_path / "c", {})["hash"] != first["hash"]


def test_copies_of_one_image_stay_in_one_split(vit, tmp_path):
    rows = [(picture(number % 10), "cat") for number in range(40)]
    described = prepare(vit, file(json_lines(tmp_path, rows)), tmp_path / "out", {})
    groups = {split: set(np.load(tmp_path / "out" / split / "groups.npy").tolist()) for split in described["splits"]}
    assert groups["test"].isdisjoint(groups["calibration"] | groups["validation"])
    assert groups["calibration"].isdisjoint(groups["validation"])
    assert described["splits"]["test"]["n"] == 4 * len(groups["test"])


@pytest.mark.parametrize("column", ["bytes", "struct"])
def test_parquet_holds_the_images_themselves(vit, tmp_path, column):
    import pyarrow
    import pyarrow.parquet

    stored = [picture(number) for number in range(10)]
    image = stored if column == "bytes" else [{"bytes": content, "path": None} for content in stored]
    table = pyarrow.table({"image": image, "label": [number % 3 for number in range(10)], "other": list(range(10))})
    pyarrow.parquet.write_table(table, tmp_path / "data.parquet")
    described = prepare(vit, file(tmp_path / "data.parquet"), tmp_path / "out", {})
    assert described["splits"]["test"]["n"] == 6


def test_samples_limit_the_test_split(vit, tmp_path):
    path = json_lines(tmp_path, [(picture(number), 0) for number in range(30)])
    assert prepare(vit, file(path, samples=3), tmp_path / "out", {})["splits"]["test"]["n"] == 3


def test_an_image_that_is_not_one_is_named_by_its_line(vit, tmp_path):
    path = json_lines(tmp_path, [(picture(number), 0) for number in range(9)] + [(b"text", 0)])
    with pytest.raises(UsageError, match="line 10: not a readable image"):
        prepare(vit, file(path), tmp_path / "out", {})


def test_a_missing_image_is_named_with_its_path(vit, tmp_path):
    path = json_lines(tmp_path, [(picture(number), 0) for number in range(9)])
    (tmp_path / "photos" / "3.png").unlink()
    with pytest.raises(UsageError, match=r"line 4: cannot read the image .*photos/3\.png"):
        prepare(vit, file(path), tmp_path / "out", {})


def test_a_label_of_another_model_shows_both_sets(vit, tmp_path):
    path = json_lines(tmp_path, [(picture(number), "wolf") for number in range(9)])
    (tmp_path / "labels.json").write_text('["wolf", "fox"]')
    with pytest.raises(UsageError, match=r"no label 'wolf'; it has 3: cat, dog, owl; the data name 2: wolf, fox"):
        prepare(vit, file(path), tmp_path / "out", {})


def test_numbers_mean_the_names_that_the_data_give_them(vit, tmp_path):
    path = json_lines(tmp_path, [(picture(number), 0) for number in range(9)])
    (tmp_path / "data.jsonl.labels.json").write_text('{"0": "owl", "1": "cat"}')
    prepare(vit, file(path), tmp_path / "out", {})
    # "owl" is the model's third class
    assert set(np.load(tmp_path / "out" / "test" / "labels.npy").tolist()) == {2}


def test_lists_that_agree_by_position_are_one_list():
    model = (*(f"name {number}, synonym" for number in range(19)), "crane")
    data = (*(f"Name {number}" for number in range(18)), "other", "crane")
    assert labels.Mapping(data, model).number(18, "row 1") == 18
    assert labels.Mapping(("a", "b"), ("0", "1")).warnings() == [
        "the model's classes have no names: the data's numbers were taken for the model's"
    ]
    with pytest.raises(UsageError, match=r"no label '18 \(other\)'"):
        labels.Mapping((*["zebra"] * 18, "other", "crane"), model).number(18, "row 1")


@pytest.mark.parametrize("size", [(40, 30), (31, 57), (32, 32)])
def test_pixels_equal_the_vit_image_processors(vit, size):
    from PIL import Image

    hub_folders.define_missing_operators()
    from transformers import ViTImageProcessorPil

    image = Image.open(io.BytesIO(picture(1, size)))
    expected = ViTImageProcessorPil.from_pretrained(vit)(image, return_tensors="np")["pixel_values"][0]
    assert np.abs(images.pixels(image, images.settings(vit)) - expected).max() < 1e-6


@pytest.mark.parametrize("size", [(300, 400), (401, 255), (224, 224)])
@pytest.mark.parametrize("mode", ["center", "squash"])
def test_pixels_equal_timms_transform(size, mode):
    from PIL import Image

    hub_folders.define_missing_operators()
    from timm.data import create_transform

    stored = {
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "crop_mode": mode,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    image = Image.open(io.BytesIO(picture(1, size)))
    transform = create_transform(
        (3, 224, 224), crop_pct=0.95, crop_mode=mode, interpolation="bicubic", mean=stored["mean"], std=stored["std"]
    )
    assert np.abs(images.pixels(image, images.of_timm(stored)) - transform(image).numpy()).max() < 1e-5


def test_a_processor_step_that_is_not_known_is_refused():
    with pytest.raises(UsageError, match="asks for do_pad"):
        images.of_transformers({"size": {"height": 8, "width": 8}, "do_pad": True, "image_mean": [0.5], "image_std": [0.5]})


def test_random_images_carry_no_labels_and_two_splits(vit, tmp_path):
    described = prepare(vit, DataSource("random"), tmp_path / "out", {})
    assert {split: entry["n"] for split, entry in described["splits"].items()} == {"test": 256, "calibration": 32}
    assert described["labelled"] is False
    assert described["reason"] == "random weights"
    assert not (tmp_path / "out" / "test" / "labels.npy").exists()
    test, calibration = (np.load(tmp_path / "out" / split / "pixel_values.npy") for split in ("test", "calibration"))
    assert test.shape == (256, 3, 32, 32)
    assert not any(np.array_equal(image, other) for image in calibration for other in test)
