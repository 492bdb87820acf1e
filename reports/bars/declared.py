"""The bars, once, as data: those of the project's issues on compression families and exports (3) and on speech and language (6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Need:
    """A quantity of reports/bars/quantities.py and where it must lie; without limits it is shown beside the others."""

    quantity: str
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None

    def holds(self, value: float) -> bool:
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.at_most is None or value <= self.at_most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


@dataclass(frozen=True)
class Bar:
    """`models` and `methods` are globs. On a page of methods every row is judged; on a page of bars the best row answers for all."""

    name: str
    models: tuple[str, ...]
    methods: tuple[str, ...]
    needs: tuple[Need, ...]
    published: str = ""  # what others wrote of their own model and machine, to compare with and not to judge by


@dataclass(frozen=True)
class Page:
    """`each_row`: one judged row per method; otherwise one line per bar, with every row's numbers below. `columns` are quantities.

    `beside`: name of another page -> the sentence that links to it, shown where that page has rows and so exists.
    """

    name: str
    title: str
    introduction: str
    models: tuple[str, ...]
    columns: tuple[str, ...]
    bars: Sequence[Bar]
    each_row: bool
    beside: Mapping[str, str] = field(default_factory=dict)


EMBEDDED = ("digits-efficientvit", "entities-bert")
INT8_STATIC = ("onnx-int8-static", "onnx-int8-static@*", "onnx-int8-smoothquant*", "onnx-int8-mixed*", "openvino-int8*",
               "torchao-int8-static*", "torchao-pt2e*", "litert-int8-static*", "executorch-int8*", "smoothquant*", "mixed*")  # fmt: skip
INT8_DYNAMIC = ("onnx-int8-dynamic", "onnx-int8-dynamic@*", "torch-int8-dynamic", "torchao-int8-dynamic*",
                "torchao-int8-weight*", "litert-int8-dynamic*", "openvino-int8-weights", "bnb-int8", "quanto-int8",
                "optimum-*-int8*")  # fmt: skip
ONNX_FP32 = ("onnx", "onnx-level*", "onnx-fused", "onnx-fused@*")
# The same fp32 weights through another runtime; also what "the best fp32 runtime" of a speed bar is taken from.
FP32_EXPORTS = ("original-tuned", *ONNX_FP32, "torchscript*", "torch-compile*", "aoti*", "openvino", "litert", "executorch",
                "optimum-onnx", "optimum-openvino")  # fmt: skip
HALF = ("bf16", "fp16", "openvino-bf16", "openvino-fp16")


def share(at_least: float, *more: Need) -> tuple[Need, ...]:
    return (Need("share_of_score", at_least=at_least), *more)


# Of course submissions (docs/mistakes.md), but for the papers that are named.
ONNX_KEPT = "efficientvit_b3: F1 .8239 before and after; bert-large-NER: 82.8 % before and after"
INT8_LOST = "efficientvit_b3, static INT8: F1 .8239 to .4623 (56 %), 113.27 to 88.46 ms (1.28×)"
DYNAMIC = "Whisper-large-v3, ONNX INT8: WER .250 to .256"
SHARED = "Deep Compression (https://arxiv.org/abs/1510.00149): 5 bits a weight without loss of accuracy"
STUDENT = "DistilBERT (https://arxiv.org/abs/1910.01108): 97 % of BERT with 40 % fewer parameters, 60 % faster"
BERT_ONNX = "bert-large-NER: 769.1 to 348.0 ms (2.2×)"
VIT_ONNX = "efficientvit_b3: 113.27 to 105.49 ms (1.07×)"
LLAMA_CPP = "LLaMA 7B (llama-quantize --help): Q8_0 +.01 %, Q4_K_M +.9 %"
WHISPER_INT8 = "Whisper-large-v3, ONNX INT8: 1.12×, more RAM than the original"
NO_INT8 = "no INT8 row of it that kept quality"

QUALITY = (
    Bar("fp32 export", EMBEDDED, FP32_EXPORTS, (Need("logit_error", at_most=1e-4), Need("agreement")), ONNX_KEPT),
    Bar("bf16 / fp16", EMBEDDED, HALF, share(0.999)),
    Bar("INT8 dynamic", EMBEDDED, INT8_DYNAMIC, share(0.995), DYNAMIC),
    Bar("INT8 static", EMBEDDED, INT8_STATIC, share(0.99), INT8_LOST),
    Bar("INT4 group-wise", EMBEDDED, ("*int4*",), share(0.97)),
    Bar("QAT INT8", EMBEDDED, ("qat-int8*",), share(0.997)),
    Bar("k-means, 256 values", EMBEDDED, ("cluster256",), share(0.998, Need("entropy_coded", below=0.25), Need("shannon")),
        SHARED),
    Bar("k-means, 16 values", EMBEDDED, ("cluster16",), share(0.97, Need("entropy_coded", below=0.125), Need("shannon")),
        SHARED),
    Bar("50 % unstructured, fine-tuned", EMBEDDED,
        ("prune50-finetuned", "prune-layer50-finetuned", "prune-2to4-finetuned", "prune-movement50"), share(0.98)),
    Bar("50 % of the operations, fine-tuned", EMBEDDED, ("prune-structured50", "prune-structured50[@+]*"),
        share(0.95, Need("flops", at_most=0.5))),
    Bar("student of at most 60 %", EMBEDDED, ("distil*",),
        share(0.97, Need("parameters", at_most=0.6), Need("gain", above=0.0)), STUDENT),
)  # fmt: skip
# Error rates have points, perplexity has a relative change: both of the paired difference, and both lower is better.
LLAMA, WHISPER, WHISPER_SMALL = ("docstrings-llama",), ("commands-whisper",), ("whisper-small-twin",)
INT8 = ("onnx-int8*", "onnx-cached-int8*", "openvino-int8*", "openvino-cached-int8*", "torch-int8*", "torchao-int8*", "bnb-int8",
        "quanto-int8", "optimum-*-int8*")  # fmt: skip
ERRORS = (
    Bar("INT8", WHISPER, INT8, (Need("points_more", at_most=0.005),), DYNAMIC),
    Bar("INT8", LLAMA, INT8, (Need("increase", at_most=0.007),)),
    Bar("GPTQ, AWQ: 4 bits in groups of 32", LLAMA, ("gptq-int4-g32", "awq-int4-g32"), (Need("increase", at_most=0.04), Need("below_naive"))),
    Bar("GGUF Q8_0", LLAMA, ("gguf-q8_0",), (Need("increase", at_most=0.003),), LLAMA_CPP),
    Bar("GGUF Q4_K_M", LLAMA, ("gguf-q4_k_m",), (Need("increase", at_most=0.03),), LLAMA_CPP),
    Bar("SparseGPT 50 %, better than magnitude", LLAMA, ("sparsegpt50",), (Need("below_naive", above=0.0), Need("increase"))),
)  # fmt: skip
BERT, VIT, MIDSIZE = ("bert-large-twin",), ("efficientvit-b3-twin",), ("efficientvit-b3-twin", "distilbert-twin")
WHOLE_INT8 = ("onnx-int8*", "openvino-int8*", "torch-int8*", "torchao-int8*", "litert-int8*",
              "executorch-int8*", "smoothquant*", "mixed*")  # fmt: skip
SPEED = (
    Bar("ONNX fp32", BERT, ONNX_FP32, (Need("over_torch", at_least=2.0),), BERT_ONNX),
    Bar("best INT8", BERT, WHOLE_INT8, (Need("over_torch", at_least=9.0),), NO_INT8),
    Bar("INT8 that answers alike in half the memory", BERT, WHOLE_INT8,
        (Need("over_torch", at_least=5.5), Need("agreement", at_least=0.98), Need("ram", at_most=0.55)), NO_INT8),
    Bar("half of the widths, then INT8", BERT, ("prune-structured50[@+]*int8*",), (Need("over_torch", at_least=15.0), Need("flops"))),
    Bar("ONNX fp32", VIT, ONNX_FP32, (Need("over_torch", at_least=3.0),), VIT_ONNX),
    Bar("best INT8", VIT, WHOLE_INT8,
        (Need("over_torch", at_least=6.5), Need("over_onnx", at_least=1.5), Need("cosine", at_least=0.95)), INT8_LOST),
    Bar("half of the operations", MIDSIZE, ("prune-structured50",), (Need("over_torch", at_least=1.5), Need("flops", at_most=0.5))),
    Bar("a student of at most 60 %", MIDSIZE, ("student",), (Need("over_torch", at_least=1.6), Need("parameters", at_most=0.6)),
        STUDENT),
    Bar("INT8 of a recogniser in half the memory", WHISPER_SMALL, WHOLE_INT8,
        (Need("over_torch", at_least=2.3), Need("ram", at_most=0.5)), WHISPER_INT8),
)  # fmt: skip

BESIDE = {
    "quality-bars": "Images and tokens: [quality bars](quality-bars.md).",
    "error-bars": "Speech and language: [quality bars of speech and language](error-bars.md).",
    "speed-bars": "Speed has a [page of its own](speed-bars.md).",
}
PAGES = (
    Page(
        "quality-bars",
        "Quality bars",
        "One row per method of the two embedded models, whose quality is real. The point estimate on the test split decides, its paired "
        "95 % interval stands beside it; recipes were chosen on the validation split.",
        EMBEDDED,
        ("original_score", "score", "share_of_score"),
        QUALITY,
        each_row=True,
        beside=BESIDE,
    ),
    Page(
        "error-bars",
        "Quality bars of speech and language",
        "One row per method of the embedded recogniser and of the embedded language model, whose quality is real. The point estimate on the "
        "test split decides; intervals are of the paired difference: points of the word error rate, percent of the original's perplexity.",
        (*WHISPER, *LLAMA),
        ("original_score", "score", "points_more", "increase"),
        ERRORS,
        each_row=True,
        beside=BESIDE,
    ),
    Page(
        "speed-bars",
        "Speed bars",
        "Full-size architectures with seeded random weights: speed, size and memory are true, and agreement with the original stands in for "
        "quality. Three ratios, so that a runtime's gain is not credited to compression: against torch fp32 (paired, interleaved in one "
        "run), against the best other fp32 runtime of the run, and the share of the machine's own ceiling that is reached. A student or "
        "pruned twin is untrained: its quality is that of the same recipe on the embedded models.",
        (*BERT, *MIDSIZE, *WHISPER_SMALL),
        ("over_torch", "over_fp32", "ceiling", "agreement", "cosine", "ram", "size"),
        SPEED,
        each_row=False,
        beside=BESIDE,
    ),
)
