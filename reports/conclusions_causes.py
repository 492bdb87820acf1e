"""Why a row is not faster, read from its audit: what the kernels, the provider and the CPU flags say. Nothing is guessed from a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reports.conclusions_words import tell
from reports.record import Record
from reports.units import percent

# Dot products of int8: AVX-512 VNNI, AVX-VNNI and AMX on x86 and dotprod and i8mm on Arm, as Linux names them.
INT8_FLAGS = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")
FP16_FLAGS = ("avx512_fp16", "amx_fp16", "fphp", "asimdhp")
PRUNED = 0.3  # a trained dense model has under 2 % zeros, the mildest pruning recipe 50 %: anything between tells them apart
HALF = 0.5  # the audit's own bound for "int8": at least half of the parameter bytes


def facts(record: Record) -> Mapping[str, Any]:
    return _mapping(record.audit, "facts")


def zero_share(record: Record) -> float:
    share = _mapping(record.audit, "weights").get("zero_share")
    return float(share) if isinstance(share, int | float) else 0.0


def pruned_in_vain(record: Record) -> bool:
    """Unstructured zeros in dense fp32 storage: no kernel that skips them."""
    shares = _mapping(_mapping(record.audit, "proof"), "shares")
    return zero_share(record) >= PRUNED and float(shares.get("float32", 0.0)) >= HALF


def packed_in_vain(record: Record) -> bool:
    """Four bits on disk that a decoder of the suite widens while loading: no kernel sees them."""
    proof = _mapping(record.audit, "proof")
    stored = float(_mapping(proof, "shares").get("int4", 0.0))
    return stored >= HALF and str(proof.get("runtime_dtype", "")).startswith(("float", "bfloat")) and _decoded(record)


def _decoded(record: Record) -> bool:
    return bool(_mapping(record.artifact, "attributes").get("decode"))


def causes(record: Record, lang: str) -> list[str]:
    """Likely causes of a slowdown, the strongest first; empty when the audit shows none."""
    flags, got = _flags(record), facts(record)
    shares = _mapping(_mapping(record.audit, "proof"), "shares")
    dtype, device = str(got.get("dtype", "")), record.device
    found = []
    memcpy, share = got.get("memcpy_nodes") or 0, got.get("share_on_device")
    if memcpy:
        found.append(tell(lang, "cause memcpy", n=memcpy))
    if isinstance(share, int | float) and share < 1:
        found.append(tell(lang, "cause share", share=percent(share), device="GPU" if device == "cuda" else "CPU"))
    if device == "cpu" and flags is not None:
        if dtype == "float16" and not flags & set(FP16_FLAGS):
            found.append(tell(lang, "cause fp16"))
        if dtype == "bfloat16" and not flags & set(BF16_FLAGS):
            found.append(tell(lang, "cause bf16"))
        if sum(float(shares.get(name, 0)) for name in ("int8", "uint8")) >= HALF and not flags & set(INT8_FLAGS):
            found.append(tell(lang, "cause vnni"))
    counts = _mapping(got, "op_counts")
    boundary = sum(int(n) for op, n in counts.items() if op in ("QuantizeLinear", "DequantizeLinear"))
    left = sum(int(n) for op, n in counts.items() if op in ("MatMul", "Gemm", "Conv", "FusedMatMul", "FusedConv"))
    if boundary and left:
        found.append(tell(lang, "cause qdq", n=boundary, left=left))
    if pruned_in_vain(record):
        found.append(tell(lang, "cause zeros", share=percent(zero_share(record))))
    if packed_in_vain(record):
        found.append(tell(lang, "cause packed", dtype=_mapping(record.audit, "proof")["runtime_dtype"]))
    if float(shares.get("codebook", 0)) >= HALF:
        found.append(tell(lang, "cause codebook", dtype=dtype or "float32"))
    return found


def _flags(record: Record) -> set[str] | None:
    """None when the record does not hold them: an unknown CPU is blamed for nothing."""
    flags = record.environment.get("cpu_flags")
    if isinstance(flags, str):
        flags = flags.replace(",", " ").split()
    return set(map(str, flags)) if isinstance(flags, Sequence) and flags else None


def _mapping(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}
