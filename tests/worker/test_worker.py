"""The worker and its client: fresh processes, honest errors, and nothing left running whatever happens."""

import os
import re
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures import bench
from fixtures.errors import BenchmarkError, Unavailable, Unsupported, WorkerFailed
from fixtures.worker.client import WorkerTimeout
from fixtures.worker.parent import Nursery
from fixtures.worker.protocol import Channel, ProtocolError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def nursery(tmp_path):
    with_faults = Nursery(Path(sys.executable), ("tests.worker.faults",), {"GOMP_SPINCOUNT": "10000"}, tmp_path)
    yield with_faults
    with_faults.close()


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_worker_answers_and_says_what_it_does(nursery):
    said = []
    worker = nursery.worker("a:b", said.append)
    assert worker.call("echo", value=[1, "ü"])["value"] == [1, "ü"]
    assert said == ["working on it"]
    worker.close()
    assert gone(worker.pid)


def test_workers_of_many_modules_have_a_log_whose_name_fits_a_file_system(tmp_path):
    with closing(Nursery(Path(sys.executable), ("tests.worker.faults", *["importlib.resources"] * 13), {}, tmp_path)) as many:
        assert many.worker("one").call("echo", value=1)["value"] == 1
    assert all(len(log.name) < 200 for log in tmp_path.glob("*.log"))


def test_every_worker_is_a_process_of_its_own(nursery):
    first, second = nursery.worker("first"), nursery.worker("second")
    pids = {os.getpid(), first.call("echo", value=0)["pid"], second.call("echo", value=0)["pid"]}
    assert len(pids) == 3


def test_the_parent_forks_only_while_it_has_one_thread(nursery):
    worker = nursery.worker("one")
    assert nursery._forks
    assert worker.call("echo", value=0)["threads"] == 1


def test_a_worker_is_executed_afresh_when_the_parent_cannot_fork(nursery):
    nursery.worker("starts the parent").close()
    nursery._forks = False
    worker = nursery.worker("executed")
    assert worker.call("echo", value=5)["value"] == 5
    worker.close()
    assert nursery.exit_status(worker.pid, 1.0) == 0


def test_a_parent_that_cannot_fork_says_once_which_thread_its_imports_left(tmp_path, monkeypatch):
    monkeypatch.setattr("fixtures.worker.parent.SLOW_IMPORTS_S", 0.0)
    with closing(Nursery(Path(sys.executable), ("tests.worker.thread_left_behind",), {}, tmp_path)) as nursery:
        said = []
        for number in range(3):
            nursery.worker(str(number)).close()
            said.append(nursery.slow_start())
    assert said[0] == said[2] == ""
    assert re.search(r"imports anew .* has 2 threads .*, so it cannot be forked", said[1])


def test_what_scores_is_forked_although_pandas_brings_an_allocator_with_a_thread(tmp_path):
    with closing(Nursery(Path(sys.executable), bench.SCORES, bench.POOLS, tmp_path)) as nursery:
        nursery.ready()
        assert len(nursery._threads) == 1
        assert nursery._forks


def test_the_environment_reaches_the_worker(nursery):
    assert nursery.worker("env").call("think")["environment"]["GOMP_SPINCOUNT"] == "10000"


def test_prints_of_a_library_do_not_disturb_the_protocol(nursery):
    worker = nursery.worker("chatty")
    assert worker.call("chatter") == {"fine": True}
    assert worker.call("echo", value=1)["value"] == 1
    assert b"another one without Python" in worker.log.read_bytes()


def test_garbage_on_the_channel_fails_the_call_and_ends_the_worker(nursery):
    worker = nursery.worker("garbage")
    with pytest.raises(WorkerFailed, match="broke the protocol.*this is not the protocol"):
        worker.call("garbage")
    nursery.exit_status(worker.pid, 5.0)
    assert gone(worker.pid)


def test_a_worker_that_hangs_is_killed_and_named(nursery):
    worker = nursery.worker("hanging")
    began = time.perf_counter()
    with pytest.raises(WorkerTimeout, match=r"hang did not finish within 0 s.*--case-timeout"):
        worker.call("hang", timeout=0.3)
    assert time.perf_counter() - began < 60  # of the 600 that it sleeps
    assert nursery.exit_status(worker.pid, 5.0) is not None
    assert gone(worker.pid)


def test_a_killed_worker_is_reported_with_its_signal(nursery):
    with pytest.raises(WorkerFailed, match="killed by SIGKILL.*memory runs out.*during killed"):
        nursery.worker("oom").call("killed")


def reached(message):
    return int(re.search(r"had reached (\d+) MB", message)[1])


