"""Memory by phase: where the peak of a row comes from, as stacked bars.

Phases are what the record holds (`ram_after_<phase>`), in the order in which they were taken; a new phase needs no change here.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.plots import style
from reports.plots.facets import Facet
from reports.plots.figure import Drawing, left_out
from reports.plots.words import PHRASES, tell
from reports.record import Record
from reports.units import megabytes

PREFIX = "ram_after_"
TRANSIENT = "transient"
# The first is what the imports take, in grey: it is no method's doing. Hatches tell neighbours apart without colour.
LOOKS = (
    (style.GREY, None), (style.BLUE, None), (style.ORANGE, "///"), (style.GREEN, "..."), (style.PURPLE, "xx"), (style.SKY, "\\\\\\"),
)  # fmt: skip


@dataclass(frozen=True)
class Stack:
    """Bytes that each phase adds to the largest resident size before it; the last part is what was freed again below the absolute peak."""

    record: Record
    parts: dict[str, float]

    @property
    def peak(self) -> float:
        return sum(self.parts.values())


def stack(record: Record) -> Stack | None:
    after = {name.removeprefix(PREFIX): m.value for name, m in record.measurements.items() if name.startswith(PREFIX)}
    peak = record.measurements.get("ram_peak")
    if not after or peak is None:
        return None
    parts, level = {}, 0.0
    for phase, resident in after.items():
        parts[phase] = max(resident - level, 0.0)
        level = max(level, resident)
    return Stack(record, {**parts, TRANSIENT: max(peak.value - level, 0.0)})


def draw(facet: Facet, lang: str) -> Drawing | None:
    stacks = [found for r in facet.rows if (found := stack(r)) is not None]
    if not stacks:
        return None
    missing = [*facet.missing, *((r.method, tell(lang, "no phases")) for r in facet.rows if stack(r) is None)]
    title = tell(lang, "memory title", who=facet.name)
    notes = style.wrapped([tell(lang, "memory bars"), left_out(missing, lang)])
    figure, axes = style.figure(style.rows_height(len(stacks)) + 0.55, title, notes)
    style.name_rows(axes, [s.record.method for s in stacks])
    starts = [0.0] * len(stacks)
    phases = list(dict.fromkeys(phase for s in stacks for phase in s.parts if phase != TRANSIENT))
    for number, phase in enumerate([*phases, TRANSIENT]):
        widths = [s.parts.get(phase, 0.0) / 1e6 for s in stacks]
        color, hatch = (style.PAPER, "////") if phase == TRANSIENT else LOOKS[number % len(LOOKS)]
        edge = style.VERMILLION if phase == TRANSIENT else style.PAPER
        axes.barh(
            range(len(stacks)), widths, left=starts, height=0.66, color=color, hatch=hatch, edgecolor=edge, linewidth=0.8, zorder=2,
            label=phase_name(phase, lang),
        )  # fmt: skip
        starts = [start + width for start, width in zip(starts, widths, strict=True)]
    for place, found in enumerate(stacks):
        axes.annotate(
            megabytes(found.peak),
            (found.peak / 1e6, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.SMALL,
        )
    axes.set_xlim(0, max(starts) * 1.13)
    axes.set_xlabel(tell(lang, "memory axis"))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=style.SMALL)
    rows = [
        tell(
            lang,
            "memory row",
            method=s.record.method,
            peak=megabytes(s.peak),
            after=megabytes(s.peak - next(iter(s.parts.values()))),
        )
        for s in stacks
    ]
    return Drawing("memory", title, figure, " ".join(filter(None, ["; ".join(rows) + ".", left_out(missing, lang)])))


def phase_name(phase: str, lang: str) -> str:
    return tell(lang, phase) if phase in PHRASES else tell(lang, "other phase", phase=phase.replace("_", " "))
