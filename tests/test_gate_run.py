"""`--gate` as a user runs it, in a clone of this checkout: every kind of regression, planted in the code, is red; nothing else is."""

import json
import xml.etree.ElementTree as ElementTree
from collections import defaultdict

import pytest

from tests.clone import Clone, no_op

pytestmark = pytest.mark.slow
BROKEN = """

def _broken(context):
    raise RuntimeError("the clustering of today does not end")


METHODS[0].steps[0].__dict__["build"] = _broken
METHODS[:] = [found for found in METHODS if found.name != "cluster256"]
"""
HEAVIER = """

def _heavier(artifact, device, threads):
    session = open_session(artifact, device, threads)
    _KEPT.append(bytearray(b"x") * (artifact.size_bytes // 20))
    return session


_KEPT = []
RUNTIMES[0].__dict__["open"] = _heavier
"""
RIGHT = "        return output.float().cpu().numpy()\n"
WRONG = """        array = output.float().cpu().numpy()
        for row in range(len(array)):
            _SEEN.append(row)
            if "bfloat16" in str(self.dtype) and len(_SEEN) % 50 == 0:
                array[row] = array[row, ::-1].copy()
        return array
"""


class Gated(Clone):
    def command(self, *arguments):
        selection = ["--catalog", "tests/gate_catalog.py", "--model", "planted-*", "--benchmark-disable"]
        return super().command(*selection, *arguments)

    def findings(self, word):
        """case -> its metrics with this word, of those that decide."""
        found = defaultdict(set)
        for finding in json.loads((self.reports / "gate.json").read_text(encoding="utf-8"))["findings"]:
            if finding["word"] == word and finding["gates"]:
                found[finding["case"].removeprefix("planted-").removesuffix(":cpu")].add(finding["metric"])
        return dict(found)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    made = Gated(tmp_path_factory.mktemp("gate"))
    made.updated = made.run("--update-baseline")
    return made


@pytest.fixture(scope="module")
def planted(clone):
    clone.append("fixtures/methods/pruning.py", no_op("prune50"))
    clone.append("fixtures/methods/precision.py", no_op("fp16"))
    clone.append("fixtures/methods/clustering.py", BROKEN)
    clone.append("fixtures/runtimes/torch_runtime.py", HEAVIER + "_SEEN = []\n")
    clone.edit("fixtures/runtimes/torch_runtime.py", RIGHT, WRONG)
    provider = "provider = self.session.get_providers()[0]"
    clone.edit("fixtures/runtimes/onnx_runtime.py", provider, 'provider = "OtherExecutionProvider"')
    return clone.run("--gate", "--junitxml", str(clone.reports / "junit.xml"))


def test_unchanged_code_is_compared_and_nothing_is_worse(clone):
    assert clone.updated.returncode == 0, clone.updated.stdout
    assert "git commit --edit --file" in clone.updated.stdout
    run = clone.run("--gate", "-k", "planted-image or wide")
    assert run.returncode == 0, run.stdout
    assert "gate: nothing worse; 5 cases compared" in run.stdout
    assert clone.findings("worse") == clone.findings("unjudged") == {}


def test_every_planted_regression_is_red_and_no_other_case_is(clone, planted):
    assert planted.returncode == 8, planted.stdout
    assert clone.findings("worse") == {
        "image:prune50": {"storage"},  # a no-op
        "image:fp16": {"storage", "execution", "size"},  # fp32 again
        "image:onnx": {"case"},  # another provider: the audit fails it
        "text:cluster16": {"case"},  # fails now
        "wide:original": {"ram"},  # 5 % more
        "digits:bf16": {"quality", "agreement"},  # 2 points less
    }
    assert clone.findings("unjudged") == {"text:cluster256": {"case"}}  # removed
    assert "a silent fallback (M24)" in planted.stdout
    assert "vanished: it is in the baseline" in planted.stdout


def test_the_loss_of_quality_is_shown_with_its_interval(clone, planted):
    text = next(
        finding["text"]
        for finding in json.loads((clone.reports / "gate.json").read_text(encoding="utf-8"))["findings"]
        if finding["metric"] == "quality" and finding["word"] == "worse"
    )
    points = float(text.split()[1].replace("−", "-"))
    assert -2.1 < points < -1.5, text  # of every 50th answer, less those that were wrong before
    assert "2400 items" in text


def test_the_junit_file_names_the_cases_that_became_worse(clone, planted):
    cases = ElementTree.parse(clone.reports / "junit.xml").iter("testcase")
    failed = {case.get("name").partition("[")[2].rstrip("]") for case in cases if case.find("failure") is not None}
    assert failed == {f"planted-{case}:cpu" for case in clone.findings("worse")}


def test_the_comment_shows_what_became_worse_before_anything_else(clone, planted):
    comment = (clone.reports / "gate.md").read_text(encoding="utf-8")
    assert comment.startswith("### Compression benchmarks: ❌ something became worse")
    assert comment.index("**Worse") < comment.index("**Could not be judged") < comment.index("<summary>Same")
    assert "| planted-wide:original:cpu | ram | ram " in comment
