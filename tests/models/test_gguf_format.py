"""GGUF: rows in llama.cpp's order, refusals with their reason, and the same answers as torch where llama.cpp is installed."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.torch
import torch

from fixtures.errors import PostconditionFailed, Unsupported
from fixtures.methods import gguf as method
from fixtures.models import gguf_format
from tests import tiny
from tests.building import builder

ROOT = Path(__file__).resolve().parents[2]
INTERPRETER = ROOT / ".tox" / "llamacpp" / "bin" / "python"


def test_halves_of_a_head_are_interleaved():
    # one head of four rows, then another: first half 0, 1 and second half 2, 3 become 0, 2, 1, 3
    weight = np.arange(8, dtype=np.float32)[:, None]
    assert gguf_format.permuted(weight, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


LLAMA3 = {"factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}


def test_another_scaling_of_the_rotation_is_refused_and_llama_3s_is_transformers_own():
    assert gguf_format.rotation({"rope_theta": 500000.0}, 32) == (500000.0, None)
    with pytest.raises(Unsupported, match="rotary positions of type yarn"):
        gguf_format.rotation({"rope_scaling": {"rope_type": "yarn"}}, 32)
    from fixtures.models.torchvision_operators import define_missing_operators

    define_missing_operators()
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = {"rope_type": "llama3", "rope_theta": 500000.0, **LLAMA3}
    config = LlamaConfig(hidden_size=128, num_attention_heads=4, rope_parameters=rope)
    angles = ROPE_INIT_FUNCTIONS["llama3"](config, "cpu")[0].numpy()
    plain = 1 / 500000.0 ** (np.arange(0, 32, 2) / 32)
    base, divisors = gguf_format.rotation({"rope_scaling": LLAMA3 | {"rope_type": "llama3"}, "rope_theta": 500000.0}, 32)
    assert base == 500000.0
    assert np.allclose(plain / divisors, angles, rtol=1e-6)
    assert divisors[0] == 1
    assert divisors[-1] == 32
    assert len(set(divisors.tolist())) > 2  # some angles lie between


def tensor(kind, *shape):
    return SimpleNamespace(
        tensor_type=SimpleNamespace(name=kind), n_elements=np.prod(shape), shape=shape, name="blk.0.attn_q.weight"
    )


def test_block_formats_are_named_by_their_bits():
    assert [gguf_format.dtype_of(tensor(kind, 2, 2)) for kind in ("Q4_K", "Q8_0", "Q6_K", "F32")] == [
        "int4",
        "int8",
        "int6",
        "float32",
    ]


@pytest.mark.parametrize(
    ("found", "asked", "error", "says"),
    [
        ([tensor("F32", 256, 256)], "Q8_0", PostconditionFailed, "0.0% of the parameters are Q8_0"),
        ([tensor("Q5_0", 64, 64)], "Q4_K_M", Unsupported, "has rows that 256 does not divide"),
    ],
)
def test_another_format_than_the_name_says_goes_red(monkeypatch, found, asked, error, says):
    monkeypatch.setattr(gguf_format, "tensors", lambda artifact: found)
    with pytest.raises(error, match=says):
        method.check(None, None, {"type": asked})


PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from fixtures.artifact import open_artifact, finish
from fixtures.models import gguf_format
from fixtures.runtimes.llama_cpp_runtime import open_session
source, target = map(Path, sys.argv[1:3])
gguf_format.write_f32(source, target / "model.gguf")
session = open_session(finish(target, "k", "gguf", {}, [{"step": "original"}]), "cpu", 1)
ids = np.load(sys.argv[3])
answer = session.to_numpy(session.run(session.prepare({"input_ids": ids})))
np.save(sys.argv[4], answer)
written, seconds = session.generate(ids, 4)
facts = session.facts()
print(json.dumps([written.tolist(), len(seconds), facts["dtype"], facts["threads"], session.weights()["matrix_parameters"]]))
"""


def family(folder, name):
    """A seeded model of two layers, one of the types that the conversion knows."""
    import transformers

    from fixtures import artifact as artifacts
    from fixtures.models import torch_format
    from fixtures.models.torchvision_operators import define_missing_operators

    define_missing_operators()
    size = {"vocab_size": 128, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    size |= {"num_key_value_heads": 2, "max_position_embeddings": 64}
    rope = {"rope_parameters": {"rope_type": "llama3", "rope_theta": 10000.0, **LLAMA3, "original_max_position_embeddings": 16}}
    made = {
        "llama3": lambda: transformers.LlamaConfig(**size, **rope),
        "mistral": lambda: transformers.MistralConfig(**size, sliding_window=None),
        "qwen2": lambda: transformers.Qwen2Config(**size, tie_word_embeddings=True),
    }[name]()
    torch.manual_seed(0)
    module = transformers.AutoModelForCausalLM.from_config(made).eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)  # biases and norms too
    folder.mkdir()
    module.config.save_pretrained(folder)
    described = {"library": "transformers", "auto_class": "AutoModelForCausalLM", "input_names": ["input_ids", "attention_mask"]}
    (folder / "architecture.json").write_text(json.dumps(described), encoding="utf-8")
    safetensors.torch.save_file(torch_format.stored_once(module.state_dict()), folder / torch_format.WEIGHTS)
    return artifacts.finish(folder, name, "torch", {}, [{"step": "original"}])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["llama", "llama3", "mistral", "qwen2"])
def test_llama_cpp_answers_as_torch_does(tmp_path, name):
    if not INTERPRETER.is_file():
        pytest.skip("needs the environment llamacpp: `tox run -e llamacpp --notest` creates it")
    from fixtures.models import torch_format
    from fixtures.runtimes.torch_generation import greedy

    source = builder().original(tiny.LANGUAGE) if name == "llama" else family(tmp_path / name, name)
    ids = tiny.inputs(tiny.LANGUAGE, 2, 3)["input_ids"]
    np.save(tmp_path / "ids.npy", ids)
    target = tmp_path / "gguf"
    target.mkdir()
    command = [
        str(INTERPRETER),
        "-c",
        PROGRAM,
        str(source.path),
        str(target),
        str(tmp_path / "ids.npy"),
        str(tmp_path / "out.npy"),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stderr[-500:]
    module = torch_format.load_module(source)
    with torch.inference_mode():
        expected = torch_format.logits(module, {"input_ids": torch.from_numpy(ids)}).numpy()
    # keys and values are kept in fp16
    assert np.abs(np.load(tmp_path / "out.npy") - expected).max() < 2e-2 * np.abs(expected).max()
    written, steps, dtype, threads, parameters = json.loads(ran.stdout.splitlines()[-1])
    assert written == greedy(module, ids, 4, "cpu")[0].tolist()
    assert (steps, dtype, threads) == (4, "float32", 1)
    assert parameters == sum(parameter.numel() for parameter in module.parameters() if parameter.ndim >= 2)
