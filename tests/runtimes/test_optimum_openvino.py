"""Optimum's OpenVINO road, as far as it goes without it: what is asked of the plugin, what a check refuses.

Its exporter and its classes run in their own environment: `tox run -e optimum-intel`.
"""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from fixtures.errors import ArtifactCorrupted, PostconditionFailed, Unsupported
from fixtures.methods import optimum_openvino
from fixtures.models import openvino_format, optimum_models
from fixtures.runtimes import optimum_openvino_runtime as runtime
from tests.building import builder


def test_the_plugin_accepts_what_is_asked_and_says_so():
    import openvino

    given = openvino.opset13.parameter([1, 4], name="x")
    model = openvino.Model([openvino.opset13.relu(given)], [given], "relu")
    compiled = openvino.Core().compile_model(model, "CPU", runtime.options(1))
    assert compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name() == "f32"
    assert compiled.get_property("KV_CACHE_PRECISION").get_type_name() == "f32"
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 1
    assert compiled.get_property("DYNAMIC_QUANTIZATION_GROUP_SIZE") == 0


def test_products_of_compressed_weights_are_integers_only_where_activations_are_rounded_too():
    compressed = {"dtype": "int8", "precision_hint": "f32"}
    assert runtime.computed_in({**compressed, "activation_group": 0}) == "float32"
    assert runtime.computed_in({**compressed, "activation_group": 32}) == "int8"
    assert runtime.computed_in({"dtype": "int8", "precision_hint": "bf16", "activation_group": 0}) == "bf16"


CHECKS = [
    (optimum_openvino.check, {"float16": 90, "float32": 10}, PostconditionFailed, "10.0% of the exported parameters are float32"),
    (optimum_openvino.check_int8, {"float32": 100}, PostconditionFailed, "left every weight as it was"),
    (optimum_openvino.check_int8, {"uint8": 30, "float32": 70}, Unsupported, "30.0% of the parameters are int8"),
    (
        optimum_openvino.check_int8,
        {"uint8": 90, "float32": 10},
        PostconditionFailed,
        "has no state: it would read the whole text",
    ),
]


@pytest.mark.parametrize(("check", "stored", "error", "says"), CHECKS)
def test_an_artifact_that_is_not_what_its_name_says_is_refused(monkeypatch, check, stored, error, says):
    report = {"parameters_by_dtype": stored, "parameters": sum(stored.values()), "dtypes": stored}
    monkeypatch.setattr(optimum_openvino, "described", lambda artifact: (report, 0))
    with pytest.raises(error, match=says):
        check(builder().original("language-modelling"), None, {})


def test_a_model_that_writes_no_text_is_not_asked_to():
    with pytest.raises(Unsupported, match="the exported graph has no cache"):
        runtime.OptimumSession(None, SimpleNamespace(), None).generate(np.zeros((1, 5), np.int64), 3)


def test_a_file_that_is_no_model_is_said(tmp_path):
    (tmp_path / runtime.MODEL).write_text("<net/>")
    with pytest.raises(ArtifactCorrupted, match="not a readable OpenVINO model"):
        openvino_format.read(SimpleNamespace(path=tmp_path), runtime.MODEL)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_the_plugin_starts_its_threads_on_every_cpu_of_the_run_though_openmp_bound_this_one(monkeypatch):
    ours, seen = os.sched_getaffinity(0), []

    def load(path, **options):
        os.sched_setaffinity(0, {min(ours)})  # what a first OpenMP region does under OMP_PROC_BIND
        return SimpleNamespace(compile=lambda: seen.append(os.sched_getaffinity(0)), request=compiled)

    compiled = SimpleNamespace(get_property=lambda name: SimpleNamespace(get_type_name=lambda: "f32"))
    monkeypatch.setattr(optimum_models, "class_of", lambda folder, environment: SimpleNamespace(from_pretrained=load))
    try:
        runtime.open_session(builder().original("token-classification"), "cpu", 2)
    finally:
        os.sched_setaffinity(0, ours)
    assert seen == [ours]
