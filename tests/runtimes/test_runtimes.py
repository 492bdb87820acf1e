"""What a session says of itself is what really runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fixtures.errors import ArtifactCorrupted, BenchmarkError, Unavailable
from fixtures.probes import cpu
from fixtures.runtimes import onnx_opening, onnx_runtime, torch_runtime
from tests import tiny
from tests.building import builder, catalog, session

TEXT, IMAGE = "token-classification", "image-classification"
METHODS = catalog().methods


@pytest.fixture
def exported():
    return builder().artifact(METHODS["onnx"], TEXT)


@pytest.mark.parametrize("threads", [1, 2])
def test_torch_says_how_many_threads_it_has(threads):
    opened = torch_runtime.open_session(builder().original(TEXT), "cpu", threads)
    facts = opened.facts()
    assert facts["threads"] == threads
    assert facts["interop_threads"] == 1
    assert facts["op_counts"]["Linear"] == 13  # six a layer, two layers, one classifier


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_onnx_runtime_starts_as_many_threads_as_were_asked_for(exported, threads):
    """Counted, because its session only repeats the option."""
    before = cpu.own_threads()
    opened = onnx_runtime.open_session(exported, "cpu", threads)
    assert cpu.own_threads() - before == threads - 1
    assert opened.facts()["threads"] == threads


def test_a_pool_of_another_size_fails_the_row(exported, monkeypatch):
    counts = iter([5, 9])
    monkeypatch.setattr(cpu, "own_threads", lambda: next(counts))
    with pytest.raises(BenchmarkError, match="asked ONNX Runtime for 2 threads, it runs on 5"):
        onnx_runtime.open_session(exported, "cpu", 2)


def test_torch_counts_every_parameter_and_byte_of_the_original():
    weights = session(METHODS["original"], builder().original(TEXT)).weights()
    stored = builder().original(TEXT).path / "model.safetensors"
    assert weights["dtypes"] == {"float32": weights["parameters"] * 4}
    assert 0 < stored.stat().st_size - weights["parameters"] * 4 < 10000  # the header
    assert weights["zero_share"] == 0
    assert weights["mask_tensors"] == []


def test_inputs_are_cast_to_the_models_type_before_the_call():
    import torch

    half = session(METHODS["bf16"], builder().artifact(METHODS["bf16"], IMAGE))
    assert half.prepare(tiny.inputs(IMAGE, 1, 0))["pixel_values"].dtype == torch.bfloat16
    assert half.facts()["dtype"] == "bfloat16"
    text = session(METHODS["bf16"], builder().artifact(METHODS["bf16"], TEXT))
    assert text.prepare(tiny.inputs(TEXT, 1, 0))["input_ids"].dtype == torch.int64


def test_a_call_on_the_gpu_ends_only_when_the_device_has_finished_m2(monkeypatch):
    """Seen without a GPU: the model's last word comes before the synchronisation, and the call returns after it."""
    import torch

    opened = replace(session(METHODS["original"], builder().original(TEXT)), device="cuda")
    events = []
    opened.module.classifier.register_forward_hook(lambda *_: events.append("model"))
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: events.append("synchronised"))
    prepared = {name: torch.from_numpy(array) for name, array in tiny.inputs(TEXT, 1, 0).items()}
    opened.run(prepared)
    assert events == ["model", "synchronised"]
    events.clear()
    replace(opened, device="cpu").run(prepared)
    assert events == ["model"]


