"""The RAM instrument, calibrated with allocations of known size in fresh processes."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fixtures.probes import memory

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
linux_only = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="VmHWM exists on Linux only; elsewhere psutil stands in"
)


def in_fresh_process(code):
    """Runs `code` in a process that has imported only the probe; it prints one JSON object."""
    program = "import json, mmap, time\nfrom fixtures.probes import memory\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def peak_growth(phases):
    return phases["work"]["peak_bytes"] - phases["imports"]["rss_bytes"]


@linux_only
@pytest.mark.parametrize("mib", [8, 64, 256])
def test_a_known_allocation_is_read_within_a_mebibyte_and_one_percent(mib):
    found = in_fresh_process(f"""
        phases = memory.Phases()
        phases.mark("imports")
        block = bytearray({mib} << 20)
        block[::4096] = b"x" * len(block[::4096])
        phases.mark("work")
        print(json.dumps(phases.as_dict()))
    """)
    assert abs(peak_growth(found) - mib * MIB) < MIB + 0.01 * mib * MIB
    assert found["work"]["exact"]
    assert abs(found["work"]["anonymous_bytes"] - found["imports"]["anonymous_bytes"] - mib * MIB) < MIB + 0.01 * mib * MIB


@linux_only
def test_an_allocation_that_lives_one_millisecond_is_seen_and_does_not_leak_into_the_next_phase():
    found = in_fresh_process("""
        phases = memory.Phases()
        phases.mark("imports")
        block = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        for page in range(0, 64 << 20, 4096):
            block[page] = 1
        time.sleep(0.001)
        block.close()
        phases.mark("work")
        time.sleep(0.01)
        phases.mark("after")
        print(json.dumps(phases.as_dict()))
    """)
    assert abs(peak_growth(found) - 64 * MIB) < MIB + 0.64 * MIB
    assert found["work"]["rss_bytes"] - found["imports"]["rss_bytes"] < MIB
    assert found["after"]["peak_bytes"] - found["imports"]["rss_bytes"] < MIB


@linux_only
def test_a_mapped_file_counts_as_file_backed_not_as_anonymous(tmp_path):
    (tmp_path / "weights").write_bytes(bytes(16 * MIB))
    found = in_fresh_process(f"""
        phases = memory.Phases()
        phases.mark("imports")
        stream = open({str(tmp_path / "weights")!r}, "rb")
        mapped = mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ)
        sum(mapped[page] for page in range(0, len(mapped), 4096))
        phases.mark("work")
        print(json.dumps(phases.as_dict()))
    """)
    assert abs(found["work"]["file_bytes"] - found["imports"]["file_bytes"] - 16 * MIB) < 1.16 * MIB
    assert abs(found["work"]["anonymous_bytes"] - found["imports"]["anonymous_bytes"]) < MIB


@linux_only
def test_the_parents_size_does_not_count():
    # ru_maxrss would report the parent's 128 MiB here: it survives exec.
    found = in_fresh_process("""
        import subprocess, sys
        block = bytearray(128 << 20)
        block[::4096] = b"x" * len(block[::4096])
        child = "from fixtures.probes import memory; print(memory.read().peak_bytes)"
        print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout)
    """)
    assert found < 64 * MIB


def fake_proc(path, rss=100, hwm=100, clear_refs=False, rollup=True):
    """A /proc/self with sizes in kB; without clear_refs the reset is denied."""
    path.mkdir(exist_ok=True)
    (path / "status").write_text(
        f"Name:\tx\nVmHWM:\t{hwm} kB\nVmRSS:\t{rss} kB\nRssAnon:\t{rss - 30} kB\nRssFile:\t30 kB\nRssShmem:\t0 kB\n"
    )
    if rollup:
        (path / "smaps_rollup").write_text(f"0-1 ---p 0 00:00 0 [rollup]\nRss: {rss} kB\nAnonymous: {rss - 40} kB\n")
    if clear_refs:
        (path / "clear_refs").write_text("")
    return path


def test_the_reset_writes_a_five(tmp_path):
    proc = fake_proc(tmp_path / "self", clear_refs=True)
    assert memory.reset_peak(proc)
    assert (proc / "clear_refs").read_text() == "5"


def test_where_the_reset_is_denied_an_old_peak_is_not_taken_for_this_phases(tmp_path):
    proc = fake_proc(tmp_path / "self", rss=100, hwm=500)  # 500 kB were reached before the phase began
    phases = memory.Phases(proc)
    fake_proc(proc, rss=200, hwm=500)
    found = phases.mark("load")
    assert (found.peak_bytes, found.exact) == (200 * 1024, False)
    assert "could not be reset" in found.source
    assert not (proc / "clear_refs").exists()


def test_where_the_reset_is_denied_a_raised_mark_is_still_exact(tmp_path):
    proc = fake_proc(tmp_path / "self", rss=100, hwm=500)
    phases = memory.Phases(proc)
    fake_proc(proc, rss=200, hwm=900)
    assert (phases.mark("load").peak_bytes, phases.as_dict()["load"]["exact"]) == (900 * 1024, True)
    # The next phase begins at 900: nothing new is known about it.
    assert phases.mark("run").peak_bytes == 200 * 1024


def test_the_split_falls_back_to_status_without_smaps_rollup(tmp_path):
    with_rollup = memory.read(fake_proc(tmp_path / "a"))
    without = memory.read(fake_proc(tmp_path / "b", rollup=False))
    assert (with_rollup.anonymous_bytes, with_rollup.file_bytes) == (60 * 1024, 40 * 1024)
    assert (without.anonymous_bytes, without.file_bytes) == (70 * 1024, 30 * 1024)


def test_without_proc_psutil_stands_in_and_says_so(tmp_path):
    found = memory.read(tmp_path / "nowhere")
    assert not found.exact
    assert "psutil" in found.source
    assert found.rss_bytes == found.peak_bytes > MIB


def test_a_phase_has_one_reading(tmp_path):
    phases = memory.Phases(fake_proc(tmp_path / "self"))
    phases.mark("load")
    with pytest.raises(ValueError, match="marked twice"):
        phases.mark("load")
