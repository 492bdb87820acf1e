"""The page: every row of some records as one HTML file that opens offline and asks for nothing from outside.

A template (Jinja2, https://jinja.palletsprojects.com), the table library Tabulator (https://tabulator.info, MIT, `vendor/tabulator`) and the
scripts of `template/`, all inside the file. The texts are the Markdown's; the page adds sorting, filters, bars and what is behind each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

from reports.conclusions import Conclusion, conclusions, grouped
from reports.conclusions_words import tell as tell_conclusion
from reports.lines import by_task, machine_of
from reports.notes import remarks
from reports.page.board import Board, board
from reports.page.details import details, flat
from reports.page.packed import ROWS, in_packs, inline, packed
from reports.page.words import screen, tell
from reports.record import Record
from reports.words import say

FOLDER = Path(__file__).parent
LIBRARY = FOLDER / "vendor" / "tabulator"
STYLES = (LIBRARY / "tabulator_simple.min.css", FOLDER / "template" / "page.css", FOLDER / "template" / "table.css")
SCRIPTS = ("base", "theme", "cells", "filters", "figures", "details", "columns", "table")
FIGURES_SHOWN = 40  # chosen: inside a page each costs some 60 kB and a moment when it opens


class Figure(Protocol):
    """What reports.plots draws."""

    @property
    def slug(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def svg(self) -> str: ...
    @property
    def description(self) -> str: ...


def render(
    records: Iterable[Record],
    lang: str = "en",
    problems: Sequence[str] = (),
    figures: Sequence[Figure] = (),
    no_figures: str = "",
) -> str:
    """`problems`: what could not be read, said at the top. `no_figures`: why there are none."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    rows = list(records)
    made = board(rows, lang)
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    left_out = tell(lang, "too many figures", count=len(figures) - FIGURES_SHOWN) if len(figures) > FIGURES_SHOWN else no_figures
    return environment.get_template("page.html").render(
        lang=lang,
        tell=lambda key: tell(lang, key),
        say=lambda key: say(lang, key),
        words=screen(lang),
        conclusions_title=tell_conclusion(lang, "title"),
        styles="\n".join(_asset(path) for path in STYLES),
        library=_asset(LIBRARY / "tabulator.min.js"),
        scripts="\n".join(_asset(FOLDER / "template" / f"{name}.js") for name in SCRIPTS),
        data=inline(_data(made, lang)),
        packs=in_packs([details(line, lang) for line in made.lines]),
        wide=[packed(column.data()) for column in made.wide],
        facts=_facts(rows, made, lang),
        problems=problems,
        conclusions={name: _by_kind(found) for name, found in grouped(conclusions(rows, lang)).items()},
        footnotes=made.footnotes.texts,
        remarks=_remarks(rows, lang),
        machines=_machines(rows),
        figures=figures[:FIGURES_SHOWN],
        no_figures=left_out,
        empty=not rows,
    )


def _asset(path: Path) -> str:
    """A text to stand inside <script> or <style>. Source maps are links outside, so they go."""
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(("//# sourceMappingURL", "/*# sourceMappingURL"))]
    return "\n".join(lines).replace("</script", "<\\/script").replace("</style", "<\\/style")


def _data(made: Board, lang: str) -> dict[str, Any]:
    return {
        "rows": len(made.lines),
        "perPack": ROWS,
        "columns": [column.data() for column in made.columns],
        "wide": [{"title": column.title, "kind": column.kind, "group": column.group} for column in made.wide],
        "groups": made.groups,
        "groupOf": made.group_of,
        "words": screen(lang),
    }


def _facts(records: Sequence[Record], made: Board, lang: str) -> list[tuple[str, str]]:
    """What the page is about, in a line under its title."""
    starts = sorted(record.started_at for record in records if record.started_at)
    machines = dict.fromkeys(machine_of(record) for record in records)
    runs = dict.fromkeys(record.run_id for record in records)
    found = [
        (tell(lang, "rows"), str(len(made.lines))),
        (tell(lang, "machines"), _counted(list(machines))),
        (tell(lang, "runs"), _counted(list(runs))),
        (tell(lang, "measured at"), " – ".join(dict.fromkeys(start[:10] for start in (starts[:1] + starts[-1:])))),
    ]
    return [(name, value) for name, value in found if value]


def _counted(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else str(len(names))


def _by_kind(found: Sequence[Conclusion]) -> dict[str, list[str]]:
    """ "ship": what one can do; "rest": what not to."""
    first = ("ship", "nothing", "writing", "loud", "no-reference")
    return {
        "ship": [c.short for c in found if c.kind in first],
        "rest": [c.short for c in found if c.kind not in first],
    }


def _remarks(records: Sequence[Record], lang: str) -> dict[str, list[str]]:
    """Those of the Markdown without the environments, which have a section of their own."""
    prefix = say(lang, "environment", text="")
    return {
        task: [text for text in remarks(rows, lang) if not text.startswith(prefix)] for task, rows in by_task(records).items()
    }


def _machines(records: Sequence[Record]) -> list[tuple[str, list[list[str]]]]:
    """One block per machine and run, equal ones once."""
    found: dict[tuple[str, str, str], list[list[str]]] = {}
    for record in records:
        rows = flat(record.environment)
        found.setdefault((machine_of(record), record.run_id, str(rows)), rows)
    return [(f"{machine}, {run}", rows) for (machine, run, _), rows in found.items()]
