"""The command that measures a row again, from what its record says was asked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from reports.record import Record

# Of a record's environment: the tox environment whose command measures it; every other row comes from the main job.
TOX = {"gpu": "gpu"}
OPTIONS = {"batch": "--batch", "sequence": "--seq-len", "seed": "--seed", "data": "--data"}


def command(record: Record) -> str:
    """One line for a POSIX shell, from the root of a checkout: the commit that measured, the workers' environment, the case."""
    environment = TOX.get(str(record.environment.get("suite_environment")), "bench")
    words = ["tox", "run", "-e", environment, "--", "--model", record.model, "--task", record.task]
    words += ["--method", record.method, "--device", record.device]
    asked = record.environment.get("asked")
    for name, option in OPTIONS.items():
        value = asked.get(name) if isinstance(asked, Mapping) else None
        if value not in (None, "") and (name, value) != ("seed", 0):
            words += [option, str(value)]
    threads = record.conditions.get("threads") or record.environment.get("threads")
    words += ["--threads", str(threads)] if threads else []
    more = record.environment.get("repeat_words")  # catalogs, interpreters, permissions, times (fixtures/options.py)
    words += [str(word) for word in more] if isinstance(more, list | tuple) else []
    steps = []
    if record.environment.get("commit"):
        steps.append(["git", "checkout", str(record.environment["commit"])])
    if record.environment.get("worker_environment"):
        steps.append(["tox", "run", "-e", str(record.environment["worker_environment"]), "--notest"])
    return " && ".join(shlex.join(step) for step in [*steps, words])
