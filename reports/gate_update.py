"""`--update-baseline`: what a run's rows replace, what that gives up and gains, and the draft of the commit's message."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reports.gate_limits import LIMITS, restricted

if TYPE_CHECKING:
    import pytest

    from reports.results import Results

COMMIT_MESSAGE = "baseline-commit.txt"


def baseline_path(config: pytest.Config, machine: str, environment: str) -> Path:
    from reports.baseline import place

    return place(config.rootpath / str(config.getoption("baseline_dir")), machine, environment)


def updated(config: pytest.Config, part: Results) -> list[str]:
    """Rows of a part of the cases replace their own; those of a whole run replace the file. Both what it gives up and what it gains
    is said, and is the draft of the commit's message."""
    from reports import baseline, render_gate
    from reports.gate import judge
    from reports.results import write_texts

    path = baseline_path(config, part.machine, part.environment)
    try:
        before = baseline.read(path) if path.exists() else []
    except baseline.BaselineError as error:
        if restricted(config):
            return [str(error)]
        before = []  # a whole run replaces what cannot be read
    try:
        chosen = baseline.write(path, part.records, before if restricted(config) else ())
    except baseline.BaselineError as error:
        return [str(error)]
    moved = render_gate.moves(judge(chosen, before, config.stash[LIMITS])) if before else []
    draft = render_gate.commit_message(f"{part.machine}/{part.environment}", moved)
    report = config.rootpath / str(config.getoption("report_dir"))
    message = next(iter(write_texts(report, [(COMMIT_MESSAGE, draft)])))
    return [
        f"written: {path} ({len(chosen)} rows)",
        *(f"  {line}" for line in moved),
        "commit it and say why the baseline moved; the draft of the message waits for your reason:",
        f"  git add {path} && git commit --edit --file {message}",
    ]
