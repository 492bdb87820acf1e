"""Every environment is pinned, creates what its methods need, and smokes its own methods (tox.ini, requirements/)."""

import configparser
import fnmatch
import re
import shlex
import sys
from pathlib import Path

import pytest

from fixtures import environments
from fixtures.doctor.installed import normalised, pinned
from fixtures.doctor.runnable import GPU, names_of
from fixtures.errors import Unavailable
from fixtures.models import gguf_format, library_layers, pte_format, tflite_format
from tests.building import catalog

TOX = configparser.ConfigParser(interpolation=None)
TOX.read(environments.ROOT / "tox.ini", encoding="utf-8")
OTHERS = sorted(set(names_of(catalog())) - {environments.CORE, GPU})


def requirements(name: str) -> dict[str, str]:
    """Distribution -> exact version; a line that pins nothing fails here."""
    lines = (environments.ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.partition("#")[0].strip() for line in lines]
    found = {}
    for line in filter(None, wanted):
        if line.startswith("-r "):
            found |= requirements(line.removeprefix("-r ").strip().removesuffix(".txt"))
            continue
        match = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([A-Za-z0-9._]+)", line)
        assert match, f"requirements/{name}.txt: {line!r} is no exact version"
        found[normalised(match[1])] = match[2]
    return found


def smoked(name: str) -> list[str]:
    """Methods that the environment's own command names."""
    words = shlex.split(TOX[f"testenv:{name}"]["commands"])
    globs = [words[position + 1] for position, word in enumerate(words) if word == "--method"]
    return [method for method in catalog().methods if any(fnmatch.fnmatch(method, glob) for glob in globs)]


@pytest.mark.parametrize("name", OTHERS)
def test_an_environment_lies_where_its_methods_look_for_it(name):
    assert TOX[f"testenv:{name}"]["env_dir"] == f"{{work_dir}}/{name}"


@pytest.mark.parametrize("name", [environments.CORE, GPU, *OTHERS])
def test_the_command_that_creates_an_environment_is_one_that_tox_knows_and_makes_its_folder(name):
    for again in (False, True):
        words = environments.creates(name, again).split()
        section = f"testenv:{words[words.index('-e') + 1]}"
        assert section in TOX
        assert TOX.get(section, "env_dir", fallback=TOX["testenv"]["env_dir"]) == f"{{work_dir}}/{name}"


@pytest.mark.parametrize("name", OTHERS)
def test_what_an_environment_asks_for_is_exact_and_is_what_its_constraints_pin(name):
    pins = pinned(environments.ROOT, name)
    assert requirements(name).items() <= pins.items(), requirements(name).items() - pins.items()


@pytest.mark.parametrize("name", OTHERS)
def test_an_environment_installs_what_its_methods_and_runtimes_need(name):
    methods = [method for method in catalog().methods.values() if method.home == name]
    steps = [step for method in methods for step in method.steps]
    needs = {need for step in steps if step.borrows for need in step.lent}
    if not needs:  # else they run in core's
        needs = {need for step in steps for need in step.needs}
    needs |= {need for runtime in catalog().runtimes.values() if runtime.environment == name for need in runtime.needs}
    pins = pinned(environments.ROOT, name).keys()
    wanted = {normalised(need) for need in needs}
    assert wanted - pins <= ({"onnxruntime"} if "onnxruntime-gpu" in pins else set())  # one module, two distributions


@pytest.mark.parametrize("name", OTHERS)
def test_the_smoke_benchmark_of_an_environment_runs_its_own_methods_alone(name):
    methods = [catalog().methods[method] for method in smoked(name)]
    assert methods
    assert {method.home for method in methods} == {name}


def test_one_torch_serves_every_environment_that_has_one():
    versions = {name: pinned(environments.ROOT, name).get("torch") for name in (environments.CORE, *OTHERS)}
    assert {version for version in versions.values() if version} == {pinned(environments.ROOT, environments.CORE)["torch"]}, (
        versions
    )


def test_an_environment_that_was_named_comes_before_the_one_under_tox(tmp_path):
    beside = tmp_path / ".tox" / "litert" / "bin" / "python"
    beside.parent.mkdir(parents=True)
    beside.touch()
    assert environments.interpreter("litert", {}, tmp_path) == beside
    assert environments.interpreter("litert", {"litert": Path("/mine")}, tmp_path) == Path("/mine")


def test_a_worker_is_handed_what_was_named_and_hands_it_on(monkeypatch, tmp_path):
    named = {"llmcompressor": Path("/mine"), "legacy": Path("/old")}
    for name, value in environments.hand_on(named).items():
        monkeypatch.setenv(name, value)
    assert environments.interpreter("llmcompressor", root=tmp_path) == Path("/mine")
    assert environments.interpreter("core") == Path(sys.executable)
    for name, value in environments.hand_on({"legacy": Path("/older")}).items():
        monkeypatch.setenv(name, value)
    assert environments.interpreter("legacy", root=tmp_path) == Path("/older")
    assert environments.interpreter("llmcompressor", root=tmp_path) == Path("/mine")


def test_an_environment_that_does_not_exist_is_unavailable_with_its_command(tmp_path):
    with pytest.raises(Unavailable, match="`tox run -e executorch --notest` creates it"):
        environments.interpreter("executorch", {}, tmp_path)


@pytest.mark.parametrize(
    ("library", "environment"),
    [(gguf_format, "llamacpp"), (library_layers, "hf"), (pte_format, "executorch"), (tflite_format, "litert")],
)
def test_a_missing_library_names_the_command_that_installs_it(library, environment):
    with pytest.raises(Unavailable, match=f"no_such_package.*`tox run -e {environment} --notest` creates its environment"):
        library.require("no_such_package")
