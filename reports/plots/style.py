"""How every plot looks: colours, markers, sizes, and the axes that several plots share.

Colours: Okabe and Ito, Color Universal Design (https://jfly.uni-koeln.de/color/), without its yellow and black, which vanish on light or dark
paper. Colour is never alone: a method has a marker too, a verdict its word.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reports.speed import ORIGINAL, TUNED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Stand-ins that svg.py maps to the reader's theme; no plot uses these values for anything else.
INK, SOFT, GRID, PAPER = "#1a1c1e", "#5c636a", "#d6d9dd", "#fefefe"
BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#808080"
COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "d")  # 11 against 7 colours: 77 methods look different
WIDTH = 8.6  # inches
TEXT, SMALL = 9.0, 7.5  # points
RC: Mapping[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT,
    "svg.fonttype": "none",  # text stays text: it can be found, read aloud and selected
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.labelsize": TEXT,
    "axes.grid": True,
    "axes.formatter.useoffset": False,  # a tick says its whole number
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.color": SOFT,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
}


def look(method: str, methods: Sequence[str]) -> dict[str, Any]:
    """Colour and marker of a method: the same in every figure of one call."""
    if method == ORIGINAL:
        return {"color": INK, "marker": "*", "markersize": 11}
    if method == TUNED:
        return {"color": SOFT, "marker": "h", "markersize": 8}
    index = methods.index(method)
    return {"color": COLORS[index % len(COLORS)], "marker": MARKERS[index % len(MARKERS)], "markersize": 6.5}


def figure(height: float, title: str, footer: Sequence[str]) -> tuple[Figure, Axes]:
    """A figure of one axes."""
    made, axes = panels(height, 1, title, footer)
    return made, axes[0]


def panels(height: float, count: int, title: str, footer: Sequence[str]) -> tuple[Figure, list[Axes]]:
    """A figure of `count` axes of `height` inches above each other, with its title above and its notes below, both at the left edge."""
    from matplotlib.figure import Figure

    notes = 0.14 * len(footer)
    made = Figure(figsize=(WIDTH, (height * count + 0.9 if count > 1 else height) + notes), layout="constrained")
    made.suptitle(title, x=0.008, ha="left", fontsize=TEXT + 2, fontweight="bold")
    if footer:
        made.supxlabel("\n".join(footer), x=0.008, ha="left", fontsize=SMALL, color=SOFT, linespacing=1.25)
    return made, list(made.subplots(count, 1, sharex=True, squeeze=False)[:, 0])


def wrapped(texts: Sequence[str], width: int = 132) -> list[str]:
    """Lines of at most `width` characters: what the figure holds at the size of its notes."""
    import textwrap

    return [line for text in texts if text for line in textwrap.wrap(text, width, break_long_words=True)]


def rows_height(count: int) -> float:
    """Inches of a plot with one line per row."""
    return 1.15 + 0.27 * count


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """One row per name, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def log_x(axes: Axes, low: float, high: float, show: Callable[[float], str] = "{:g}".format) -> None:
    """A log axis over [low, high] with a margin and with round, written ticks, however short its range."""
    from matplotlib.ticker import NullFormatter, NullLocator

    axes.set_xscale("log")
    room = max((high / low) ** 0.06, 1.02)
    low, high = low / room, high * room
    axes.set_xlim(low, high)
    ticks = round_ticks(low, high)
    axes.set_xticks(ticks, [show(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())


def round_ticks(low: float, high: float) -> list[float]:
    """Between four and nine round numbers within a positive range, where it has them."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 7, 8, 9)):
        ticks = [float(f"{step * 10.0**decade:.6g}") for decade in decades for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) >= 4:
            return ticks
    step = 10.0 ** math.floor(math.log10((high - low) / 4))
    step *= next(k for k in (1, 2, 5, 10) if (high - low) / (k * step) <= 8)
    return [float(f"{n * step:.6g}") for n in range(math.ceil(low / step), math.floor(high / step) + 1)]
