"""TensorRT without a GPU: the graph it would be given, and the calls made to a stand-in for its module."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from fixtures.errors import ArtifactCorrupted, BenchmarkError, PostconditionFailed, Unavailable, Unsupported
from fixtures.methods import onnx_int8_static, tensorrt_engine
from fixtures.models import onnx_format
from fixtures.runtimes import onnx_opening, tensorrt_runtime
from tests import tiny
from tests.building import builder, catalog

TEXT, IMAGE = "token-classification", "image-classification"
METHODS = catalog().methods


class Engine:
    """Adds 1 to its input, in the memory that it is given."""

    num_io_tensors = 2

    def get_tensor_name(self, index):
        return ("pixel_values", "logits")[index]

    def get_tensor_dtype(self, name):
        return SimpleNamespace(name="FLOAT")

    def get_tensor_mode(self, name):
        return {"pixel_values": "input", "logits": "output"}[name]

    def create_execution_context(self):
        return Context()

    def create_engine_inspector(self):
        layers = [{"Outputs": [{"Format/Datatype": text}]} for text in ("Row major FP16 format", "Row major FP32 format")]
        return SimpleNamespace(get_engine_information=lambda form: json.dumps({"Layers": layers}))


class Context:
    def __init__(self):
        self.shapes, self.addresses, self.calls = {}, {}, 0

    def set_input_shape(self, name, shape):
        self.shapes[name] = shape
        return shape[0] <= tensorrt_engine.LARGEST_BATCH

    def get_tensor_shape(self, name):
        return self.shapes["pixel_values"]

    def set_tensor_address(self, name, address):
        self.addresses[name] = address

    def execute_async_v3(self, stream):
        import ctypes

        count = int(np.prod(self.shapes["pixel_values"]))
        given, answer = ((ctypes.c_float * count).from_address(self.addresses[name]) for name in ("pixel_values", "logits"))
        for index in range(count):
            answer[index] = given[index] + 1
        self.calls += 1
        return self.calls < 3


TRT = SimpleNamespace(
    __version__="11.0.0",
    TensorIOMode=SimpleNamespace(INPUT="input"),
    LayerInformationFormat=SimpleNamespace(JSON="json"),
    Logger=type("Logger", (), {"ERROR": 1, "__init__": lambda self, level: None}),
    Runtime=lambda logger: SimpleNamespace(deserialize_cuda_engine=lambda data: Engine() if data == b"engine" else None),
)


class OnCpu(tensorrt_runtime.TensorRtSession):
    def stream(self):
        return 0

    def synchronize(self):
        pass


@pytest.fixture
def artifact(tmp_path):
    (tmp_path / "architecture.json").write_text(json.dumps({"input_names": ["pixel_values"]}), encoding="utf-8")
    (tmp_path / "model.engine").write_bytes(b"engine")
    original = builder().original(IMAGE)
    return replace(
        original, path=tmp_path, format="tensorrt", attributes={"gpu": "H100", "tensorrt": "11.0.0", "stored": {"parameters": 7}}
    )


@pytest.fixture
def opened(artifact):
    made = tensorrt_runtime.session_of(artifact, TRT, tensorrt_runtime.read_engine(TRT, artifact), 2)
    return OnCpu(**{**vars(made), "device": "cpu"})


def test_a_call_gives_the_engine_its_buffers_and_reads_its_answer(opened):
    pixels = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
    first, second = opened.prepare({"pixel_values": pixels}), opened.prepare({"pixel_values": 2 * pixels})
    assert (opened.to_numpy(opened.run(first)) == pixels + 1).all()
    assert (opened.to_numpy(opened.run(second)) == 2 * pixels + 1).all()
    with pytest.raises(BenchmarkError, match="did not run"):
        opened.run(first)


def test_a_batch_beyond_the_profile_is_named(opened):
    with pytest.raises(BenchmarkError, match=r"takes no pixel_values of shape \(65, 3, 2, 2\)"):
        opened.prepare({"pixel_values": np.zeros((65, 3, 2, 2), np.float32)})


def test_the_type_that_the_layers_compute_in_is_read_back(opened):
    facts = opened.facts()
    assert (facts["runtime"], facts["dtype"], facts["threads"], facts["provider"]) == ("tensorrt", "float16", 2, "H100")
    assert opened.weights() == {"parameters": 7}


def test_an_engine_of_another_version_says_who_built_it(artifact):
    (artifact.path / "model.engine").write_bytes(b"other")
    with pytest.raises(ArtifactCorrupted, match=r"built by 11\.0\.0 on H100"):
        tensorrt_runtime.read_engine(TRT, artifact)


def test_an_engine_of_another_gpu_is_not_opened(artifact, monkeypatch):
    monkeypatch.setattr(tensorrt_engine, "require_tensorrt", lambda: TRT)
    monkeypatch.setattr(tensorrt_engine, "gpu_name", lambda: "T4")
    with pytest.raises(Unavailable, match="built on H100, this GPU is T4"):
        tensorrt_runtime.open_session(artifact, "cuda", 1)


def test_an_engine_without_a_layer_of_its_named_type_is_refused_m22(artifact, monkeypatch):
    monkeypatch.setattr(tensorrt_engine, "require_tensorrt", lambda: TRT)
    assert tensorrt_engine.check(artifact, artifact, {"dtype": "float16"})["layer_types"]
    with pytest.raises(PostconditionFailed, match="no layer of the engine gives int8"):
        tensorrt_engine.check(artifact, artifact, {"dtype": "int8"})


def test_without_a_gpu_or_its_package_tensorrt_is_unavailable(monkeypatch):
    from fixtures.probes import gpu

    monkeypatch.setattr(gpu, "no_cuda_reason", lambda: "no NVIDIA GPU")
    with pytest.raises(Unavailable, match="no NVIDIA GPU"):
        tensorrt_engine.require_tensorrt()
    monkeypatch.setattr(gpu, "no_cuda_reason", lambda: "")
    monkeypatch.setitem(__import__("sys").modules, "tensorrt", None)
    with pytest.raises(Unavailable, match="tox run -e tensorrt"):
        tensorrt_engine.require_tensorrt()


class Recorder:
    """A stand-in for TensorRT's builder: remembers what it was told."""

    def __init__(self, parses=True, plan=b"plan"):
        told = self.told = {"profile": {}}
        profile = SimpleNamespace(set_shape=lambda name, *shapes: told["profile"].update({name: shapes}))
        config = SimpleNamespace(
            clear_flag=lambda flag: told.update(cleared=flag),
            add_optimization_profile=lambda given: told.update(added=given is profile),
        )
        self.__version__ = "11.0.0"
        self.Logger = TRT.Logger
        self.NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
        self.ProfilingVerbosity = SimpleNamespace(DETAILED="detailed")
        self.BuilderFlag = SimpleNamespace(TF32="tf32")
        self.Builder = lambda logger: SimpleNamespace(
            create_network=lambda flags: told.update(flags=flags),
            create_builder_config=lambda: config,
            create_optimization_profile=lambda: profile,
            build_serialized_network=lambda network, given: plan,
        )
        error = SimpleNamespace(desc=lambda: "no importer registered for op: Einsum")
        self.OnnxParser = lambda network, logger: SimpleNamespace(
            parse_from_file=lambda path: parses, num_errors=1, get_error=lambda index: error
        )


