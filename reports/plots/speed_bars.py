"""Speed-up of every row with its interval: bars from 1x on a log scale, so that twice as fast and half as fast are equally long."""

from __future__ import annotations

from reports.plots import style
from reports.plots.facets import Facet
from reports.plots.figure import Drawing, left_out
from reports.plots.words import tell
from reports.record import Record
from reports.speed import ORIGINAL, speedup, why_no_speedup
from reports.statistics import SPEED_MARGIN, Ratio
from reports.table import speedup_text
from reports.units import percent
from reports.words import say

COLORS = {"faster": style.GREEN, "slower": style.VERMILLION, "same": style.GREY, "unsure": style.GREY}


def draw(facet: Facet, lang: str) -> Drawing | None:
    timed: list[tuple[Record, Ratio]] = [(r, found) for r in facet.rows if (found := speedup(r)) is not None]
    if not timed:
        return None
    timed.sort(key=lambda pair: -pair[1].value)
    missing = [*facet.missing, *((r.method, why_no_speedup(r)) for r in facet.rows if speedup(r) is None)]
    title = tell(lang, "speed title", who=facet.name)
    notes = style.wrapped([tell(lang, "speed bars", margin=percent(SPEED_MARGIN, 1)), left_out(missing, lang)])
    figure, axes = style.figure(style.rows_height(len(timed)), title, notes)
    ends = [bound for _, found in timed for bound in (found.value, found.low, found.high) if bound is not None]
    style.log_x(axes, min(0.8, *ends), max(1.25, *ends), "{:g}×".format)
    style.name_rows(axes, [f"{r.method} ({say(lang, 'A/A')})" if r.method == ORIGINAL else r.method for r, _ in timed])
    axes.axvspan(1 / (1 + SPEED_MARGIN), 1 + SPEED_MARGIN, color=style.GRID, zorder=0, gid="plot-margin")
    axes.axvline(1, color=style.INK, linewidth=1, zorder=3, gid="plot-one")
    for place, (_, found) in enumerate(timed):
        # "same" and "unsure" share a colour; the hatch tells them apart, as the word at the right does.
        hatch = "////" if found.verdict == "unsure" else None
        axes.barh(
            place, found.value - 1, left=1, height=0.62, color=COLORS[found.verdict], alpha=0.75, edgecolor=style.PAPER, hatch=hatch,
            linewidth=0, zorder=2,
        )  # fmt: skip
        if found.low is not None and found.high is not None:
            reach = [[found.value - found.low], [found.high - found.value]]
            axes.errorbar([found.value], [place], xerr=reach, fmt="none", ecolor=style.INK, elinewidth=1.2, capsize=3, zorder=4)
        axes.annotate(
            speedup_text(found, lang), (1.012, place), xycoords=("axes fraction", "data"), va="center", fontsize=style.SMALL,
        )  # fmt: skip
    axes.set_xlabel(tell(lang, "speed axis"))
    rows = [tell(lang, "speed row", method=r.method, text=speedup_text(found, lang)) for r, found in timed]
    return Drawing("speedup", title, figure, " ".join(filter(None, ["; ".join(rows) + ".", left_out(missing, lang)])))
