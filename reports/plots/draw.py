"""From a facet to finished figures; the only place that opens matplotlib's settings. Its pyplot is not used: nothing global changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from reports.export import MissingLibrary
from reports.plots import style, svg
from reports.plots.facets import Facet
from reports.plots.figure import Drawing, Figure

INSTALL = "python -m pip install matplotlib==3.11.2"
Plot = Callable[[Facet, str], "Drawing | None"]


def needed() -> None:
    """Raises: MissingLibrary with the command that installs matplotlib."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingLibrary(f"plots need matplotlib, which is not installed: {INSTALL}") from error


def finished(plots: Iterable[Plot], facet: Facet, lang: str, with_png: bool) -> Iterator[Figure]:
    for plot in plots:
        made = one(lambda plot=plot: plot(facet, lang), facet.slug, with_png)  # type: ignore[misc]
        if made is not None:
            yield made


def one(draw: Callable[[], Drawing | None], slug: str, with_png: bool) -> Figure | None:
    """Raises: MissingLibrary."""
    needed()
    import matplotlib as mpl

    with mpl.rc_context(cast(Any, style.RC)):
        drawing = draw()
        if drawing is None:
            return None
        slug = f"{drawing.kind}-{slug}"
        text = svg.svg(drawing.figure, slug, drawing.title, drawing.description)
        return Figure(slug, drawing.title, text, drawing.description, svg.png(drawing.figure) if with_png else b"")