def test_a_worker_that_runs_out_of_memory_says_what_it_had_reached(nursery):
    for command, says in (("fill", "killed by SIGKILL.*memory runs out"), ("exhaust", "MemoryError.*memory ran out")):
        with pytest.raises(BenchmarkError, match=says) as found:
            nursery.worker(command).call(command, megabytes=150)
        assert 157 <= reached(str(found.value)) < 300, found.value


def test_what_did_not_run_out_of_memory_does_not_speak_of_it(nursery):
    for command in ("crash", "refuse"):
        with pytest.raises(BenchmarkError) as found:
            nursery.worker(command).call(command)
        assert "memory" not in str(found.value)


@pytest.mark.parametrize(("ours", "known"), [(0, True), (2**40, False)])
def test_the_peak_of_an_executed_worker_is_told_where_it_cannot_be_ours(nursery, monkeypatch, ours, known):
    nursery.worker("starts the parent").close()
    nursery._forks = False
    monkeypatch.setattr("fixtures.worker.parent.resource.getrusage", lambda who: SimpleNamespace(ru_maxrss=ours))
    with pytest.raises(WorkerFailed, match="killed by SIGKILL") as found:
        nursery.worker("executed").call("fill", megabytes=150)
    assert ("had reached" in str(found.value)) is known


def test_a_worker_that_exits_is_reported_with_its_last_output(nursery):
    with pytest.raises(WorkerFailed, match="exited with status 3 during die.*about to exit"):
        nursery.worker("dies").call("die")


def test_errors_keep_their_kind_and_the_workers_traceback(nursery):
    worker = nursery.worker("errors")
    with pytest.raises(Unsupported, match="no Linear layer"):
        worker.call("refuse")
    with pytest.raises(Exception, match="ZeroDivisionError") as caught:
        worker.call("crash")
    assert "in crash" in caught.value.__notes__[0]
    assert worker.call("echo", value=2)["value"] == 2


def test_a_number_that_json_cannot_hold_is_an_error_not_nan(nursery):
    worker = nursery.worker("nan")
    with pytest.raises(Exception, match="not JSON compliant|Out of range"):
        worker.call("not_a_number")


def test_an_unknown_command_names_the_known_ones(nursery):
    with pytest.raises(Exception, match="no command 'dance'.*load"):
        nursery.worker("unknown").call("dance")


def test_imports_that_fail_make_the_case_unavailable(tmp_path):
    missing = Nursery(Path(sys.executable), ("no_such_framework",), {}, tmp_path)
    with pytest.raises(Unavailable, match="No module named 'no_such_framework'"):
        missing.worker("x")


def test_an_interpreter_that_cannot_run_makes_the_case_unavailable(tmp_path):
    with pytest.raises(Unavailable, match="cannot run"):
        Nursery(tmp_path / "python", (), {}, tmp_path).worker("x")


@pytest.mark.slow
def test_a_worker_runs_under_another_environments_interpreter(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "other")], check=True)
    other = tmp_path / "other" / "bin" / "python"
    nursery = Nursery(other, ("tests.worker.faults",), {}, tmp_path)
    worker = nursery.worker("elsewhere")
    assert Path(f"/proc/{worker.pid}/cmdline").read_bytes().startswith(str(other).encode())
    assert worker.call("echo", value=3)["value"] == 3
    nursery.close()


def test_closing_the_parent_leaves_no_process(nursery):
    worker = nursery.worker("left")
    worker.close()
    parent = nursery._process.pid
    nursery.close()
    assert gone(parent)
    assert gone(worker.pid)


def test_workers_end_when_the_orchestrator_disappears(tmp_path):
    code = (
        "import sys, os; from pathlib import Path; from fixtures.worker.parent import Nursery;"
        f"n = Nursery(Path(sys.executable), ('tests.worker.faults',), {{}}, Path({str(tmp_path)!r}));"
        "w = n.worker('orphan'); print(w.pid, n._process.pid, flush=True); os._exit(1)"
    )
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    deadline = time.monotonic() + 60
    pids = [int(pid) for pid in out.split()]
    assert len(pids) == 2
    while not all(gone(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(gone(pid) for pid in pids)


def test_a_sleep_of_known_length_reads_within_one_percent(nursery):
    """No call reads less than it slept, and the one that a busy machine woke soonest reads it within 1 %."""
    worker = nursery.worker("nap")
    spent = [worker.call("nap", seconds=0.05)["ns"] * 1e-9 for _ in range(20)]
    assert min(spent) == pytest.approx(0.05, rel=0.01)


def test_a_line_that_is_not_json_is_a_protocol_error():
    import socket

    ours, theirs = socket.socketpair()
    theirs.sendall(b"[1, 2]\n")
    with pytest.raises(ProtocolError, match="expected a JSON object"):
        Channel(ours).receive(1.0)
