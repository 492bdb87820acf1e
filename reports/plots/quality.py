"""Quality against time and against size, with the Pareto front: what is worth choosing at all.

Time is the inverse of the paired speed-up, never a quotient of two rows' medians: rows run minutes apart, and a machine drifts by more
than they differ. The upper axis translates it into milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reports.conclusions_choose import value
from reports.plots import style
from reports.plots.facets import Facet, Missing
from reports.plots.figure import Drawing, left_out, titled
from reports.plots.pareto import front
from reports.plots.place import place
from reports.plots.words import tell
from reports.plots.worth import Scale, Worth, scale, worth
from reports.record import Record
from reports.speed import ORIGINAL, speedup, why_no_speedup
from reports.units import percent, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A row that lost more than this share of the original's quality stands at the lower edge: exact ruin interests nobody.
EDGE = 0.10


@dataclass(frozen=True)
class Point:
    """`edge`: too far below for the window of the plot; drawn at its edge."""

    method: str
    cost: float
    cost_low: float
    cost_high: float
    worth: Worth
    edge: bool = False


Segment = tuple[tuple[float, float], tuple[float, float]]
Cost = Callable[[Record, str], "tuple[float, float, float] | str"]


def time_share(record: Record, lang: str) -> tuple[float, float, float] | str:
    found = speedup(record)
    if found is None:
        return why_no_speedup(record)
    return 1 / found.value, 1 / (found.high or found.value), 1 / (found.low or found.value)


def megabytes(record: Record, lang: str) -> tuple[float, float, float] | str:
    found = value(record, "size")
    return tell(lang, "no value", what=tell(lang, "history size")) if found is None else (found / 1e6,) * 3


def against_time(facet: Facet, lang: str) -> Drawing | None:
    return _draw(facet, lang, "time", time_share)


def against_size(facet: Facet, lang: str) -> Drawing | None:
    return _draw(facet, lang, "size", megabytes)


def _draw(facet: Facet, lang: str, kind: str, cost: Cost) -> Drawing | None:
    of = scale(facet, lang)
    if of is None:
        return None
    points, missing = points_of(facet, of, cost, lang)
    if len(points) < 2:
        return None
    sign = 1 if of.higher else -1
    best = [points[i] for i in front([(p.cost, sign * p.worth.value) for p in points])]
    title = titled(tell(lang, f"{kind} title", quality=of.name, who=facet.name))
    front_text = tell(lang, "front of", rows=", ".join(_said(p, of, kind, lang) for p in best))
    fallen = [
        tell(lang, "point", method=p.method, worth=_worth_text(p.worth.value, of), cost=_cost_text(p.cost, kind))
        for p in points
        if p.edge
    ]
    edge = tell(lang, "edge", limit=percent(EDGE, 2), rows=", ".join(fallen)) if fallen else ""
    unlabelled = tell(lang, "agreement note", reason=of.reason) if of.reason else ""
    notes = style.wrapped([unlabelled, edge, tell(lang, "paired bars"), left_out(missing, lang)])
    figure, axes = style.figure(4.3, title, notes)
    window = _window(points, of)
    style.log_x(axes, min(p.cost_low for p in points), max(p.cost_high for p in points))
    axes.set_ylim(window if of.higher else window[::-1])
    axes.set_xlabel(tell(lang, f"{kind} axis"))
    axes.set_ylabel(tell(lang, "higher" if of.higher else "lower", metric=of.name))
    _second_axis(axes, facet, kind, lang)
    bottom = window[0] if of.higher else window[1]
    for p in points:
        _point(axes, p, style.look(p.method, facet.methods), bottom, of)
    stairs = _front_line(axes, best, bottom, lang)
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), labelspacing=0.55, handletextpad=0.2)
    named = [p for p in points if p in best or p.method == ORIGINAL or p.edge]
    lines = [*stairs, *(((p.cost, p.worth.low), (p.cost, p.worth.high)) for p in points if not p.edge)]
    place(axes, [_at(p, bottom) for p in named], [_label(p, of) for p in named], [_at(p, bottom) for p in points], lines)
    return Drawing(
        f"quality-{kind}", title, figure, " ".join(filter(None, [front_text, edge, unlabelled, left_out(missing, lang)]))
    )


def points_of(facet: Facet, of: Scale, cost: Cost, lang: str) -> tuple[list[Point], list[Missing]]:
    points, missing = [], list(facet.missing)
    own = worth(facet.original, of, None, lang) if facet.original is not None else None
    for record in facet.rows:
        x, y = cost(record, lang), worth(record, of, facet.original, lang)
        if isinstance(x, str) or isinstance(y, str):
            missing.append((record.method, x if isinstance(x, str) else str(y)))
            continue
        fallen = isinstance(own, Worth) and (own.value - y.value) * (1 if of.higher else -1) > EDGE * abs(own.value)
        points.append(Point(record.method, *x, y, fallen))
    return points, missing


def _window(points: Sequence[Point], of: Scale) -> tuple[float, float]:
    """The y range of the rows that stand, with room at the lower edge for those that fell."""
    standing = [p for p in points if not p.edge] or list(points)
    low, high = min(p.worth.low for p in standing), max(p.worth.high for p in standing)
    room = max(high - low, 1e-3 * max(abs(high), 1e-9))
    fell = 0.22 if any(p.edge for p in points) else 0.08
    return (low - fell * room, high + 0.10 * room) if of.higher else (low - 0.10 * room, high + fell * room)


def _at(point: Point, bottom: float) -> tuple[float, float]:
    return point.cost, bottom if point.edge else point.worth.value


def _point(axes: Axes, point: Point, look: dict[str, Any], bottom: float, of: Scale) -> None:
    x, y = _at(point, bottom)
    color = look["color"]
    across = [[x - point.cost_low], [point.cost_high - x]]
    up = None if point.edge else [[y - point.worth.low], [point.worth.high - y]]
    axes.errorbar([x], [y], up, across, fmt="none", ecolor=color, elinewidth=1, capsize=2, alpha=0.8, clip_on=not point.edge)
    face = style.PAPER if point.edge else color
    axes.plot(
        [x],
        [y],
        linestyle="none",
        label=point.method,
        markerfacecolor=face,
        markeredgecolor=color,
        clip_on=False,
        zorder=4,
        **look,
    )


def _front_line(axes: Axes, best: Sequence[Point], bottom: float, lang: str) -> list[Segment]:
    """A staircase, of which the level and upright pieces are given: between two rows of the front the dearer cost is needed for more."""
    right = axes.get_xlim()[1]
    xs = [p.cost for p in best]
    ys = [bottom if p.edge else p.worth.value for p in best]
    axes.step(
        [xs[0], *xs, right], [bottom, *ys, ys[-1]], where="post", color=style.SOFT, linewidth=1.1, linestyle=(0, (4, 2)),
        label=tell(lang, "front"), zorder=1, gid="plot-front",
    )  # fmt: skip
    level = [((x, y), (after, y)) for x, y, after in zip(xs, ys, [*xs[1:], right], strict=True)]
    upright = [((x, before), (x, y)) for x, y, before in zip(xs, ys, [bottom, *ys], strict=False)]
    return [*level, *upright]


def _second_axis(axes: Axes, facet: Facet, kind: str, lang: str) -> None:
    """The same axis in the reader's other unit: milliseconds, or the share of the original's size."""
    original = facet.original
    whole = None if original is None else value(original, "latency" if kind == "time" else "size")
    if not whole:
        return
    factor = whole * 1e3 if kind == "time" else 1e6 / whole
    low, high = (bound * factor for bound in axes.get_xlim())
    upper = axes.twiny()
    upper.set_xscale("log")
    upper.set_xlim(low, high)
    ticks = style.round_ticks(low, high)
    upper.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    upper.minorticks_off()
    upper.grid(visible=False)
    upper.set_xlabel(tell(lang, "time axis ms" if kind == "time" else "size axis share"), fontsize=style.SMALL, color=style.SOFT)
    upper.tick_params(labelsize=style.SMALL, length=2, labelcolor=style.SOFT)


def _label(point: Point, of: Scale) -> str:
    return f"{point.method} {_worth_text(point.worth.value, of)}" if point.edge else point.method


def _said(point: Point, of: Scale, kind: str, lang: str) -> str:
    return tell(lang, "point", method=point.method, worth=_worth_text(point.worth.value, of), cost=_cost_text(point.cost, kind))


def _worth_text(number: float, of: Scale) -> str:
    return significant(number, 4) if of.metric else percent(number, 4)


def _cost_text(cost: float, kind: str) -> str:
    return f"{significant(cost, 3)}×" if kind == "time" else f"{significant(cost)} MB"
