"""A forked worker and an executed one must agree about what a model costs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.probes import baseline

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20

# numpy's BLAS stands for a framework: a library of tens of MiB whose pages an import touches only in part.
WORK = """
import json, os, sys
import numpy as np
from fixtures.probes import memory
from fixtures.probes.baseline import settle_baseline

def work():
    if sys.argv[2] == "settled":
        settle_baseline("torch", 1)
    phases = memory.Phases()
    imports = phases.mark("imports")
    weights = np.ones((1024, 1024), np.float32)
    for _ in range(2):
        np.linalg.svd(weights[:64, :64] @ weights[:64, :64])
    print(json.dumps([imports.file_bytes, phases.mark("run").peak_bytes - imports.rss_bytes]), flush=True)

if sys.argv[1] == "exec":
    work()
elif os.fork() == 0:
    work()
    os._exit(0)
else:
    os.wait()
"""


def measured(how, state):
    done = subprocess.run(
        [sys.executable, "-c", WORK, how, state], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="MADV_POPULATE_READ is Linux's")
def test_a_forked_worker_agrees_with_an_executed_one_once_settled():
    forked, executed = measured("fork", "settled"), measured("exec", "settled")
    assert abs(forked[0] - executed[0]) < MIB  # the baseline holds the same library pages
    assert abs(forked[1] - executed[1]) < MIB + 0.01 * executed[1]
    # Unsettled, the forked one starts without its libraries: what the function is for.
    assert measured("fork", "as found")[0] < forked[0] - 5 * MIB


def test_only_read_only_mappings_of_libraries_are_populated(tmp_path):
    maps = tmp_path / "maps"
    maps.write_text(
        "1000-3000 r-xp 00000000 fe:00 1    /lib/libtorch_cpu.so\n"
        "3000-4000 r--p 00002000 fe:00 1    /lib/libc.so.6\n"
        "4000-5000 rw-p 00003000 fe:00 1    /lib/libc.so.6\n"  # populating it for reading would change nothing that is counted
        "5000-6000 ---p 00003000 fe:00 1    /lib/libc.so.6\n"
        "6000-9000 r--p 00000000 fe:00 2    /models/my.so.far/model.safetensors\n"
        "9000-a000 r-xp 00000000 00:00 0\n"
    )
    assert baseline.library_ranges(maps) == [(0x1000, 0x2000), (0x3000, 0x1000)]


def test_a_kernel_that_cannot_populate_leaves_the_baseline_as_it_is(tmp_path):
    # An address that is mapped nowhere: madvise answers ENOMEM, as an old kernel answers EINVAL.
    maps = tmp_path / "maps"
    maps.write_text("1000-3000 r-xp 00000000 fe:00 1    /lib/libgone.so\n")
    assert baseline.settle_baseline(maps=maps) == 0
