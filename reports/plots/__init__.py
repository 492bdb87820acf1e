"""Plots of records: `figures(records, lang)` gives finished SVG figures, `write(records, lang, directory)` SVG and PNG files.

One plot per file, each a function `(facet, lang) -> Drawing | None`, listed in PLOTS. matplotlib is imported when the first one is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reports.export import MissingLibrary
from reports.plots import latency, memory, quality, speed_bars
from reports.plots.draw import Plot, finished
from reports.plots.facets import facets
from reports.plots.figure import Figure
from reports.plots.files import write_all
from reports.record import Record

__all__ = ["PLOTS", "Figure", "figures", "write"]

PLOTS: Sequence[Plot] = (quality.against_time, quality.against_size, speed_bars.draw, memory.draw, latency.draw)
FACETS_SHOWN = 24  # chosen: five figures each are as many as anybody scrolls through; of more, narrow the rows down


def figures(records: Iterable[Record], language: str = "en") -> list[Figure]:
    """Up to five figures of each model on a device of a machine in a run, of which two rows or more were measured.

    Raises: MissingLibrary with the command that installs matplotlib.
    """
    return list(_drawn(records, language, with_png=False))


def drawn_into(directory: Path, records: Iterable[Record], lang: str) -> tuple[Sequence[Figure], str, list[Path]]:
    """For the end of a run: the figures, why there are none where matplotlib is missing, and the index of their files where there are any."""
    try:
        found = list(_drawn(records, lang, with_png=True))
    except MissingLibrary as error:
        return (), str(error), []
    return found, "", write_all(directory, found)[-1:] if found else []


def write(records: Iterable[Record], language: str, directory: Path) -> list[Path]:
    """Every figure as SVG and PNG with an index; what is no longer drawn is removed. Raises: MissingLibrary."""
    return write_all(directory, list(_drawn(records, language, with_png=True)))


def _drawn(records: Iterable[Record], lang: str, with_png: bool) -> Iterator[Figure]:
    for facet in facets(records, lang)[:FACETS_SHOWN]:
        yield from finished(PLOTS, facet, lang, with_png)
