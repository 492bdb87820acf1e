"""Optimum's ONNX road, as far as it goes without it: which class opens a model, what a check refuses, how a text is continued.

Its exporter and its quantizer run in their own environment: `tox run -e optimum-onnx`.
"""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fixtures.errors import PostconditionFailed, Unsupported
from fixtures.methods import optimum_onnx
from fixtures.models import onnx_format, optimum_models
from fixtures.runtimes import optimum_onnx_runtime
from tests.building import builder


class Counting:
    """Stands in for an ORTModel: the next token is how many tokens its mask shows, its cache as long as they are."""

    can_use_cache = True

    def __call__(self, input_ids, attention_mask, past_key_values=None, use_cache=False):
        assert attention_mask.shape == (len(input_ids), attention_mask.shape[1])
        seen = attention_mask.shape[1]
        logits = torch.nn.functional.one_hot(torch.full(input_ids.shape, seen), 32).float()
        value = torch.zeros(len(input_ids), 1, seen, 4)
        return SimpleNamespace(logits=logits, past_key_values=((value, value),) if use_cache else None)


def test_a_text_is_continued_with_a_mask_over_the_cached_tokens_too():
    session = optimum_onnx_runtime.OptimumSession(None, Counting(), None, 1)
    written, seconds = session.generate(np.zeros((2, 5), np.int64), 3)
    assert written.tolist() == [[5, 6, 7], [5, 6, 7]]
    assert len(seconds) == 3


def test_a_model_that_writes_no_text_is_not_asked_to():
    session = optimum_onnx_runtime.OptimumSession(None, SimpleNamespace(), None, 1)
    with pytest.raises(Unsupported, match="the exported graph has no cache"):
        session.generate(np.zeros((1, 5), np.int64), 3)


def test_a_model_of_another_kind_is_refused_with_its_name(tmp_path):
    (tmp_path / "architecture.json").write_text(json.dumps({"library": "timm", "architecture": "efficientvit_b3"}))
    with pytest.raises(Unsupported, match="Optimum is asked for AutoModelForTokenClassification and AutoModelForCausalLM"):
        optimum_models.class_of(tmp_path, "optimum-onnx")


def test_a_language_model_without_a_cache_is_refused(tmp_path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones((4, 4), np.float32), "weight")
    given, logits = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("input_ids", "logits"))
    product = helper.make_node("MatMul", ["input_ids", "weight"], ["logits"])
    onnx.save(helper.make_model(helper.make_graph([product], "g", [given], [logits], [weight])), tmp_path / onnx_format.MODEL)
    result = SimpleNamespace(path=tmp_path)
    with pytest.raises(PostconditionFailed, match="takes no past_key_values"):
        optimum_onnx.check(builder().original("language-modelling"), result, {})
    assert optimum_onnx.check(builder().original("token-classification"), result, {})["cache_inputs"] == 0
