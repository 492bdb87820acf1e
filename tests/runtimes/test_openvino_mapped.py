"""Pages of a mapped weights file are given back, and come back when they are read; pages that were written are never dropped."""

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

from fixtures.runtimes import openvino_mapped

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="madvise and smaps are Linux's")


def resident(file):
    """Bytes of the file's mappings that are in memory."""
    found, own = 0, False
    with Path("/proc/self/smaps").open() as lines:
        for line in lines:
            fields = line.split()
            if not fields[0].endswith(":"):
                own = fields[-1] == str(file)
            elif own and fields[0] == "Rss:":
                found += int(fields[1]) * 1024
    return found


@LINUX
def test_read_pages_are_given_back_and_read_again_as_they_were(tmp_path):
    file = tmp_path / "weights.bin"
    weights = np.random.default_rng(0).integers(0, 256, 1 << 20, dtype=np.uint8)
    weights.tofile(file)
    mapped = np.memmap(file, np.uint8, mode="r")
    assert mapped.sum() == weights.sum()
    assert resident(file) == len(weights)
    assert openvino_mapped.give_back(file) == len(weights)
    assert resident(file) == 0
    assert (mapped == weights).all()


@LINUX
def test_a_private_page_that_was_written_is_kept(tmp_path):
    file = tmp_path / "weights.bin"
    file.write_bytes(bytes(mmap.PAGESIZE))
    mapped = np.memmap(file, np.uint8, mode="c")
    mapped[0] = 7
    assert openvino_mapped.give_back(file) == 0
    assert mapped[0] == 7


def test_only_read_only_mappings_of_the_very_file_are_found(tmp_path):
    file = tmp_path.resolve() / "decoder.bin"
    maps = tmp_path / "maps"
    maps.write_text(
        f"1000-3000 r--p 00000000 00:1 5      {file}\n5000-6000 rw-p 00000000 00:1 5      {file}\n"
        f"7000-8000 r--p 00000000 00:1 6      {file}x\n9000-a000 rw-p 00000000 00:0 0 \n"
    )
    assert list(openvino_mapped.mappings(file, maps)) == [(0x1000, 0x2000)]


def test_a_file_that_is_not_mapped_gives_nothing_back(tmp_path):
    assert openvino_mapped.give_back(tmp_path / "none.bin") == 0
