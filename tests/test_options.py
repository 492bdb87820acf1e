"""What a row keeps of the command line: enough to ask for it again, and no more than decides whether rows may stand together."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.options import Options, add_options
from reports.reproduce import command
from tests.samples.build import DESK, row

GIVEN = Options(
    models=("m",), methods=("onnx",), tasks=("image-classification",), devices=("cpu",), batch=8, threads=2,
    catalogs=(Path("/team/my catalog.py"), Path("/team/more.py")), env_workers=(("litert", Path(sys.executable)),),
    case_seconds=0.00123456789, case_timeout=1e7, allow_pickle=True, trust_remote_code=True,
    nisqa_weights="download",
)  # fmt: skip


def parsed(line):
    """The options that a printed command asks for."""
    parser = pytest.Parser(_ispytest=True)
    add_options(parser)
    words = shlex.split(line)
    found = parser.parse(words[words.index("--") + 1 :])
    return Options.from_config(SimpleNamespace(getoption=lambda name, default=None: getattr(found, name, default)))


@pytest.mark.parametrize(
    "given", [GIVEN, replace(Options(threads=2), models=("m",), methods=("onnx",), devices=("cpu",), batch=8)]
)
def test_the_command_of_a_row_asks_for_everything_that_was_asked(given, monkeypatch):
    monkeypatch.delenv("NISQA_WEIGHTS", raising=False)
    record = row("m", "onnx", environment={**DESK, **given.recorded()})
    assert parsed(command(record)) == replace(given, tasks=("image-classification",))


def test_interrupted_runs_go_on_and_baselines_compare_whatever_the_times_and_interpreters():
    plain = Options(batch=8)
    assert GIVEN.recorded()["asked"] == plain.recorded()["asked"]
    assert plain.recorded()["repeat_words"] == []
