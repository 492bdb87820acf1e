"""Published mistakes as deliberately wrong methods. Each is refused with a sentence that names it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures import artifact as artifacts
from fixtures.artifact import Artifact
from fixtures.errors import PostconditionFailed, Unsupported
from fixtures.methods import onnx_int8_dynamic, precision, pruning, torch_int8_dynamic
from fixtures.methods.named_share import require_share
from fixtures.models import onnx_format, torch_format
from fixtures.probes.audit import audit, shares
from fixtures.registry import BuildContext, Step
from tests import tiny
from tests.building import builder, catalog, session

TEXT, IMAGE = "token-classification", "image-classification"
METHODS = catalog().methods


def refused_by_check(step: Step, source: Artifact, tmp_path) -> str:
    with pytest.raises(PostconditionFailed) as caught:
        tiny.run_step(step, source, tmp_path / "wrong", TEXT)
    return str(caught.value)


def refused_by_audit(name: str, artifact: Artifact, task: str = TEXT, **changes) -> str:
    """Audits an artifact as if method `name` had made it, with some of the facts changed."""
    opened = session(METHODS[name], artifact)
    asked = replace(artifact, lineage=lineage(name))
    facts = {**opened.facts(), **changes.pop("facts", {})}
    weights = {**opened.weights(), **changes.pop("weights", {})}
    with pytest.raises(PostconditionFailed) as caught:
        audit(METHODS[name], asked, facts, weights, changes.get("device", "cpu"), 1, original=builder().original(task))
    return str(caught.value)


def lineage(name: str) -> tuple:
    return ({"step": "original"}, *({"step": step.name, "params": dict(step.params)} for step in METHODS[name].steps))


def write_masked(context: BuildContext) -> dict:
    """torch.nn.utils.prune without prune.remove: `weight_orig` and `weight_mask` instead of `weight`."""
    from torch import nn
    from torch.nn.utils import prune

    module = torch_format.load_module(context.source)
    for layer in list(module.modules()):
        if isinstance(layer, nn.Linear):
            prune.l1_unstructured(layer, "weight", 0.5)
    torch_format.save_module(module, context.source.path, context.output)
    return {}


def test_pruning_that_leaves_its_masks_is_refused_where_it_is_built_m11(tmp_path):
    wrong = replace(METHODS["prune50"].steps[0], build=write_masked)
    source = builder().original(TEXT)
    assert "pruning masks were left in" in refused_by_check(wrong, source, tmp_path)
    written = tmp_path / "wrong" / torch_format.WEIGHTS
    assert written.stat().st_size > 1.3 * (source.path / torch_format.WEIGHTS).stat().st_size


def test_masks_that_reach_a_row_are_refused_by_its_audit_m11():
    opened = builder().artifact(METHODS["prune50"], TEXT)
    sentence = refused_by_audit("prune50", opened, weights={"mask_tensors": ["classifier.weight_mask"]})
    assert "classifier.weight_mask" in sentence
    assert "M11" in sentence


def test_pruning_that_changed_nothing_is_refused_by_both(tmp_path):
    copy = replace(METHODS["prune50"].steps[0], build=copy_torch)
    assert "weights are zero, asked were 50%" in refused_by_check(copy, builder().original(TEXT), tmp_path)
    assert "its name says 50%" in refused_by_audit("prune50", builder().original(TEXT))


def copy_torch(context: BuildContext) -> dict:
    torch_format.save_state(torch_format.read_state(context.source), context.source.path, context.output)
    return {}


def test_half_precision_under_a_full_precision_name_is_refused_m22():
    half = builder().artifact(METHODS["fp16"], TEXT)
    assert "computes in float16 (M22)" in refused_by_audit("original", half)
    assert "stored as float32" in refused_by_audit("original", half, facts={"dtype": "float32"})


def test_a_cast_that_changed_nothing_is_refused_m22(tmp_path):
    wrong = Step("fp16", ("torch",), "torch", copy_torch, precision.check, {"dtype": "float16"})
    assert "are not torch.float16" in refused_by_check(wrong, builder().original(TEXT), tmp_path)
    assert "name says that it computes in float16" in refused_by_audit("fp16", builder().original(TEXT))


def copy_onnx(context: BuildContext) -> dict:
    torch_format.copy_description(context.source.path, context.output)
    onnx_format.write(onnx_format.read(context.source), context.output)
    return {"dtype": "int8"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["onnx-int8-dynamic", "onnx-int8-static"])
def test_a_quantization_that_did_nothing_is_refused_m23(name, tmp_path):
    exported = builder().artifact(METHODS["onnx"], TEXT)
    wrong = replace(METHODS[name].steps[-1], build=copy_onnx)
    assert "nothing was quantized" in refused_by_check(wrong, exported, tmp_path)
    assert "computes in int8, the session computes in float32" in refused_by_audit(name, exported)
    assert "M23" in refused_by_audit(name, exported, facts={"dtype": "int8"})


def test_linear_only_int8_on_a_convolutional_model_is_refused_with_the_share_m23(tmp_path):
    with pytest.raises(Unsupported, match=r"only 7\.\d% of the parameter bytes are in linear layers"):
        tiny.run_step(METHODS["torch-int8-dynamic"].steps[0], builder().original(IMAGE), tmp_path / "a", IMAGE)


@pytest.mark.slow
def test_a_graph_with_a_few_int8_weights_is_not_called_int8_m23(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_int8_dynamic, "COVERED", ("MatMul",))
    exported = builder().artifact(METHODS["onnx"], IMAGE)
    with pytest.raises(Unsupported, match=r"^7\.\d% of the parameters are int8; INT8 needs at least 50%"):
        tiny.run_step(METHODS["onnx-int8-dynamic"].steps[1], exported, tmp_path / "b", IMAGE)


@pytest.mark.parametrize(
    ("part", "change"),
    [("weight_int8", lambda tensor: tensor.roll(1)), ("weight_scale", lambda tensor: tensor * float("nan"))],
)
def test_int8_weights_that_are_not_the_originals_are_refused(tmp_path, part, change):
    def shifted(context: BuildContext) -> dict:
        attributes = torch_int8_dynamic.build(context)
        made = artifacts.describe(context.output, "k", "torch-int8-dynamic", attributes, [])
        state = torch_format.read_state(made)
        name = f"{attributes['quantized'][0]}.{part}"
        torch_format.save_state({**state, name: change(state[name])}, context.source.path, context.output)
        return dict(attributes)

    wrong = replace(METHODS["torch-int8-dynamic"].steps[0], build=shifted)
    assert "steps from the originals" in refused_by_check(wrong, builder().original(TEXT), tmp_path)


def test_a_silent_fallback_to_the_cpu_is_refused_m24():
    opened = builder().original(TEXT)
    sentence = refused_by_audit("original", opened, device="cuda")
    assert "it ran on cpu" in sentence
    assert "M24" in sentence


def test_a_graph_that_is_mostly_on_another_device_is_refused_m24():
    facts = {
        "device": "cuda",
        "share_on_device": 0.4,
        "nodes_by_provider": {"CPUExecutionProvider": 6, "CUDAExecutionProvider": 4},
    }
    assert "only 40.0% of it is on cuda" in refused_by_audit("original", builder().original(TEXT), device="cuda", facts=facts)
    copies = {"device": "cuda", "share_on_device": 1.0, "memcpy_nodes": 768, "op_counts": {"MemcpyToHost": 768, "MatMul": 400}}
    assert "768 nodes copy between devices" in refused_by_audit("original", builder().original(TEXT), device="cuda", facts=copies)


def test_other_threads_than_asked_are_refused():
    assert "asked were 1 threads, the runtime has 2" in refused_by_audit(
        "original", builder().original(TEXT), facts={"threads": 2}
    )


def test_another_model_under_the_label_is_refused_m6(tmp_path, monkeypatch):
    monkeypatch.setattr(tiny, "BERT", {**tiny.BERT, "num_hidden_layers": 1})
    other = tiny.original(TEXT, tmp_path / "other")
    assert "another model is under this label (M6): it has" in refused_by_audit("original", other)
    image = builder().original(IMAGE)
    assert "(M6): library is timm-class, the original's is transformers" in refused_by_audit("original", image)


def test_an_artifact_of_another_pipeline_is_refused_m5():
    plain = builder().original(TEXT)
    opened = session(METHODS["original"], plain)
    with pytest.raises(PostconditionFailed, match="M5"):
        audit(METHODS["prune50"], plain, opened.facts(), opened.weights(), "cpu", 1, original=plain)


def test_packed_weights_are_counted_where_parameters_are_blind_m8():
    packed = session(METHODS["torch-int8-dynamic"], builder().artifact(METHODS["torch-int8-dynamic"], TEXT))
    plain = session(METHODS["original"], builder().original(TEXT))
    assert sum(parameter.numel() for parameter in packed.module.parameters()) < 0.5 * plain.weights()["parameters"]
    assert packed.weights()["parameters"] == plain.weights()["parameters"]


def test_a_pruned_dense_file_is_as_large_as_the_original_whatever_theory_says_m13():
    plain, pruned = builder().original(TEXT), builder().artifact(METHODS["prune80"], TEXT)
    assert pruned.size_bytes == plain.size_bytes
    theory = session(METHODS["prune80"], pruned).weights()["theoretical_bits"] / 8
    assert theory < 0.3 * pruned.size_bytes


def test_the_share_of_a_named_precision_is_of_parameters_not_of_bytes():
    """60 int8 parameters beside 40 fp32 ones are 60 % of the parameters and 27 % of the bytes."""
    stored = {"parameters": 100, "parameters_by_dtype": {"int8": 60, "float32": 40}, "dtypes": {"int8": 60, "float32": 160}}
    assert shares(stored)["int8"] == require_share(stored, "int8") == 0.6


def test_pruning_checks_tolerate_rounding_only():
    assert pruning.TOLERANCE < 0.01
