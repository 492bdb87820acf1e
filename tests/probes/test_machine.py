"""The environment block: stable, fast, and without an ML library."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fixtures.probes import cpu, machine

ROOT = Path(__file__).resolve().parents[2]


def test_describing_the_machine_imports_no_ml_library():
    program = (
        "import json, sys\nfrom fixtures.probes import machine\nmachine.describe(1); machine.snapshot()\n"
        "print(json.dumps(sorted(name for name in sys.modules if '.' not in name)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert not {"torch", "numpy", "onnxruntime", "transformers", "timm", "openvino", "cpuinfo"} & set(json.loads(done.stdout))


def test_the_description_is_plain_data_and_quick():
    machine.describe(1)  # the first call reads the distributions' metadata from disk
    began = time.process_time()
    found = machine.describe(3)
    assert time.process_time() - began < 0.3
    assert json.loads(json.dumps(found)) == found
    assert (found["threads"], found["cores"]) == (3, machine.cores())
    assert found["versions"]["numpy"]
    assert len(found["commit"].split("+")[0]) in (40, 7)  # a commit, or "unknown"
    assert found["ram_bytes"] > 1 << 30


def test_the_slug_is_stable_and_names_processor_and_cores():
    assert machine.slug("AMD EPYC (family 25 model 17)", 2) == "amd-epyc-family-25-model-17-2-cores"
    assert machine.slug("Intel(R) Xeon(R) CPU @ 2.20GHz (family 6 model 79)", 1) == "intel-xeon-family-6-model-79-1-core"
    assert machine.slug("Apple M2 Pro", 10) == "apple-m2-pro-10-cores"


def test_the_processors_flags_are_those_that_decide_speed(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor\t: 0\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Intel Xeon\nflags\t\t: fpu amx_int8 sse avx2 avx512_vnni f16c\n\n"
        "processor\t: 1\nmodel name\t: other\n"
    )
    assert cpu.describe(cpuinfo) == cpu.Cpu("Intel Xeon (family 6 model 143)", ("avx2", "f16c", "avx512_vnni", "amx_int8"))
    cpuinfo.write_text("processor\t: 0\nFeatures\t: fp asimd asimddp i8mm bf16\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n")
    assert cpu.describe(cpuinfo) == cpu.Cpu("ARM implementer 0x41 part 0xd40", ("asimd", "asimddp", "i8mm", "bf16"))


def test_a_container_that_may_use_one_and_a_half_cores_has_one(tmp_path, monkeypatch):
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert cpu.quota_of(tmp_path) == 1.5
    monkeypatch.setattr(cpu, "cgroup_directories", lambda: (tmp_path,))
    monkeypatch.setattr(cpu.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    cpu.cores.cache_clear()
    assert cpu.cores() == 1
    cpu.cores.cache_clear()


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.cfs_quota_us": "400000", "cpu.cfs_period_us": "100000"}, 4.0),
        ({"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}, None),
        ({}, None),
    ],
)
def test_both_versions_of_control_groups_are_read(tmp_path, files, quota):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert cpu.quota_of(tmp_path) == quota


def test_a_quota_of_an_outer_group_counts_too(tmp_path):
    (tmp_path / "outer/inner").mkdir(parents=True)
    membership = tmp_path / "membership"
    membership.write_text("0::/outer/inner\n")
    assert cpu.cgroup_directories(membership, tmp_path) == (tmp_path / "outer/inner", tmp_path / "outer", tmp_path)


def test_a_changed_checkout_is_called_dirty(tmp_path):
    def git(*arguments):
        subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=tmp_path, check=True, capture_output=True
        )

    git("init")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "-m", "one")
    assert len(machine.commit(tmp_path)) == 40
    (tmp_path / "file").write_text("two")
    assert machine.commit(tmp_path).endswith("+dirty")
    (tmp_path / "empty").mkdir()
    assert machine.commit(Path("/")) == "unknown"
