"""docs/mistakes.md names a test for every mistake of published tables, and each of those tests exists."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from fixtures.registry import Method, Step
from tests.end_to_end.wrong_catalog import METHODS

ROOT = Path(__file__).resolve().parents[1]
# The ids of the list that the suite was built against; four numbers of it were never given.
MISTAKES = [f"M{number}" for number in range(1, 35) if number not in (9, 16, 18, 32)]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`(?: \(([\w-]+)\))?")


def rows():
    lines = (ROOT / "docs" / "mistakes.md").read_text(encoding="utf-8").splitlines()
    return {cells[0]: cells for line in lines if (cells := [cell.strip() for cell in line.strip("|").split("|")])[0][:1] == "M"}


def functions(path):
    return {node.name: node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_every_mistake_has_an_entry_and_every_entry_says_what_stops_it():
    assert list(rows()) == MISTAKES
    assert all(len(cells) == 4 and all(cells) for cells in rows().values())


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_named_test_exists(mistake):
    named = TEST.findall(rows()[mistake][3])
    assert named
    for path, name, case in named:
        assert name in functions(ROOT / path), f"{mistake}: {path} has no {name}"
        if case:  # a wrong method, one of the parameters of a test of whole runs
            assert case in {method.name for method in METHODS}
            decorators = [ast.unparse(decorator) for decorator in functions(ROOT / path)[name].decorator_list]
            assert any(f"'{case}'" in text for text in decorators), f"{mistake}: {name} is not run for {case}"


def test_a_method_has_no_place_for_a_metric_or_data_of_its_own_m29():
    named = {field.name for kind in (Method, Step) for field in fields(kind)}
    assert not named & {"evaluate", "metrics", "data", "labels", "decode", "normalise", "batch"}
