"""A user's files are read again when one of them changed, and what was calibrated on them is built again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from fixtures import registry
from fixtures.artifacts import Artifacts, content_key
from fixtures.cache import Cache
from fixtures.errors import BenchmarkError, UsageError
from fixtures.options import Options
from fixtures.registry import DataSource, Hub, Model
from fixtures.tasks import data, inputs, token_classification
from fixtures.worker import build
from tests import hub_folders

CLASSES = ["cat", "dog"]


def test_only_what_is_read_while_recording_is_named(tmp_path):
    inputs.name(tmp_path / "before")
    with inputs.recorded() as read:
        inputs.name(tmp_path / "b")
    assert read == {tmp_path / "b"}


@pytest.mark.parametrize("change", ["content", "appears", "goes"])
def test_a_file_that_changes_appears_or_goes_is_named(tmp_path, change):
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.write_text("a")
    described = inputs.describe([there, absent])
    assert inputs.changed(described) == ""
    there.touch()
    assert inputs.changed(described) == ""  # another time, the same content
    {"content": lambda: there.write_text("b"), "appears": lambda: absent.write_text(""), "goes": there.unlink}[change]()
    assert inputs.changed(described) == str(absent if change == "appears" else there)


def images(folder):
    """30 grey images of two labels."""
    folder.mkdir()
    lines = []
    for k in range(30):
        Image.new("RGB", (32, 32), (k * 8, k * 8, k * 8)).save(folder / f"{k}.png")
        lines.append(json.dumps({"image": f"{k}.png", "label": k % 2}))
    (folder / "data.jsonl").write_text("\n".join(lines))
    return folder / "data.jsonl"


def artifacts_of(cache, once, found):
    machine = {"cpu_flags": [], "machine": "here"}
    return Artifacts(found, Options(), Cache(cache, 10**9), once, lambda name: Path(), lambda text: None, machine, 1)


@pytest.fixture
def made(tmp_path):
    """The data of a model, prepared in this process; `count` says how often."""
    hub_folders.vit_model(tmp_path / "hub", CLASSES)
    model = Model(
        "m", "image-classification", "MIT", Hub(str(tmp_path / "hub")), DataSource("file", str(images(tmp_path / "data")))
    )
    count = []

    def once(name, command, library, environment="core", builder="torch", **asked):
        count.append(command)
        return getattr(build, command)({"say": lambda text: None}, catalogs=[], **asked)

    def data():
        return artifacts_of(tmp_path / "cache", once, registry.load()).data(model)

    data.count = count
    return data


@pytest.mark.parametrize("changed", ["labels.json", "3.png", "data.jsonl"])
def test_an_edit_of_any_file_behind_the_data_prepares_them_again(made, tmp_path, changed):
    before, same = made(), made()
    assert content_key(before) == content_key(same)
    assert made.count.count("prepare") == 1
    path = tmp_path / "data" / changed
    if changed == "labels.json":
        path.write_text(json.dumps(CLASSES[::-1]))
    elif changed == "3.png":
        Image.new("RGB", (32, 32), (255, 0, 0)).save(path)
    else:
        path.write_text("\n".join(path.read_text().splitlines()[::-1]))
    after = made()
    assert made.count.count("prepare") == 2
    assert content_key(after) != content_key(before)
    assert content_key(made()) == content_key(after)
    assert made.count.count("prepare") == 2


def test_a_folder_loaded_with_another_head_is_another_original(tmp_path):
    found = registry.load()
    task = found.tasks["image-classification"]
    model = Model("m", task.name, "MIT", Hub(str(tmp_path)), DataSource("random"))
    keys = []

    def once(name, command, *where, key="", **asked):
        keys.append(key)
        if command == "materialise":
            raise BenchmarkError("asked for its key only")
        return {"files": {}}

    for auto_class in (task.auto_class, "AutoModelForSomethingElse", task.auto_class):
        tasks = {**found.tasks, task.name: replace(task, auto_class=auto_class)}
        with pytest.raises(BenchmarkError):
            artifacts_of(tmp_path / "cache", once, replace(found, tasks=tasks)).original(model)
    first, second, third = filter(None, keys)
    assert first == third != second


@pytest.mark.parametrize(
    ("columns", "says"), [({"wrong": [1]}, "no column 'tokens'; it has wrong, tags"), ({"words": [["a"]]}, None)]
)
def test_the_columns_of_a_parquet_file_are_read_without_its_rows(tmp_path, columns, says):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "mine.parquet"
    pyarrow.parquet.write_table(pyarrow.table({**columns, "tags": [["O"]]}), path)
    if says is None:
        data.check_columns(path, token_classification.COLUMNS)
        return
    with pytest.raises(UsageError, match=says):
        data.check_columns(path, token_classification.COLUMNS)


@pytest.mark.parametrize(
    ("name", "says"), [("mine.parquet", "not a readable Parquet file"), ("mine.jsonl", "is empty"), ("m.csv", "expected a file")]
)
def test_a_file_that_cannot_hold_samples_is_refused_before_anything_runs(tmp_path, name, says):
    (tmp_path / name).write_text("\n" if name.endswith("jsonl") else "no data")
    with pytest.raises(UsageError, match=says):
        data.check_columns(tmp_path / name, token_classification.COLUMNS)


def test_a_python_without_pyarrow_is_not_the_files_fault(tmp_path, monkeypatch):
    (tmp_path / "mine.parquet").write_bytes(b"PAR1")
    (tmp_path / "pyarrow.py").write_text("raise ImportError('pyarrow is not here')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(UsageError, match="cannot read Parquet .pyarrow is not here.: `tox run -e bench --notest` makes"):
        data.check_columns(tmp_path / "mine.parquet", token_classification.COLUMNS)