def test_tuned_linear_layers_really_run_in_onednn():
    program = (
        "import sys; from pathlib import Path; from fixtures.artifact import open_artifact; from fixtures.runtimes import torch_runtime;"
        "from tests import tiny; s = torch_runtime.open_session(open_artifact(Path(sys.argv[1])), 'cpu', 1);"
        "s.run(s.prepare(tiny.inputs('token-classification', 1, 0)))"
    )
    made = builder().artifact(METHODS["original-tuned"], TEXT)
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", program, str(made.path)],
        cwd=root,
        env={"ONEDNN_VERBOSE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.count("exec,cpu,inner_product") == 13


def test_torch_without_cuda_is_unavailable():
    import torch

    if torch.cuda.is_available():
        assert torch_runtime.open_session(builder().original(TEXT), "cuda", 1).facts()["device"] == "cuda"
        return
    with pytest.raises(Unavailable, match="finds no CUDA device"):
        torch_runtime.open_session(builder().original(TEXT), "cuda", 1)


@pytest.mark.slow
def test_an_onnx_worker_imports_neither_torch_nor_onnx(exported):
    program = (
        "import sys; from pathlib import Path; from fixtures.artifact import open_artifact; from fixtures.runtimes import onnx_runtime;"
        "import numpy as np; s = onnx_runtime.open_session(open_artifact(Path(sys.argv[1])), 'cpu', 1);"
        "ids = np.ones((3, 16), np.int64); y = s.to_numpy(s.run(s.prepare({'input_ids': ids, 'attention_mask': ids})));"
        "print(y.shape, sorted({'torch', 'onnx', 'transformers'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", program, str(exported.path)], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "(3, 16, 5) []"


@pytest.mark.slow
def test_an_onnx_session_says_where_and_how_it_runs(exported):
    opened = onnx_runtime.open_session(exported, "cpu", 2)
    facts = opened.facts()
    assert facts["provider"] == "CPUExecutionProvider"
    assert (facts["device"], facts["dtype"], facts["threads"], facts["share_on_device"]) == ("cpu", "float32", 2, 1.0)
    # Vectors may be fewer: equal ones (an untrained model's zero biases) are stored once.
    plain = session(METHODS["original"], builder().original(TEXT)).weights()
    assert opened.weights()["matrix_parameters"] == plain["matrix_parameters"]


@pytest.mark.slow
def test_a_quantized_graph_is_judged_by_the_kernels_that_it_becomes():
    opened = onnx_runtime.open_session(builder().artifact(METHODS["onnx-int8-static"], IMAGE), "cpu", 1)
    facts = opened.facts()
    assert facts["op_counts_of"] == "optimised graph"
    assert facts["op_counts"]["QLinearConv"] > 10
    assert facts["dtype"] == "int8"


@pytest.mark.slow
def test_any_batch_size_runs(exported):
    opened = session(METHODS["onnx"], exported)
    for batch in (1, 3, 8):
        assert opened.run(opened.prepare(tiny.inputs(TEXT, batch, 0))).shape == (batch, tiny.TOKENS, 5)


def test_onnx_runtime_without_its_cuda_provider_is_unavailable():
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return
    with pytest.raises(Unavailable, match="has no CUDAExecutionProvider"):
        onnx_opening.create(Path("model.onnx"), "cuda", 1)


def test_a_provider_that_fell_back_is_refused_m24():
    with pytest.raises(BenchmarkError, match="asked ONNX Runtime for CUDAExecutionProvider, it opened CPUExecutionProvider"):
        onnx_opening.require_provider(["CPUExecutionProvider"], "CUDAExecutionProvider")
    onnx_opening.require_provider(["CUDAExecutionProvider", "CPUExecutionProvider"], "CUDAExecutionProvider")


@pytest.mark.slow
def test_a_truncated_model_is_reported_by_name(exported, tmp_path):
    (tmp_path / "model.onnx").write_bytes((exported.path / "model.onnx").read_bytes()[:2000])
    (tmp_path / "architecture.json").write_bytes((exported.path / "architecture.json").read_bytes())
    with pytest.raises(ArtifactCorrupted, match="ONNX Runtime cannot open"):
        onnx_runtime.open_session(replace(exported, path=tmp_path), "cpu", 1)


def test_logits_come_back_as_float32():
    half = session(METHODS["fp16"], builder().artifact(METHODS["fp16"], IMAGE))
    assert half.to_numpy(half.run(half.prepare(tiny.inputs(IMAGE, 2, 0)))).dtype == np.float32
