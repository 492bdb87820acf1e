"""What the machine lacks becomes a sentence with what to do about it."""

import re
import urllib.error
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.doctor import machine
from fixtures.doctor.machine import Machine

WELL = Machine(
    name="AMD EPYC",
    flags=("avx2", "avx512f", "avx512_vnni", "avx512_bf16"),
    cores=2,
    idle_cores=2.0,
    steal_share=0.0,
    ram_bytes=25_000_000_000,
    swap_used_bytes=0,
    peak_resets=True,
    gpu="",
    gpu_reason="no NVIDIA GPU",
    driver="",
    cache=Path("/cache"),
    cache_limit_bytes=20_000_000_000,
    free_disk_bytes=80_000_000_000,
    hub="https://hub",
    hub_reason="",
    hub_home="/home/files",
)


def test_a_machine_with_everything_has_no_findings():
    assert list(machine.findings(WELL)) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"flags": ("avx2", "avx512_bf16")}, "no VNNI or dot-product instructions"),
        ({"flags": ("avx2", "avx_vnni")}, "no BF16 instructions"),
        ({"peak_resets": False}, "clear_refs cannot be written"),
        ({"idle_cores": 0.9}, "0.9 of 2 cores are idle: every runtime would use 1 thread"),
        ({"steal_share": 0.2}, "the hypervisor took 20% of a core"),
        ({"swap_used_bytes": 5_000_000}, "5 MB are swapped out"),
        ({"free_disk_bytes": 3_000_000_000}, r"3.0 GB are free where the cache is \(/cache\)"),
        ({"cache_limit_bytes": 0}, "COMPRESSION_CACHE_LIMIT is not a size"),
        ({"hub_reason": "timed out"}, r"https://hub is not reached \(timed out\)"),
    ],
)
def test_each_lack_is_one_note(changes, says):
    (one,) = machine.findings(replace(WELL, **changes))
    assert one.level == "note"
    assert re.search(says, one.text)


def test_a_hub_that_answers_with_an_error_is_reached_and_one_that_cannot_be_asked_is_not():
    def refuses(request, timeout):
        raise urllib.error.HTTPError(request.full_url, 401, "Unauthorized", None, None)

    def unplugged(request, timeout):
        raise urllib.error.URLError("Name or service not known")

    assert machine.unreachable("https://hub", {}, refuses) == ""
    assert machine.unreachable("https://hub", {}, unplugged) == "Name or service not known"
    assert machine.unreachable("not an address", {}) != ""
    assert machine.unreachable("https://hub", {"HF_HUB_OFFLINE": "1"}, refuses) == "HF_HUB_OFFLINE is set"


def test_instruction_sets_are_read_from_the_flags():
    assert machine.instructions(("avx2", "avx_vnni", "amx_int8")) == {
        "AVX2": True, "AVX-512": False, "VNNI": True, "BF16": False, "AMX": True,
    }  # fmt: skip


def test_free_disk_is_read_where_the_cache_would_be_made(tmp_path):
    assert machine.existing(tmp_path / "a" / "b") == tmp_path
