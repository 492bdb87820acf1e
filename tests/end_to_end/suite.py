"""Runs the suite as a user does: a pytest process of its own, with its own cache and report folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from reports.record import Record, read_records

ROOT = Path(__file__).resolve().parents[2]
CATALOG = Path(__file__).with_name("catalog.py")


@dataclass
class Suite:
    folder: Path
    cache: Path
    catalog: Path = CATALOG
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> list[str]:
        places = [
            "--cache-dir",
            str(self.cache),
            "--report-dir",
            str(self.folder / "results"),
            "--catalog",
            str(self.catalog),
            "--no-plots",
        ]
        plugins = ["-p", "no:cacheprovider", "-p", "tests.undisturbed"]
        return [sys.executable, "-m", "pytest", "benchmarks", *plugins, "--threads", "1", *places, *arguments]

    def run(self, *arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment, "COLUMNS": "160"}
        return subprocess.run(
            self.command(*arguments), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )

    def records(self) -> dict[str, Record]:
        """case -> row, of the run that is current."""
        files = [path for path in (self.folder / "results").glob("*/*.json") if path.parent.name != "history"]
        return {record.case: record for path in files for record in read_records(path)}


def interruptible(command: list[str]) -> list[str]:
    """The command with Ctrl-C as in a terminal: what a shell starts in the background would hand down to it that it is ignored."""
    restore = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", restore, *command]
