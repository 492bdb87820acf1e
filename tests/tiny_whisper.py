"""A tiny seeded Whisper, as the hub publishes one and as a finished `torch` artifact."""

import json

from fixtures import artifact as artifacts
from fixtures.models.torchvision_operators import define_missing_operators

WORDS = ["<|end|>", "<|start|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>", "turn", "on", "off", "light", "red"]
DECODING = {"tokens": 6, "prompt": [1, 2, 3, 4], "end": None, "suppress": [], "suppress_first": []}


def module():
    """Wide weights, so that the answer depends on what is heard."""
    define_missing_operators()
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        vocab_size=len(WORDS), num_mel_bins=80, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=64, decoder_ffn_dim=64, max_source_positions=20, max_target_positions=16,
        bos_token_id=1, eos_token_id=0, pad_token_id=0, decoder_start_token_id=1, suppress_tokens=None, begin_suppress_tokens=None,
    )  # fmt: skip
    found = transformers.WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for parameter in found.parameters():
            if parameter.ndim >= 2:
                parameter.normal_(0, 0.3)
    return found


def tokenizer(folder):
    import tokenizers

    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: index for index, word in enumerate(WORDS)}))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.add_special_tokens(WORDS[:5])
    made.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": WORDS[0]}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def published(folder):
    """With the generation_config.json that openai's models have."""
    module().save_pretrained(folder)
    tokenizer(folder)
    chosen = {
        "is_multilingual": True,
        "lang_to_id": {"<|en|>": 2},
        "task_to_id": {"transcribe": 3},
        "no_timestamps_token_id": 4,
        "suppress_tokens": [7, -1],
        "begin_suppress_tokens": [0],
        "decoder_start_token_id": 1,
        "eos_token_id": 0,
    }
    (folder / "generation_config.json").write_text(json.dumps(chosen), encoding="utf-8")


def original(path):
    import safetensors.torch

    from fixtures.models import torch_format

    path.mkdir(parents=True)
    made = module()
    made.config.save_pretrained(path)
    tokenizer(path)
    described = {
        "library": "transformers",
        "auto_class": "AutoModelForSpeechSeq2Seq",
        "input_names": ["input_features", "decoder_input_ids"],
        "decoding": DECODING,
    }
    (path / "architecture.json").write_text(json.dumps(described), encoding="utf-8")
    safetensors.torch.save_file(torch_format.stored_once(made.state_dict()), path / torch_format.WEIGHTS)
    return artifacts.finish(path, "tiny-whisper", "torch", {}, [{"step": "original"}])
