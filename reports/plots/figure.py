"""What a plot gives: matplotlib's figure with the words that go with it, and the finished figure that pages and files hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.plots.facets import Missing
from reports.plots.words import tell

if TYPE_CHECKING:
    import matplotlib.figure

LONGEST_REASON = 110  # characters of a reason under a figure; the table has it whole


@dataclass(frozen=True)
class Drawing:
    """`kind` names the plot in slugs and file names."""

    kind: str
    title: str
    figure: matplotlib.figure.Figure
    description: str


@dataclass(frozen=True)
class Figure:
    """`svg`: one self-contained element, the same bytes for the same records. `description`: its alternative text, with the key numbers."""

    slug: str
    title: str
    svg: str
    description: str
    png: bytes = b""  # drawn where files are asked for


def titled(text: str) -> str:
    """A sentence begins with a capital whatever metric it names."""
    return text[:1].upper() + text[1:]


def left_out(missing: Sequence[Missing], lang: str) -> str:
    """Each row that a figure does not show, with its reason; methods of one reason together."""
    if not missing:
        return ""
    by_reason: dict[str, list[str]] = {}
    for method, reason in missing:
        by_reason.setdefault(reason, []).append(method)
    rows = [tell(lang, "left out row", method=", ".join(methods), reason=short(reason)) for reason, methods in by_reason.items()]
    return tell(lang, "left out", rows="; ".join(rows))


def short(text: str) -> str:
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
