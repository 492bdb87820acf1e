"""One case over commits: small multiples of size, speed-up, memory and quality, one line per machine.

A run is one place on the axis: two runs of one commit stand side by side, so that what moves without a change of code is seen as noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from reports.columns import label
from reports.conclusions_choose import lead, ram, value
from reports.lines import machine_of
from reports.plots import style
from reports.plots.figure import Drawing, left_out
from reports.plots.words import tell
from reports.record import Record, RecordError
from reports.speed import speedup
from reports.units import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Bounds = tuple[float, float, float]  # value, low, high
COMMIT = 9  # characters: what git abbreviates to in repositories of this size, and a little more


def drawing(rows: Sequence[Record], lang: str) -> Drawing:
    """`rows` are of one case, oldest first. Raises: RecordError when none was measured."""
    panels = {name: read for name, read in _readers(rows, lang).items() if any(read(r) for r in rows)}
    if not panels:
        raise RecordError(f"{rows[0].case}: no stored run of it was measured, so there is nothing to plot")
    runs = {run: place for place, run in enumerate(dict.fromkeys(r.run_id for r in rows))}
    machines = list(dict.fromkeys(machine_of(r) for r in rows if r.status == "measured"))
    missing = [(r.run_id, r.reason) for r in rows if r.status != "measured"]
    title = tell(lang, "history title", case=rows[0].case)
    figure, axes = style.panels(1.35, len(panels), title, style.wrapped([left_out(missing, lang)]))
    for axis, (name, read) in zip(axes, panels.items(), strict=True):
        for number, machine in enumerate(machines):
            own = [(runs[r.run_id], found) for r in rows if machine_of(r) == machine and (found := read(r))]
            ys = [found[0] for _, found in own]
            reach = [[found[0] - found[1] for _, found in own], [found[2] - found[0] for _, found in own]]
            look: dict[str, Any] = {
                "color": style.COLORS[number % len(style.COLORS)],
                "marker": style.MARKERS[number % len(style.MARKERS)],
            }
            axis.errorbar([x for x, _ in own], ys, reach, capsize=3, markersize=5, linewidth=1.1, label=machine, **look)
        axis.set_ylabel(name)
        axis.margins(x=0.06, y=0.25)
        _widen(axis)
    axes[-1].set_xticks(list(runs.values()), _names(rows), rotation=30, ha="right", fontsize=style.SMALL)
    axes[-1].set_xlabel(tell(lang, "history axis"))
    if len(machines) > 1:
        axes[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3)
    return Drawing("history", title, figure, _described(rows, panels, runs, lang, missing))


def _widen(axis: Axes) -> None:
    """At least two percent of the value in view: what moves by less is not drawn as a cliff."""
    low, high = axis.get_ylim()
    middle, half = (low + high) / 2, max((high - low) / 2, 0.01 * abs(low + high) / 2)
    axis.set_ylim(middle - half, middle + half)


def _readers(rows: Sequence[Record], lang: str) -> dict[str, Callable[[Record], Bounds | None]]:
    def size(r: Record) -> Bounds | None:
        found = value(r, "size")
        return None if found is None else (found / 1e6,) * 3

    def speed(r: Record) -> Bounds | None:
        found = speedup(r)
        return None if found is None else (found.value, found.low or found.value, found.high or found.value)

    def memory(r: Record) -> Bounds | None:
        found = ram(r)
        return None if found is None else (found[1] / 1e6,) * 3

    def quality(r: Record) -> Bounds | None:
        found = lead(r)
        if found is None or found[0] != metric:
            return None
        low, high = (found[1].value if bound is None else bound for bound in (found[1].low, found[1].high))
        return found[1].value, low, high

    metric = next((found[0] for r in rows if (found := lead(r))), "")
    read: dict[str, Callable[[Record], Bounds | None]] = {
        tell(lang, "history size"): size,
        tell(lang, "history speed"): speed,
        tell(lang, "history ram"): memory,
    }
    return {**read, label(metric): quality} if metric else read


def _names(rows: Sequence[Record]) -> list[str]:
    """The commit of each run, and its day."""
    first: dict[str, Record] = {}
    for r in rows:
        first.setdefault(r.run_id, r)
    return [f"{str(r.environment.get('commit') or r.run_id)[:COMMIT]} {r.started_at[:10]}".strip() for r in first.values()]


def _described(
    rows: Sequence[Record],
    panels: dict[str, Callable[[Record], Bounds | None]],
    runs: dict[str, int],
    lang: str,
    missing: list[tuple[str, str]],
) -> str:
    texts = [tell(lang, "runs", count=len(runs))]
    for name, read in panels.items():
        found = [bounds[0] for r in rows if (bounds := read(r))]
        texts.append(tell(lang, "history row", what=name, first=significant(found[0]), last=significant(found[-1])))
    return " ".join(filter(None, ["; ".join(texts) + ".", left_out(missing, lang)]))
