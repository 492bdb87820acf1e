"""Builds pipelines on the tiny models once per test process, however many tests look at them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from fixtures import registry
from fixtures.artifact import Artifact
from fixtures.errors import Unsupported
from fixtures.registry import Method
from tests import tiny


@dataclass
class Builder:
    """`artifact` keeps what it made, and why it could not: a second call costs nothing. A second Builder builds everything again."""

    directory: Path
    seen: dict[tuple, Artifact | Unsupported] = field(default_factory=dict)

    def original(self, task: str) -> Artifact:
        key = (task,)
        if key not in self.seen:
            self.seen[key] = tiny.original(task, self.directory / task / "original")
        return self.answer(key)

    def artifact(self, method: Method, task: str) -> Artifact:
        """Raises: Unsupported, as the method's step or its check did."""
        made, key = self.original(task), (task,)
        for step in method.steps:
            key = (*key, step.name, str(sorted(step.params.items())))
            if key not in self.seen:
                folder = self.directory / str(len(self.seen))
                try:
                    self.seen[key] = tiny.run_step(step, made, folder, task)
                except Unsupported as reason:
                    self.seen[key] = reason
                except BaseException:  # the next call finds its place free, and this error again instead of "File exists"
                    shutil.rmtree(folder, ignore_errors=True)
                    raise
            made = self.answer(key)
        return made

    def answer(self, key: tuple) -> Artifact:
        found = self.seen[key]
        if isinstance(found, Unsupported):
            raise found
        return found


@cache
def builder(name: str = "first") -> Builder:
    import atexit

    directory = Path(mkdtemp(prefix="tiny-models-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return Builder(directory)


@cache
def catalog() -> registry.Registry:
    return registry.load()


def session(method: Method, artifact: Artifact, threads: int = 1) -> Any:
    return catalog().runtimes[method.runtime].open(artifact, "cpu", threads)


def answers(method: Method, artifact: Artifact, task: str) -> Any:
    """Logits of eight fixed samples."""
    opened = session(method, artifact)
    return opened.to_numpy(opened.run(opened.prepare(tiny.inputs(task, 8, 3))))
