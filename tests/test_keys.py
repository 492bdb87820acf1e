"""Cache keys: whatever the bytes depend on changes the key; nothing else does."""

import functools
import importlib
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures import keys
from fixtures.errors import Unavailable, UsageError
from fixtures.methods import pruning
from fixtures.registry import Step


def check(source, result, params):
    return {}


STEP = Step("prune", ("torch",), "torch", pruning.METHODS[0].steps[0].build, check, params={"share": 0.5}, needs=("torch",))


def key(step=STEP, source="a", seed=0, data="d", flags=("avx2",)):
    return keys.step_key(source, step, seed, data, flags)


def test_the_same_step_on_the_same_input_has_the_same_key():
    assert key() == key()
    assert key() == key(flags=("avx512f",), data="other")  # neither calibrated nor dependent on the CPU


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "b"},
        {"seed": 1},
        {"step": replace(STEP, params={"share": 0.8})},
        {"step": replace(STEP, name="other")},
        {"step": replace(STEP, needs=())},
    ],
)
def test_what_the_bytes_depend_on_changes_the_key(changed):
    assert key(**changed) != key()


def interpreter(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_the_versions_of_another_environment_are_those_that_its_own_python_finds(tmp_path):
    there = interpreter(tmp_path / "python", """echo '{"torch": "9.9.9", "nothing": null}'""")
    assert keys.versions(("torch", "nothing"), there) == {"torch": "9.9.9", "nothing": None}
    assert keys.versions(("torch",), Path(sys.executable)) == keys.versions(("torch",))
    assert keys.step_key("a", STEP, 0, "d", (), there) != keys.step_key("a", STEP, 0, "d", ())
    # The question itself, asked of a real interpreter that is not this process.
    real = interpreter(tmp_path / "real", f'exec {sys.executable} "$@"')
    assert keys.versions(("pytest", "no-such-package"), real) == keys.versions(("pytest", "no-such-package"))


def test_what_a_borrowed_environment_lends_is_part_of_the_key(tmp_path):
    def lent(version):
        return interpreter(tmp_path / version, f"""echo '{{"auto-round": "{version}"}}'""")

    step = replace(STEP, borrows="llmcompressor", lent=("auto-round",))
    ours, theirs = (keys.step_key("a", step, 0, "d", (), lender=lent(version)) for version in ("0.15.1", "0.16.0"))
    assert ours != theirs
    assert keys.step_key("a", STEP, 0, "d", ()) == keys.step_key("a", replace(STEP, lent=("auto-round",)), 0, "d", ())


def test_an_environment_whose_python_is_broken_is_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="create its environment again"):
        keys.versions(("torch",), interpreter(tmp_path / "python", "exit 3"))


def test_calibration_data_count_only_for_a_step_that_calibrates():
    calibrated = replace(STEP, calibration_samples=8)
    assert key(step=calibrated, data="d") != key(step=calibrated, data="e")


def test_the_code_that_chooses_calibration_samples_counts_for_a_step_that_calibrates(monkeypatch):
    calibrated = replace(STEP, calibration_samples=8)
    before, plain = key(step=calibrated), key()
    monkeypatch.setattr(keys, "text_hash", lambda module: f"{module} edited")
    assert key(step=calibrated) != before
    assert key() == plain


@pytest.mark.parametrize("build", [functools.partial(STEP.build), lambda context: {}])
def test_a_step_whose_source_cannot_be_found_is_refused(build):
    with pytest.raises(UsageError, match="step prune: its build is of module .*no functools.partial"):
        key(step=replace(STEP, build=build))


def test_cpu_flags_count_only_for_a_step_that_depends_on_them():
    dependent = replace(STEP, cpu_dependent=True)
    assert key(step=dependent, flags=("avx2",)) != key(step=dependent, flags=("avx512_vnni",))


def test_the_revision_alone_rebuilds_nothing():
    assert key(step=replace(STEP, revision=2)) == key()


def test_editing_a_step_or_what_it_imports_changes_its_key(tmp_path, monkeypatch):
    package = tmp_path / "fixtures"
    package.mkdir()
    (package / "inner.py").write_text("VALUE = 1\n")
    (package / "outer.py").write_text("from fixtures import inner\n")
    (package / "elsewhere.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(keys, "ROOT", tmp_path)

    def fresh():
        keys.source_hash.cache_clear()
        keys.imported.cache_clear()
        return keys.source_hash("fixtures.outer")

    before = fresh()
    (package / "elsewhere.py").write_text("VALUE = 2\n")
    assert fresh() == before
    (package / "inner.py").write_text("VALUE = 2\n")
    inner_changed = fresh()
    assert inner_changed != before
    (package / "outer.py").write_text("from fixtures import inner  # edited\n")
    assert fresh() not in (before, inner_changed)
    keys.source_hash.cache_clear()
    keys.imported.cache_clear()


def test_the_closure_follows_imports_and_references_but_not_plumbing():
    closure = keys.source_closure("fixtures.models.torch_format")
    assert "fixtures.models.torchvision_operators" in closure
    assert not any(name.startswith("fixtures.worker") or name == "fixtures.artifact" for name in closure)


def test_hashing_sources_imports_nothing(monkeypatch):
    monkeypatch.delitem(sys.modules, "fixtures.models.torchvision_operators", raising=False)
    importlib.invalidate_caches()
    keys.source_hash.cache_clear()
    keys.source_hash("fixtures.models.torch_format")
    assert "fixtures.models.torchvision_operators" not in sys.modules


def test_a_step_that_trains_depends_on_the_data():
    trains = replace(STEP, trains=True)
    assert key(step=trains) != key(step=trains, data="other")
