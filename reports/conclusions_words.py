"""Every phrase of the conclusions and of `recommend`, in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from reports.words import LANGUAGES

PHRASES: Mapping[str, tuple[str, str]] = {
    "title": ("Conclusions", "Выводы"),
    "smallest": ("smallest", "наименьший"),
    "fastest": ("fastest", "самый быстрый"),
    "least ram": ("least RAM use", "наименьшее использование RAM"),
    "least process ram": ("least process RAM", "наименьшая RAM процесса"),
    "best quality": ("best quality", "лучшее качество"),
    "within": ("within {limit} of {metric} at worst", "с потерей в худшем случае не более {limit} {metric}"),
    "limit pt": ("{limit} pt", "{limit} п."),
    "limit percent": ("{limit} %", "{limit} %"),
    "writes at": ("writes at {ratio} of the original's tokens/s", "пишет с {ratio} скорости оригинала (токены/с)"),
    "writing": (
        "{who}: tokens/s while writing with a cache, in turn with the original's (batch of 1): {rates}.",
        "{who}: токены/с при письме с кэшем, попеременно с оригиналом (пакет 1): {rates}.",
    ),
    "packed": (
        "{who}: {methods}: four bits are stored and widened while loading, so neither speed nor memory gains; kernels that read packed "
        "weights are those of other rows (onnx-*int4*, openvino-*int4*, torchao-int4*, gguf-*).",
        "{who}: {methods}: хранятся четыре бита, при загрузке они разворачиваются: ни скорости, ни памяти это не даёт; ядра, читающие "
        "упакованные веса, у других строк (onnx-*int4*, openvino-*int4*, torchao-int4*, gguf-*).",
    ),
    "rate of writing": ("tokens/s", "токены/с"),
    "cause packed": (
        "the weights are stored in 4 bits and widened to {dtype} while loading: smaller on disk, not faster",
        "веса хранятся в 4 битах и разворачиваются в {dtype} при загрузке: меньше на диске, но не быстрее",
    ),
    "ship": ("{who}, {goal} {within}: {method}, {evidence}.", "{who}, {goal} {within}: {method}, {evidence}."),
    "ship unlabelled": (
        "{who}, {goal}: {method}, {evidence}. Quality is unknown here ({reason}), so this is no advice to ship.",
        "{who}, {goal}: {method}, {evidence}. Качество здесь неизвестно ({reason}), поэтому это не рекомендация к внедрению.",
    ),
    "tied": (" Not told apart from it: {methods}.", " Неотличимы от него: {methods}."),
    "runtime": (
        " The gain is the runtime's: the weights are those of the original.",
        " Выигрыш даёт среда исполнения: веса те же, что у оригинала.",
    ),
    "nothing faster": (
        "{who}: nothing {within} was faster than the original beyond noise.",
        "{who}: ничто {within} не быстрее оригинала за пределами шума.",
    ),
    "nothing smaller": (
        "{who}: nothing {within} is smaller than the original.",
        "{who}: ничто {within} не меньше оригинала.",
    ),
    "no reference": (
        "{who}: no measured original in this run, so nothing is said about speed-up or loss.",
        "{who}: в этом запуске нет измеренного оригинала, поэтому об ускорении и потерях ничего не сказано.",
    ),
    "loud": (
        "{who}: no speed conclusions, the original against itself came out {verdict} ({ratio}).",
        "{who}: выводов о скорости нет, оригинал против себя: {verdict} ({ratio}).",
    ),
    "dominated": (
        "{who}: no reason to choose {losers}: {winner} is not worse in {compared} and better in {better}.",
        "{who}: нет причин выбирать {losers}: {winner} не хуже ({compared}) и лучше: {better}.",
    ),
    "slower": (
        "{who}: {method} is slower than the original, {ratio}. {cause}.",
        "{who}: {method} медленнее оригинала, {ratio}. {cause}.",
    ),
    "likely": ("Likely cause: {text}", "Вероятная причина: {text}"),
    "no cause": ("The audit shows no cause", "Аудит причины не показывает"),
    "lost": (
        "{who}: left out, {limit} is held by the worst end of the 95 % interval and these may lose more: {methods}.",
        "{who}: исключены, {limit} должен выдержать худший конец 95 % интервала, а потеря этих может быть больше: {methods}.",
    ),
    "noise speed": (
        "{who}: speed within noise of the original: {methods}.",
        "{who}: скорость в пределах шума оригинала: {methods}.",
    ),
    "noise quality": (
        "{who}: quality not told apart from the original's: {methods}.",
        "{who}: качество неотличимо от оригинала: {methods}.",
    ),
    "zeros": (
        "{who}: {methods}: zeros are stored and multiplied like other numbers (dense kernels ignore them), so neither size nor speed gains.",
        "{who}: {methods}: нули хранятся и умножаются как обычные числа (плотные ядра их не пропускают), выигрыша нет.",
    ),
    "cause fp16": (
        "fp16 on a CPU without fp16 arithmetic is converted at every operation; bf16 is the useful 16-bit type there",
        "fp16 на CPU без арифметики fp16 преобразуется в каждой операции; полезный 16-битный тип там bf16",
    ),
    "cause bf16": (
        "no bf16 instructions among the CPU flags (avx512_bf16, amx_bf16): bf16 is emulated",
        "среди флагов CPU нет инструкций bf16 (avx512_bf16, amx_bf16): bf16 эмулируется",
    ),
    "cause vnni": (
        "no VNNI among the CPU flags: int8 products take more instructions than fp32 ones",
        "среди флагов CPU нет VNNI: произведения int8 требуют больше инструкций, чем fp32",
    ),
    "cause memcpy": ("{n} memcpy nodes copy between CPU and GPU", "узлов memcpy между CPU и GPU: {n}"),
    "cause share": ("only {share} of the nodes run on the {device}", "на {device} исполняется только {share} узлов"),
    "cause zeros": (
        "{share} of the weights are zero, and dense kernels multiply them all the same",
        "{share} весов — нули, и плотные ядра их всё равно умножают",
    ),
    "cause codebook": (
        "the weights are stored as indices and decoded to {dtype} for computing: smaller on disk, not faster",
        "веса хранятся индексами и разворачиваются в {dtype} для счёта: меньше на диске, но не быстрее",
    ),
    "cause qdq": (
        "{n} quantize and dequantize nodes, {left} matrix products left outside int8",
        "узлов квантования и обратного: {n}; вне int8 осталось матричных произведений: {left}",
    ),
    "original": ("the original", "оригинал"),
    "of original": ("{share} of the original", "{share} от оригинала"),
    "process ram": ("process RAM {value}", "RAM процесса {value}"),
    "ram": ("RAM use {value}", "использование RAM {value}"),
    "size": ("size", "размер"),
    "speed": ("speed", "скорость"),
    "memory of ram": ("RAM use", "использование RAM"),
    "memory of process ram": ("process RAM", "RAM процесса"),
    "quality": ("quality", "качество"),
    "no quality": ("no measured quality", "качество не измерено"),
    "rank speed": (
        "ranked by speed: {count} of {all} qualify; rows not faster or slower beyond noise count as the original, and the smaller wins "
        "(--prefer size, ram or quality ranks otherwise)",
        "порядок по скорости: подходят {count} из {all}; неотличимые от шума считаются равными оригиналу, из равных лучше меньший "
        "(--prefer size, ram или quality меняет порядок)",
    ),
    "rank size": ("ranked by size: {count} of {all} qualify", "порядок по размеру: подходят {count} из {all}"),
    "rank ram": (
        "ranked by process RAM: {count} of {all} qualify, the smaller of equals first",
        "порядок по RAM процесса: подходят {count} из {all}, из равных лучше меньший",
    ),
    "rank quality": (
        "ranked by quality: {count} of {all} qualify, by the estimate of the loss, the smaller of equals first",
        "порядок по качеству: подходят {count} из {all}, по оценке потери, из равных лучше меньший",
    ),
    "nothing qualifies": ("{who}: nothing qualifies.", "{who}: ничто не подходит."),
    "not by speed": (
        "chosen by size, not speed: the original against itself came out {verdict}",
        "выбрано по размеру, а не по скорости: оригинал против себя: {verdict}",
    ),
    "do ship": ("{who}: ship {method} ({evidence})", "{who}: внедряйте {method} ({evidence})"),
    "keep": ("{who}: keep the original ({evidence})", "{who}: оставьте оригинал ({evidence})"),
    "fits": (
        "{who}: {method} fits, its quality is unknown ({evidence})",
        "{who}: {method} подходит, его качество неизвестно ({evidence})",
    ),
    "why unknown": (
        "why: {reason}; --max-quality-loss excludes such rows",
        "почему: {reason}; --max-quality-loss исключает такие строки",
    ),
    "next": ("next: {method} ({evidence})", "следующий: {method} ({evidence})"),
    "out": ("out: {method}, {limits}", "не подходит: {method}, {limits}"),
    "limit": ("{option} {limit}: {found}", "{option} {limit}: {found}"),
    "limit unknown": ("not measured", "не измерено"),
    "at worst": ("{limit} at the worst end of the 95 % interval", "{limit} на худшем конце 95 % интервала"),
    "ms": ("{value} ms", "{value} мс"),
    "binding": (
        "binding: {option} {limit}; rows that hold the rest: {count} of {all}; the nearest, {method}, needs {least}",
        "мешает: {option} {limit}; строк, выполняющих остальное: {count} из {all}; ближайшей, {method}, нужно {least}",
    ),
    "torch imports": (
        "{value} of that are the imports of PyTorch and its libraries; rows of onnx*, openvino* and gguf-* have none",
        "{value} из них — импорты PyTorch и его библиотек; у строк onnx*, openvino* и gguf-* их нет",
    ),
    "binding unknown": (
        "binding: {option} {limit}; rows that hold the rest: {count}, all without such a value",
        "мешает: {option} {limit}; у строк, выполняющих остальное ({count}), такого значения нет",
    ),
    "no single": (
        "no single constraint is to blame; nearest is {method}: {limits}",
        "ни одно ограничение не мешает в одиночку; ближе всех {method}: {limits}",
    ),
}


def tell(lang: str, key: str, **fields: object) -> str:
    return PHRASES[key][LANGUAGES.index(lang)].format(**fields)
