"""A repository of its own whose first commit is this checkout's working tree: where tests edit code and run the suite on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.test_against_revision import git

ROOT = Path(__file__).resolve().parents[1]
# Appended to a file of methods: the step's text changes, and its name and its revision do not.
NO_OP = """

def _no_op(context):
    torch_format.save_state(torch_format.read_state(context.source), context.source.path, context.output)
    return dict(context.source.attributes)


def _without_effect(method):
    from dataclasses import replace

    steps = tuple(replace(step, build=_no_op, check=lambda source, result, params: {}) for step in method.steps)
    return replace(method, steps=steps, claims={})


METHODS[:] = [_without_effect(method) if method.name == "NAME" else method for method in METHODS]
"""


class Clone:
    """`root` is the checkout; the cache and the reports of its runs lie beside it."""

    def __init__(self, folder: Path) -> None:
        self.root, self.cache, self.reports = folder / "clone", folder / "cache", folder / "reports"
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

    def commit(self, message: str) -> None:
        git(self.root, "add", ".")
        git(self.root, "commit", "-q", "-m", message)

    def restore(self) -> None:
        """The first commit's files, nothing edited, and no reports."""
        git(self.root, "checkout", "-q", "--force", "main")
        git(self.root, "clean", "-qfd")
        shutil.rmtree(self.reports, ignore_errors=True)

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        path = self.root / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def command(self, *arguments: str) -> list[str]:
        places = ["--cache-dir", str(self.cache), "--report-dir", str(self.reports)]
        plugins = ["-p", "no:cacheprovider", "-p", "tests.undisturbed"]
        return [sys.executable, "-m", "pytest", "benchmarks", *plugins, "--device", "cpu", "--threads", "1", *places, *arguments]

    def run(self, *arguments: str, **named: Any) -> subprocess.CompletedProcess[str]:
        """`named`: what a subclass's `command` takes."""
        command, environment = self.command(*arguments, **named), {**os.environ, "COLUMNS": "200"}
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, timeout=400, check=False, env=environment)


def no_op(method: str) -> str:
    """For the end of a file of methods: that one keeps its name and its revision, and changes nothing any more."""
    return NO_OP.replace("NAME", method)
