"""auto-gptq and autoawq, as far as it goes without their environment: what they are asked for.

The libraries themselves run in theirs: `tox run -e legacy`.
"""

import sys
from types import SimpleNamespace

import pytest
import torch

from fixtures import environments
from fixtures.borrowed import old_libraries
from fixtures.errors import Unavailable
from fixtures.registry import BuildContext
from tests import tiny
from tests.building import builder, catalog

TASK = "language-modelling"


class Recorded:
    """Stands in for a library's model class and for the model: remembers every call."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def call(*arguments, **named):
            self.calls.append((name, arguments, named))
            return self

        return call


ASKED = {"source": "model", "target": "out", "group": 32}


def test_auto_gptq_is_asked_for_asymmetric_groups_in_their_order(monkeypatch):
    model, settings = Recorded(), {}
    library = SimpleNamespace(AutoGPTQForCausalLM=model, BaseQuantizeConfig=lambda **given: settings.update(given))
    monkeypatch.setitem(sys.modules, "auto_gptq", library)
    old_libraries.auto_gptq(ASKED, [[1, 2, 3], [4, 5, 6]])
    assert settings == {"bits": 4, "group_size": 32, "sym": False, "desc_act": False}
    loaded, quantized, saved = model.calls
    assert loaded[0] == "from_pretrained"
    assert loaded[2]["torch_dtype"] is torch.float16
    assert [example["input_ids"].tolist() for example in quantized[1][0]] == [[[1, 2, 3]], [[4, 5, 6]]]
    assert saved == ("save_quantized", ("out",), {"use_safetensors": True})


@pytest.mark.parametrize(("gpu", "place", "dtype"), [(False, "cpu", torch.float32), (True, "cuda", torch.float16)])
def test_autoawq_keeps_every_calibration_sample_and_uses_the_gpu_where_there_is_one(monkeypatch, gpu, place, dtype):
    model = Recorded()
    monkeypatch.setitem(sys.modules, "awq", SimpleNamespace(AutoAWQForCausalLM=model))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    old_libraries.autoawq(ASKED, [[1, 2, 3], [4, 5, 6]])
    loaded, quantized, _ = model.calls
    assert (loaded[2]["device_map"], loaded[2]["torch_dtype"]) == (place, dtype)
    assert quantized[2]["quant_config"]["q_group_size"] == 32
    # A sample longer than max_calib_seq_len would be dropped without a word.
    assert (quantized[2]["max_calib_samples"], quantized[2]["max_calib_seq_len"]) == (2, 3)


def test_an_environment_that_lacks_the_library_is_unavailable_with_both_versions(monkeypatch, tmp_path):
    monkeypatch.setattr(environments, "interpreter", lambda name: sys.executable)
    step = catalog().methods["auto-gptq-int4-g128"].steps[0]
    params = {**step.params, "group": 32, "samples": 2}
    context = BuildContext(builder().original(TASK), tmp_path, params, 0, 1, TASK, tiny.calibration(TASK))
    with pytest.raises(
        Unavailable, match=r"of no version is installed, 0\.7\.1 is asked for: `tox run -e legacy --notest` installs"
    ):
        step.build(context)
