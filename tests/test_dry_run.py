"""The plan of --dry-run says what it does not know."""

from dataclasses import replace

from fixtures import dry_run
from fixtures.cases import Case
from fixtures.methods import original
from fixtures.options import Options
from fixtures.registry import DataSource, Hub, Model

MODEL = Model("m", "image-classification", "MIT", Hub("owner/name"), DataSource("random"))


def lines(*models):
    return list(dry_run.lines([Case(model, original.METHODS[0], "cpu") for model in models], Options(), dry_run.Path("none")))


def test_a_model_of_unknown_size_says_so_and_is_counted():
    unknown, known, total = lines(MODEL, replace(MODEL, name="k", parameters=10**6, flops=10**9))
    assert "size unknown" in unknown
    assert "MB" not in unknown
    assert "from its size" not in unknown
    assert "4.0 MB  from its size" in known
    assert "and 4 MB without the 1 of unknown size in " in total


def test_a_plan_of_known_sizes_says_nothing_of_unknown_ones():
    assert not any("unknown" in line for line in lines(replace(MODEL, parameters=10**6, flops=10**9)))
