"""The machine's ceilings: the best of several libraries, in plausible proportion to each other."""

import pytest

from fixtures.errors import Unavailable
from fixtures.probes import ceiling_kernels, ceilings


def test_the_ceiling_is_the_best_library_and_every_library_is_kept(monkeypatch):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    before = torch.get_num_threads()
    monkeypatch.setattr(ceilings, "_BUDGET_S", 0.01)
    found = ceilings.measure(1)
    torch.set_num_threads(before)
    for rate, rates in (("fp32_flops", "fp32_by_library"), ("bf16_flops", "bf16_by_library"), ("int8_ops", "int8_by_library")):
        assert found[rate] == max(found[rates].values())
        assert found[rate] > 1e8  # any CPU of this century
    assert {"numpy", "torch", "onnxruntime"} <= set(found["fp32_by_library"])
    assert ("oneDNN" in found["fp32_by_library"]) == torch.backends.mkldnn.is_available()
    assert 1e8 < found["memory_bytes_per_s"] < 1e13


def test_a_rate_is_the_median_without_the_first_call(monkeypatch):
    # A clock that only the calls advance: 5 s for the first one, then 7, 1, 6 s; the median of the last three is 6.
    now, spent = [0.0], iter([5.0, 7.0, 1.0, 6.0])

    def call():
        now[0] += next(spent)

    monkeypatch.setattr(ceilings.time, "perf_counter", lambda: now[0])
    assert ceilings._seconds(call) == 6


def test_every_library_computes_the_same_product():
    np = pytest.importorskip("numpy")
    torch = pytest.importorskip("torch")
    results = [
        np.asarray(torch.as_tensor(_first(call())), dtype=np.float64) for call in ceiling_kernels.fp32((8, 32, 16), 1).values()
    ]
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-4, atol=1e-4)


def test_without_cuda_the_gpus_ceilings_are_unavailable(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Unavailable, match="no CUDA device"):
        ceilings.measure_cuda()


def _first(result):
    return result[0] if isinstance(result, list) else result
