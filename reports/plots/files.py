"""Figures as files: `<slug>.svg`, `<slug>.png`, and `index.md`, which shows them all with their alternative texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from reports.plots.figure import Figure
from reports.results import write_texts

INDEX = "index.md"


def write_all(directory: Path, figures: Sequence[Figure]) -> list[Path]:
    """Figures that an earlier index lists and that are no longer drawn are removed; files of other names are left alone."""
    directory.mkdir(parents=True, exist_ok=True)
    before = _listed(directory / INDEX)
    now = {figure.slug for figure in figures}
    for slug in before - now:
        for suffix in (".svg", ".png"):
            (directory / f"{slug}{suffix}").unlink(missing_ok=True)
    written = write_texts(directory, [(f"{figure.slug}.svg", figure.svg + "\n") for figure in figures])
    for figure in figures:
        if figure.png:
            partial = directory / f".{figure.slug}.png.partial"
            partial.write_bytes(figure.png)
            written.append(partial.replace(directory / f"{figure.slug}.png"))
    return [*written, *write_texts(directory, [(INDEX, index(figures))])]


def index(figures: Sequence[Figure]) -> str:
    parts = [f"## {figure.title}\n\n![{_alternative(figure.description)}]({figure.slug}.svg)\n" for figure in figures]
    return "\n".join(parts) or "No figures: fewer than two rows of a model were measured.\n"


def _alternative(text: str) -> str:
    """Without the characters that end or nest a Markdown image's text."""
    return re.sub(r"[\[\]]", "", text).replace("\n", " ")


def _listed(path: Path) -> set[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return set(re.findall(r"^!\[[^\]]*\]\(([\w.@+-]+)\.svg\)$", text, flags=re.M))
