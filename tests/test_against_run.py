"""`--against` as a user runs it, in a clone of this checkout: planted regressions are red, bad input is a sentence, git is left clean."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from fixtures.against_side import HOST
from tests.clone import Clone, no_op
from tests.end_to_end.suite import interruptible
from tests.test_against_revision import git

pytestmark = pytest.mark.slow


class Compared(Clone):
    """A clone whose runs compare it with a revision of its own."""

    def command(self, *arguments, against="HEAD", methods=("prune50",)):
        selection = ["--catalog", "tests/end_to_end/catalog.py", "--model", "tiny-image"]
        chosen = [f"--method={method}" for method in methods]
        return super().command("--against", against, *selection, *chosen, *arguments)

    def verdict(self):
        return json.loads((self.reports / "against.json").read_text(encoding="utf-8"))

    def words(self, word):
        return {
            (finding["case"].split(":")[1], finding["metric"])
            for finding in self.verdict()["findings"]
            if finding["word"] == word
        }

    def clean(self):
        assert git(self.root, "worktree", "list").count("\n") == 0, "a worktree is left"
        assert not list((self.cache / "against").glob("*"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Compared(tmp_path_factory.mktemp("against"))


@pytest.fixture
def clone(made):
    """At its first commit, with nothing edited."""
    made.restore()
    return made


def test_the_same_code_on_both_sides_is_a_self_test_without_alarm(clone):
    run = clone.run()
    assert run.returncode == 0, run.stdout + run.stderr
    assert "self-test (both sides hold the same code): 0 false alarms in 2 comparisons" in run.stdout
    assert re.search(r"a slowdown of [\d.]+% would have been seen in half of the 2 timed cases", run.stdout)
    assert not clone.words("worse")
    assert clone.verdict()["cases"] == 2
    pairs = json.loads((clone.reports / "against-pairs.json").read_text(encoding="utf-8"))
    assert all(len(case["first"]) >= 16 for case in pairs)
    assert "- a slowdown of" in (clone.reports / "against.md").read_text(encoding="utf-8")
    clone.clean()
    assert git(clone.root, "status", "--porcelain") == ""


# In the timed region of a worker. .04 s beside some .002 of this model: no machine is so slow or so busy that it hides that.
QUICK, ASLEEP = "session.run(batch)\n    spent = time", "session.run(batch)\n    time.sleep(0.04)\n    spent = time"


def test_a_slower_worker_a_no_op_and_a_case_removed_are_each_red_and_the_dirty_tree_is_said(clone):
    clone.edit("fixtures/worker/session.py", QUICK, ASLEEP)
    removed = "\nMETHODS[:] = [method for method in METHODS if method.name != 'prune80']\n"
    clone.append("fixtures/methods/pruning.py", no_op("prune50") + removed)
    run = clone.run(methods=("prune[58]0",))
    assert run.returncode == 8, run.stdout + run.stderr
    assert clone.words("worse") == {("original", "speed"), ("prune50", "speed"), ("prune50", "storage")}
    assert clone.words("unjudged") == {("prune80", "case")}
    assert "with 2 uncommitted changes, measured as they are" in run.stdout
    assert "vanished: HEAD has this case" in run.stdout
    assert "self-test" not in run.stdout
    clone.clean()


def test_a_revision_that_was_slower_is_measured_by_its_own_code(clone):
    git(clone.root, "checkout", "-q", "-b", "slow")
    clone.edit("fixtures/worker/session.py", QUICK, ASLEEP)
    clone.commit("slow")
    clone.edit("fixtures/worker/session.py", ASLEEP, QUICK)
    run = clone.run(against="slow", methods=("original",))
    assert run.returncode == 0, run.stdout + run.stderr
    assert ("original", "speed") in clone.words("better"), run.stdout
    clone.clean()


def test_what_was_only_reported_never_fails_and_untimed_sides_are_compared_in_all_but_speed(clone):
    clone.append("fixtures/methods/pruning.py", no_op("prune50"))
    run = clone.run("--gate=report", "--benchmark-disable")
    assert run.returncode == 0, run.stdout + run.stderr
    assert clone.verdict()["status"] == "worse"
    assert clone.words("worse") == {("prune50", "storage")}
    assert "not measured (--benchmark-disable)" in run.stdout


def test_a_revision_whose_code_does_not_start_could_not_be_judged(clone):
    git(clone.root, "checkout", "-q", "-b", "broken")
    clone.edit("fixtures/bench.py", "from __future__ import annotations", "from __future__ import annotations\nthis is no Python")
    clone.commit("broken")
    git(clone.root, "checkout", "-q", "main")
    run = clone.run(against="broken")
    assert run.returncode == 9, run.stdout + run.stderr
    assert "the code of broken" in run.stdout
    assert "SyntaxError" in run.stdout
    clone.clean()


@pytest.mark.parametrize(
    ("against", "status", "said"),
    [("no-such-branch", 4, "this checkout has no such commit"), ("early", 9, "predates the worker protocol")],
)
def test_a_revision_that_cannot_be_compared_ends_before_anything_is_measured(clone, against, status, said):
    if against == "early":
        git(clone.root, "checkout", "-q", "--orphan", "early")
        git(clone.root, "rm", "-q", "--cached", "fixtures/worker/protocol.py")
        git(clone.root, "commit", "-q", "-m", "early")
        git(clone.root, "checkout", "-q", "--force", "main")
    run = clone.run(against=against)
    assert run.returncode == status, run.stdout + run.stderr
    assert said in run.stdout + run.stderr
    assert not clone.reports.exists()
    clone.clean()


def test_an_update_of_the_baseline_is_refused(clone):
    run = clone.run("--update-baseline")
    assert run.returncode == 4
    assert "--against writes no baseline" in run.stderr


def test_an_interruption_removes_the_worktree_and_ends_both_sides(clone):
    process = subprocess.Popen(
        interruptible(clone.command("--case-seconds", "60")),
        cwd=clone.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    folder = clone.cache / "against"
    until = time.monotonic() + 120
    while not (children := hosts(process.pid)) and time.monotonic() < until:
        time.sleep(0.2)
    assert len(children) >= 1
    assert list(folder.glob("*"))
    time.sleep(3)  # somewhere in the first case
    children = hosts(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 2, output
    clone.clean()
    assert git(clone.root, "status", "--porcelain") == ""
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def hosts(parent):
    """The sides' processes: git runs as a child before them, and a side may ask another environment's interpreter."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    found = children.read_text().split() if children.exists() else []
    program = [b"-c", HOST.read_bytes()]
    return [int(pid) for pid in found if Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:3] == program]
