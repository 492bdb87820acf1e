"""The bars, once, as data. They are those of the project's issue 3, "Every compression family and export format"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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


@dataclass(frozen=True)
class Page:
    """`each_row`: one judged row per method; otherwise one line per bar, with every row's numbers below. `columns` are quantities."""

    name: str
    title: str
    introduction: str
    models: tuple[str, ...]
    columns: tuple[str, ...]
    bars: Sequence[Bar]
    each_row: bool


EMBEDDED = ("digits-efficientvit", "entities-bert")
INT8_STATIC = ("onnx-int8-static", "onnx-int8-static@*", "onnx-int8-smoothquant*", "onnx-int8-mixed*", "openvino-int8*",
               "torchao-int8-static*", "torchao-pt2e*", "litert-int8-static*", "executorch-int8*", "smoothquant*", "mixed*")  # fmt: skip
INT8_DYNAMIC = ("onnx-int8-dynamic", "onnx-int8-dynamic@*", "torch-int8-dynamic", "torchao-int8-dynamic*", "torchao-int8-weight*",
                "litert-int8-dynamic*")  # fmt: skip
FP32_EXPORTS = ("original-tuned", "onnx", "onnx-o*", "onnx-fused*", "torchscript*", "torch-compile*", "aoti*", "openvino",
                "openvino-fp32", "litert", "litert-fp32", "executorch", "executorch-fp32", "executorch-xnnpack")  # fmt: skip
HALF = ("bf16", "fp16", "openvino-bf16", "openvino-fp16", "onnx-fp16", "onnx-bf16")


def share(at_least: float, *more: Need) -> tuple[Need, ...]:
    return (Need("share_of_score", at_least=at_least), *more)


QUALITY = (
    Bar("fp32 export", EMBEDDED, FP32_EXPORTS, (Need("logit_error", at_most=1e-4), Need("agreement"))),
    Bar("bf16 / fp16", EMBEDDED, HALF, share(0.999)),
    Bar("INT8 dynamic", EMBEDDED, INT8_DYNAMIC, share(0.995)),
    Bar("INT8 static", EMBEDDED, INT8_STATIC, share(0.99)),
    Bar("INT4 group-wise", EMBEDDED, ("*int4-g*", "*int4*"), share(0.97)),
    Bar("QAT INT8", EMBEDDED, ("qat-int8*",), share(0.997)),
    Bar("k-means, 256 values", EMBEDDED, ("cluster256",), share(0.998, Need("entropy_coded", below=0.25), Need("shannon"))),
    Bar("k-means, 16 values", EMBEDDED, ("cluster16",), share(0.97, Need("entropy_coded", below=0.125), Need("shannon"))),
    Bar("50 % unstructured, fine-tuned", EMBEDDED,
        ("prune50-finetuned", "prune-layer50-finetuned", "prune-2to4-finetuned", "prune-movement50"), share(0.98)),
    Bar("50 % of the operations, fine-tuned", EMBEDDED, ("prune-structured50", "prune-structured50+*"),
        share(0.95, Need("flops", at_most=0.5))),
    Bar("student of at most 60 %", EMBEDDED, ("distil*",),
        share(0.97, Need("parameters", at_most=0.6), Need("gain", above=0.0))),
)  # fmt: skip
BERT, VIT, MIDSIZE = ("bert-large-twin",), ("efficientvit-b3-twin",), ("efficientvit-b3-twin", "distilbert-twin")
INT8 = ("*int8*",)
WHOLE_INT8 = ("onnx-int8*", "openvino-int8*", "torch-int8*", "torchao-int8*", "litert-int8*", "executorch-int8*", "smoothquant*",
              "mixed*")  # fmt: skip
SPEED = (
    Bar("ONNX fp32", BERT, ("onnx", "onnx-o*", "onnx-fused*"), (Need("over_torch", at_least=2.0),)),
    Bar("best INT8", BERT, WHOLE_INT8, (Need("over_torch", at_least=9.0),)),
    Bar("INT8 that answers alike in half the memory", BERT, WHOLE_INT8,
        (Need("over_torch", at_least=5.5), Need("agreement", at_least=0.98), Need("ram", at_most=0.55))),
    Bar("half of the widths, then INT8", BERT, ("prune-structured50+*int8*",), (Need("over_torch", at_least=15.0),)),
    Bar("ONNX fp32", VIT, ("onnx", "onnx-o*", "onnx-fused*"), (Need("over_torch", at_least=3.0),)),
    Bar("best INT8", VIT, WHOLE_INT8,
        (Need("over_torch", at_least=6.5), Need("over_onnx", at_least=1.5), Need("cosine", at_least=0.95))),
    Bar("half of the operations", MIDSIZE, ("prune-structured50",), (Need("over_torch", at_least=1.5), Need("flops", at_most=0.5))),
    Bar("a student of at most 60 %", MIDSIZE, ("student",), (Need("over_torch", at_least=1.6), Need("parameters", at_most=0.6))),
)  # fmt: skip

PAGES = (
    Page(
        "quality-bars",
        "Quality bars",
        "One row per method of the two embedded models, whose quality is real. The point estimate on the test split decides, its paired "
        "95 % interval stands beside it; recipes were chosen on the validation split. Speed has a [page of its own](speed-bars.md).",
        EMBEDDED,
        ("original_score", "score", "share_of_score"),
        QUALITY,
        each_row=True,
    ),
    Page(
        "speed-bars",
        "Speed bars",
        "Full-size architectures with seeded random weights: speed, size and memory are true, and agreement with the original stands in for "
        "quality. Three ratios, so that a runtime's gain is not credited to compression: against torch fp32 (paired, interleaved in one "
        "run), against the best other fp32 runtime of the run, and the share of the machine's own ceiling that is reached. A student or "
        "pruned twin is untrained: its quality is that of the same recipe on the [embedded models](quality-bars.md).",
        (*BERT, *MIDSIZE),
        ("over_torch", "over_fp32", "ceiling", "agreement", "cosine", "ram", "size"),
        SPEED,
        each_row=False,
    ),
)
