"""Labels of points that cover neither points nor each other: greedy over fixed positions around each point, the same for the same plot.

The candidates are those of maps (Imhof 1975, Positioning Names on Maps): right, left, above, below and the corners, near first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reports.plots.style import INK, PAPER, SMALL, SOFT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

DISTANCES = (7, 16, 28, 42, 58)  # points from the marker's centre
ANGLES = (0, 180, 45, 135, -45, -135, 90, -90, 20, 160, -20, -160)
LEADER = 12  # points between a label's edge and its point from which on a thin line joins them


Place = tuple[float, float]


def place(
    axes: Axes, anchors: Sequence[Place], texts: Sequence[str], points: Sequence[Place], lines: Sequence[tuple[Place, Place]] = ()
) -> None:
    """Writes `texts` beside `anchors` (data coordinates), clear of `points` and of upright and level `lines` where that is possible."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    figure: Any = axes.figure
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw_without_rendering()  # the layout has to be settled before anything is measured in pixels
    scale = figure.dpi / 72
    frame = axes.get_window_extent(renderer)
    pixels = [tuple(axes.transData.transform(point)) for point in points]
    taken = [Bbox.from_bounds(x - 5 * scale, y - 5 * scale, 10 * scale, 10 * scale) for x, y in pixels]
    taken += [Bbox(_corners(*axes.transData.transform(line))).padded(1.5 * scale) for line in lines]
    for anchor, text in zip(anchors, texts, strict=True):
        note = axes.annotate(text, anchor, (0, 0), textcoords="offset points", fontsize=SMALL, color=INK, va="center", ha="left")
        note.set_in_layout(False)
        size = note.get_window_extent(renderer)
        x, y = axes.transData.transform(anchor)
        _, offset, box = min(
            (_cost(box, taken, frame) + 0.4 * far * scale, offset, box)
            for far in DISTANCES
            for offset, box in (_candidate(x, y, size.width, size.height, angle, far, scale) for angle in ANGLES)
        )
        note.set_position(offset)
        taken.append(Bbox(box))
        near = _nearest(box, x, y)
        if math.hypot(near[0] - x, near[1] - y) > LEADER * scale:
            start = ((near[0] - x) / scale, (near[1] - y) / scale)
            axes.annotate(
                "", anchor, start, textcoords="offset points", annotation_clip=False,
                arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 4},
            ).set_in_layout(False)  # fmt: skip
        note.set_bbox({"facecolor": PAPER, "edgecolor": "none", "alpha": 0.75, "pad": 0.6})
        note.set_zorder(5)


Box = tuple[Place, Place]


def _corners(a: Place, b: Place) -> Box:
    return (min(a[0], b[0]), min(a[1], b[1])), (max(a[0], b[0]), max(a[1], b[1]))


def _nearest(box: Box, x: float, y: float) -> Place:
    """The point of the box that is nearest to (x, y)."""
    (left, low), (right, high) = box
    return min(max(x, left), right), min(max(y, low), high)


def _candidate(
    x: float, y: float, width: float, height: float, angle: float, far: float, scale: float
) -> tuple[tuple[float, float], Box]:
    """(offset of the label's left middle in points, its box in pixels)."""
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    left = x + far * scale * cosine - (width if cosine < -0.1 else width / 2 if abs(cosine) <= 0.1 else 0)
    middle = y + far * scale * sine
    return ((left - x) / scale, (middle - y) / scale), ((left, middle - height / 2), (left + width, middle + height / 2))


def _cost(box: Box, taken: Sequence[Bbox], frame: Bbox) -> float:
    """Pixels of others that the box covers; leaving the frame is worse than covering."""
    (left, low), (right, high) = box
    covered = 0.0
    for other in taken:
        across, up = min(right, other.x1) - max(left, other.x0), min(high, other.y1) - max(low, other.y0)
        covered += max(across, 0) * max(up, 0)
    inside = max(min(right, frame.x1) - max(left, frame.x0), 0) * max(min(high, frame.y1) - max(low, frame.y0), 0)
    return covered + 4 * ((right - left) * (high - low) - inside)