def test_an_engine_is_strongly_typed_without_tf32_and_takes_every_batch_up_to_the_largest():
    trt = Recorder()
    assert tensorrt_engine.serialized(trt, "model.onnx", {"input_ids": (1, 16)}) == b"plan"
    largest = tensorrt_engine.LARGEST_BATCH
    assert trt.told == {"flags": 2, "cleared": "tf32", "added": True, "profile": {"input_ids": ((1, 16), (1, 16), (largest, 16))}}


def test_the_first_operator_that_tensorrt_refuses_is_in_the_reason():
    with pytest.raises(Unsupported, match="no importer registered for op: Einsum"):
        tensorrt_engine.serialized(Recorder(parses=False), "model.onnx", {})
    with pytest.raises(PostconditionFailed, match="built no engine"):
        tensorrt_engine.serialized(Recorder(plan=None), "model.onnx", {})


def test_an_engine_takes_the_evaluation_batches_of_every_task():
    assert all(task.eval_batch <= tensorrt_engine.LARGEST_BATCH for task in catalog().tasks.values())


@pytest.mark.slow
@pytest.mark.parametrize("task", tiny.TASKS)
def test_the_graph_for_int8_has_what_tensorrt_takes_and_answers_near_the_original(task, tmp_path):
    exported = builder().artifact(METHODS["onnx"], task)
    made = tiny.run_step(METHODS["tensorrt-int8"].steps[1], exported, tmp_path / "qdq", task)
    expected, found = (onnx_format.run(place.path / "model.onnx", tiny.inputs(task, 8, 3), 1) for place in (exported, made))
    assert np.sqrt(np.square(found - expected).mean() / np.square(expected - expected.mean()).mean()) < 0.3


@pytest.mark.slow
def test_unsigned_activations_and_integer_biases_are_refused_before_tensorrt_sees_them(tmp_path):
    static = builder().artifact(METHODS["onnx-int8-static"], IMAGE)
    with pytest.raises(PostconditionFailed, match="zero point other than 0|bias of 32-bit integers"):
        tensorrt_engine.check_qdq(static, static, onnx_int8_static.PARAMS)


def test_onnx_runtime_is_asked_for_tensorrt_then_cuda_and_never_for_tf32():
    assert onnx_opening.provider_list("CPUExecutionProvider") == ["CPUExecutionProvider"]
    cuda = ("CUDAExecutionProvider", {"use_tf32": "0"})
    assert onnx_opening.provider_list("CUDAExecutionProvider") == [cuda]
    assert onnx_opening.provider_list("TensorrtExecutionProvider") == ["TensorrtExecutionProvider", cuda]
    artifact = replace(builder().original(IMAGE), attributes={"cuda_provider": "TensorrtExecutionProvider"})
    assert onnx_opening.options_of(artifact, "cuda")["provider"] == "TensorrtExecutionProvider"
    assert onnx_opening.options_of(artifact, "cpu")["provider"] == "CPUExecutionProvider"


def test_a_tensorrt_session_that_fell_to_cuda_is_refused_m24():
    with pytest.raises(BenchmarkError, match="asked ONNX Runtime for TensorrtExecutionProvider, it opened CUDAExecutionProvider"):
        onnx_opening.require_provider(["CUDAExecutionProvider", "CPUExecutionProvider"], "TensorrtExecutionProvider")
