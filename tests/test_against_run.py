"""`--against` as a user runs it, in a clone of this checkout: planted regressions are red, bad input is a sentence, git is left clean."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.test_against_revision import git

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


class Clone:
    """The working tree of this checkout, committed as `HEAD` of a repository of its own."""

    def __init__(self, folder):
        self.root, self.reports = folder / "clone", folder / "reports"
        listed = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():  # a file may be deleted and not yet committed so
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.root / name)
        git(folder, "init", "-q", "-b", "main", str(self.root))
        self.commit("base")

    def commit(self, message):
        git(self.root, "add", ".")
        git(self.root, "commit", "-q", "-m", message)

    def edit(self, name, old, new):
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def command(self, *arguments, against="HEAD", methods=("prune50",)):
        places = ["--cache-dir", str(self.root.parent / "cache"), "--report-dir", str(self.reports)]
        selection = ["--catalog", "tests/end_to_end/catalog.py", "--model", "tiny-image", "--device", "cpu", "--threads", "1"]
        chosen = [f"--method={method}" for method in methods]
        base = [sys.executable, "-m", "pytest", "benchmarks", "-p", "no:cacheprovider", "--against", against]
        return [*base, *selection, *chosen, *places, *arguments]

    def run(self, *arguments, **named):
        command = self.command(*arguments, **named)
        environment = {**os.environ, "COLUMNS": "200"}
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=400, check=False, env=environment)

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
        assert not list((self.root.parent / "cache" / "against").glob("*"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Clone(tmp_path_factory.mktemp("against"))


@pytest.fixture
def clone(made):
    """At its first commit, with nothing edited."""
    git(made.root, "checkout", "-q", "--force", "main")
    git(made.root, "clean", "-qfd")
    shutil.rmtree(made.reports, ignore_errors=True)
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


def test_a_slower_worker_of_this_side_is_red_and_the_dirty_tree_is_said(clone):
    spin = "session.run(batch)\n    while time.perf_counter_ns() - began < 3_000_000:\n        pass\n    spent = time"
    clone.edit("fixtures/worker/session.py", "session.run(batch)\n    spent = time", spin)
    run = clone.run(methods=("original",))
    assert run.returncode == 8, run.stdout + run.stderr
    assert ("original", "speed") in clone.words("worse")
    assert "with 1 uncommitted change, measured as they are" in run.stdout
    assert "self-test" not in run.stdout
    # The same the other way round: the revision is the slow one. Its workers run its own code.
    git(clone.root, "checkout", "-q", "-b", "slow")
    clone.commit("slow")
    clone.edit("fixtures/worker/session.py", spin, "session.run(batch)\n    spent = time")
    run = clone.run(against="slow", methods=("original",))
    assert run.returncode == 0, run.stdout + run.stderr
    assert ("original", "speed") in clone.words("better"), run.stdout
    clone.clean()


def test_a_method_made_a_no_op_without_a_new_revision_is_red_and_report_only_never_fails(clone):
    path = clone.root / "fixtures" / "methods" / "pruning.py"
    path.write_text(path.read_text(encoding="utf-8") + NO_OP, encoding="utf-8")
    run = clone.run()
    assert run.returncode == 8, run.stdout + run.stderr
    assert ("prune50", "storage") in clone.words("worse")
    assert not {pair for pair in clone.words("worse") if pair[0] == "original" and pair[1] != "speed"}
    run = clone.run("--gate=report", "-k", "prune50")
    assert run.returncode == 0, run.stdout + run.stderr
    assert clone.verdict()["status"] == "worse"


# Appended to the file, so that its text changes and its name, revision and postcondition's callers do not.
NO_OP = """

def _no_op(context):
    state = torch_format.read_state(context.source)
    torch_format.save_state(state, context.source.path, context.output)
    return {}


METHODS[:] = [
    __import__("dataclasses").replace(
        method,
        steps=tuple(
            __import__("dataclasses").replace(step, build=_no_op, check=lambda source, result, params: {}) for step in method.steps
        ),
        claims={},
    )
    for method in METHODS
]
"""


def test_a_case_that_vanished_could_not_be_judged(clone):
    path = clone.root / "fixtures" / "methods" / "pruning.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\nMETHODS[:] = [method for method in METHODS if method.name != 'prune80']\n", encoding="utf-8")
    run = clone.run("-k", "original", methods=("prune[58]0",))
    assert run.returncode == 9, run.stdout + run.stderr
    assert ("prune80", "case") in clone.words("unjudged")
    assert "vanished: HEAD has this case" in run.stdout


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
        clone.command("--case-seconds", "60"),
        cwd=clone.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    folder = clone.root.parent / "cache" / "against"
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
    """The sides' processes."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    found = children.read_text().split() if children.exists() else []
    return [int(pid) for pid in found if b"-c" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:3]]
