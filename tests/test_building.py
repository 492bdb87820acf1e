"""The tests' own builder of artifacts."""

from dataclasses import replace

import pytest

from fixtures.errors import PostconditionFailed
from tests.building import Builder, catalog


def test_a_build_that_failed_fails_the_same_way_again_and_leaves_no_folder(tmp_path):
    def build(context):
        (context.output / "half").write_text("")
        raise PostconditionFailed("nothing was pruned")

    method = catalog().methods["prune50"]
    broken = replace(method, steps=(replace(method.steps[0], build=build),))
    made = Builder(tmp_path)
    made.original("token-classification")
    before = sorted(tmp_path.rglob("*"))
    for _ in range(2):
        with pytest.raises(PostconditionFailed, match="nothing was pruned"):
            made.artifact(broken, "token-classification")
    assert sorted(tmp_path.rglob("*")) == before
