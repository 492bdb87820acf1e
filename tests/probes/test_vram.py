"""The VRAM triple with a fake device: what counts as this model's, and what is refused."""

import os

import pytest

from fixtures.errors import Unavailable
from fixtures.probes import gpu
from fixtures.probes.vram import VramProbe
from reports.record import Measurement

MIB = 1 << 20


class FakeDevice:
    def __init__(self, used=100 * MIB, processes=None):
        self.used, self.listed = used, processes or {}

    def used_bytes(self):
        return self.used

    def processes(self):
        return dict(self.listed)


class FakeAllocator:
    def __init__(self, on_reset=lambda: None):
        self.resets, self.allocated, self.reserved = 0, 0, 0
        self.on_reset = on_reset

    def reset_peak_memory_stats(self):
        self.resets += 1
        self.on_reset()

    def max_memory_allocated(self):
        return self.allocated

    def max_memory_reserved(self):
        return self.reserved


def values(read):
    return {name: Measurement(**fields).value for name, fields in read["measurements"].items()}


def test_the_three_numbers_are_three_readings_and_the_rows_figure_is_the_devices():
    device, allocator = FakeDevice(), FakeAllocator()
    probe = VramProbe(device, allocator)
    device.used, allocator.allocated, allocator.reserved = 700 * MIB, 50 * MIB, 64 * MIB
    found = probe.read()
    assert values(found) == {
        "vram_tensors": 50 * MIB,
        "vram_reserved": 64 * MIB,
        "vram_device": 600 * MIB,
        "vram": 600 * MIB,
    }
    assert found["measurements"]["vram"]["primary"]
    assert "vram_device: NVML, growth of the device" in found["measurements"]["vram"]["note"]
    assert allocator.resets == 1


def test_the_cuda_context_that_the_reset_creates_counts():
    device = FakeDevice()

    def create_context():
        device.used += 400 * MIB

    probe = VramProbe(device, FakeAllocator(create_context))
    device.used += 100 * MIB
    assert values(probe.read())["vram"] == 500 * MIB


def test_a_process_that_comes_while_the_reset_runs_is_noticed():
    device = FakeDevice()
    probe = VramProbe(device, FakeAllocator(lambda: device.listed.update({4242: 10 * MIB})))
    assert "process 4242" in probe.read()["absent"]["vram_device"]


def test_a_runtime_without_torch_is_seen_by_the_device_alone():
    device = FakeDevice()
    probe = VramProbe(device)
    device.used += 300 * MIB
    found = probe.read()
    assert values(found) == {"vram_device": 300 * MIB, "vram": 300 * MIB}
    assert "does not use torch's allocator" in found["absent"]["vram_tensors"]


def test_nvmls_figure_for_this_process_is_preferred():
    device = FakeDevice(processes={os.getpid(): None, 7: 10 * MIB})
    probe = VramProbe(device)
    device.used, device.listed = 900 * MIB, {os.getpid(): 250 * MIB, 7: 500 * MIB}
    found = probe.read()
    assert values(found)["vram"] == 250 * MIB
    assert found["measurements"]["vram_device"]["note"] == "NVML, this process"


def test_a_shared_gpu_gives_no_device_figure_and_the_row_says_which_was_used():
    device, allocator = FakeDevice(), FakeAllocator()
    probe = VramProbe(device, allocator)
    device.used, device.listed, allocator.reserved = 5000 * MIB, {4242: None}, 64 * MIB
    found = probe.read()
    assert "vram_device" not in found["measurements"]
    assert values(found)["vram"] == 64 * MIB
    assert "vram_reserved" in found["measurements"]["vram"]["note"]
    assert "process 4242" in found["warnings"][0]


def test_a_shared_gpu_and_no_torch_leaves_the_figure_absent_with_the_reason():
    device = FakeDevice(processes={4242: 10 * MIB})
    probe = VramProbe(device)
    device.used, device.listed = 5000 * MIB, {4242: 20 * MIB}
    found = probe.read()
    assert found["measurements"] == {}
    assert "process 4242 changed its GPU memory" in found["absent"]["vram"]


def test_memory_that_somebody_invisible_freed_is_noticed():
    device = FakeDevice()
    probe = VramProbe(device)
    device.used -= 1
    assert "fell while the model was loaded" in probe.read()["absent"]["vram"]


def test_without_a_gpu_it_is_unavailable_with_the_reason(monkeypatch):
    monkeypatch.setattr(gpu, "find", lambda: (None, "no NVIDIA GPU with a working driver on this machine"))
    with pytest.raises(Unavailable, match="GPU memory cannot be measured: no NVIDIA GPU"):
        VramProbe()


def test_a_cpu_build_of_torch_is_named_as_the_reason(monkeypatch):
    monkeypatch.setattr(gpu, "find", lambda: (object(), ""))
    monkeypatch.setattr(gpu.importlib.metadata, "version", lambda name: "2.13.0+cpu")
    assert "tox environment `gpu`" in gpu.no_cuda_reason()
    monkeypatch.setattr(gpu.importlib.metadata, "version", lambda name: "2.13.0")
    assert gpu.no_cuda_reason() == ""


def test_hidden_gpus_are_not_looked_for(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    gpu.find.cache_clear()
    assert gpu.find() == (None, "CUDA_VISIBLE_DEVICES='' hides every GPU")
    monkeypatch.undo()
    gpu.find.cache_clear()
