"""From base units to what a reader sees. Nothing else converts.

MB is 10**6 bytes everywhere (SI); MiB is never shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

# display unit -> (base unit, factor)
SCALES: Mapping[str, tuple[str, float]] = {
    "MB": ("B", 1e-6),
    "GB": ("B", 1e-9),
    "s": ("s", 1.0),
    "ms": ("s", 1e3),
    "µs": ("s", 1e6),
    "%": ("1", 1e2),
    "1": ("1", 1.0),
    "1/s": ("1/s", 1.0),
    "GFLOP/s": ("FLOP/s", 1e-9),
    "GB/s": ("B/s", 1e-9),
}
# base unit -> suffix of a column that keeps base units
SUFFIXES: Mapping[str, str] = {"B": "_bytes", "s": "_s", "1/s": "_per_s", "1": "", "FLOP/s": "_flop_per_s", "B/s": "_bytes_per_s"}
DIGITS = 5  # no value is printed with more significant digits, however narrow its interval
MINUS = "−"


def convert(value: float, unit: str, to: str) -> float:
    """Raises: ValueError when `to` does not display `unit`: bytes are never shown as milliseconds."""
    base, factor = SCALES[to]
    if unit != base:
        raise ValueError(f"a value in {unit!r} cannot be shown in {to!r}, which displays {base!r}")
    return value * factor


def suffix(unit: str) -> str:
    return SUFFIXES.get(unit, "_" + unit.replace("/", "_per_"))


def decimals(value: float, digits: int) -> int:
    """Decimal places that show `digits` significant digits: 113.27 with 4 -> 1."""
    return 0 if value == 0 else max(0, digits - 1 - math.floor(math.log10(abs(value))))


def fixed(value: float, places: int, sign: bool = False) -> str:
    text = f"{abs(value):.{places}f}"
    if value < 0 and float(text) != 0:
        return MINUS + text
    return "+" + text if sign and value > 0 else text


def significant(value: float, digits: int | None = None) -> str:
    """Without `digits`: two decimals as the published tables have them (185.75), more where three digits need it (0.412)."""
    if digits is None:
        return fixed(value, max(min(decimals(value, DIGITS), 2), decimals(value, 3)))
    return fixed(value, decimals(value, digits))


def number(value: float, low: float | None = None, high: float | None = None, digits: int | None = None) -> str:
    """`113.27 ± 0.40`; ± is the larger side of the interval, so that the printed range always covers it.

    The spread is shown with two digits and the value to the same place, at most five digits of it.
    """
    if low is None or high is None:
        return significant(value, digits)
    spread = max(value - low, high - value)
    if spread <= 0:
        return f"{significant(value, digits)} ± 0"
    places = max(min(decimals(spread, 2), decimals(value, DIGITS)), decimals(value, 2))
    # Rounded up: a spread is never printed smaller than it is.
    rounded = math.ceil(spread * 10**places - 1e-9) / 10**places
    return f"{fixed(value, places)} ± {fixed(rounded, places)}"


class Span(NamedTuple):
    """A value and its 95 % interval, in the unit in which they are shown."""

    value: float
    low: float | None = None
    high: float | None = None


def span(value: float, unit: str, to: str, low: float | None = None, high: float | None = None) -> Span:
    return Span(convert(value, unit, to), *(None if bound is None else convert(bound, unit, to) for bound in (low, high)))


def quantity(value: float, unit: str, to: str, low: float | None = None, high: float | None = None) -> str:
    """A number in the display unit `to`, without its name (the header carries it)."""
    return number(*span(value, unit, to, low, high))


def duration(seconds: float) -> str:
    """With the unit that keeps it readable: 344.0 µs, 113.3 ms, 5.025 s."""
    to = "µs" if seconds < 1e-3 else "ms" if seconds < 1 else "s"
    return f"{significant(convert(seconds, 's', to), 4)} {to}"


def megabytes(size: float) -> str:
    return f"{quantity(size, 'B', 'MB')} MB"


def percent(fraction: float, digits: int = 3) -> str:
    return f"{significant(convert(fraction, '1', '%'), digits)} %"


def ratio(value: float, low: float | None = None, high: float | None = None) -> str:
    """`1.23× [1.20, 1.26]`, three digits, to the same place throughout; around 1, where verdicts fall, three decimals."""
    places = 3 if 0.9 < value < 1.1 else decimals(value, 3)
    text = f"{fixed(value, places)}×"
    return text if low is None or high is None else f"{text} [{fixed(low, places)}, {fixed(high, places)}]"


def difference(value: float, low: float | None = None, high: float | None = None) -> str:
    """`−0.361 [−0.402, −0.318]`, signed."""
    text = fixed(value, 4, sign=True)
    return text if low is None or high is None else f"{text} [{fixed(low, 4, sign=True)}, {fixed(high, 4, sign=True)}]"
