"""The raw times of every row as violins on a log scale (Hintze and Nelson 1998, https://doi.org/10.1080/00031305.1998.10480559).

Chosen over ECDFs (eighteen crossing lines cannot be read) and boxes (two modes of a machine look like one): see docs/decisions/0014.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.plots import style
from reports.plots.facets import Facet
from reports.plots.figure import Drawing, left_out
from reports.plots.words import tell
from reports.record import Record
from reports.units import duration

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 6  # raw times below which a density is an invention


def samples(record: Record) -> tuple[float, ...]:
    """Milliseconds per sample of the batch, in time order."""
    found = next((m for m in record.measurements.values() if m.role == "latency" and m.primary and m.samples), None)
    return tuple(value * 1e3 for value in found.samples if value > 0) if found is not None else ()


def quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between order statistics (type 7 of Hyndman and Fan 1996); `ordered` is not empty."""
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    return ordered[low] + (at - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])


def draw(facet: Facet, lang: str) -> Drawing | None:
    timed = [(r, sorted(found)) for r in facet.rows if (found := samples(r))]
    if not timed:
        return None
    missing = [*facet.missing, *((r.method, tell(lang, "no samples")) for r in facet.rows if not samples(r))]
    title = tell(lang, "latency title", who=facet.name)
    notes = style.wrapped([tell(lang, "latency bars"), left_out(missing, lang)])
    figure, axes = style.figure(style.rows_height(len(timed)) + 0.2, title, notes)
    style.log_x(axes, min(times[0] for _, times in timed), max(times[-1] for _, times in timed))
    style.name_rows(axes, [r.method for r, _ in timed])
    for place, (record, times) in enumerate(timed):
        _violin(axes, place, times, style.look(record.method, facet.methods)["color"])
        axes.annotate(
            f"{quantile(times, 0.5):.4g} ms, n = {len(times)}", (1.012, place), xycoords=("axes fraction", "data"), va="center",
            fontsize=style.SMALL,
        )  # fmt: skip
    axes.set_xlabel(tell(lang, "latency axis"))
    rows = [
        tell(lang, "latency row", method=r.method, median=duration(quantile(t, 0.5) / 1e3), p95=duration(quantile(t, 0.95) / 1e3))
        for r, t in timed
    ]
    return Drawing("latency", title, figure, " ".join(filter(None, ["; ".join(rows) + ".", left_out(missing, lang)])))


def _violin(axes: Axes, place: int, times: Sequence[float], color: str) -> None:
    if len(times) >= FEWEST and times[-1] > times[0]:
        grid, density = _density([math.log(t) for t in times])
        top = max(density)
        up = [place - 0.4 * d / top for d in density]
        down = [place + 0.4 * d / top for d in density]
        axes.fill_between([math.exp(x) for x in grid], up, down, color=color, alpha=0.45, linewidth=0.6, zorder=2)
    middle, ends = [quantile(times, 0.25), quantile(times, 0.75)], [quantile(times, 0.05), quantile(times, 0.95)]
    axes.plot(ends, [place, place], color=style.INK, linewidth=0.8, zorder=3)
    axes.plot(middle, [place, place], color=style.INK, linewidth=3.2, zorder=3, solid_capstyle="butt")
    axes.plot([quantile(times, 0.5)], [place], "o", color=style.PAPER, markeredgecolor=style.INK, markersize=3.8, zorder=4)
    axes.plot([times[-1]], [place], "x", color=style.SOFT, markersize=4, zorder=3, clip_on=False)


def _density(values: Sequence[float], points: int = 96) -> tuple[list[float], list[float]]:
    """Gaussian kernel density; bandwidth by Silverman's robust rule (1986, Density Estimation, eq. 3.31): an outlier blurs nothing."""
    import numpy as np

    data = np.asarray(values)
    spread = (np.quantile(data, 0.75) - np.quantile(data, 0.25)) / 1.349
    sigma = min(float(data.std(ddof=1)), float(spread)) if spread > 0 else float(data.std(ddof=1))
    width = 0.9 * sigma * len(data) ** -0.2
    low, high = np.quantile(data, 0.01), np.quantile(data, 0.99)
    grid = np.linspace(max(low - 2 * width, data.min()), min(high + 2 * width, data.max()), points)
    density = np.exp(-0.5 * ((grid[:, None] - data[None, :]) / width) ** 2).sum(axis=1)
    return grid.tolist(), density.tolist()
