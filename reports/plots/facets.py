"""What one figure shows: the rows of one model on one device of one machine in one run, and why the others are not among them.

The grouping is that of the conclusions (reports/conclusions_choose.py), so a figure never crosses a machine or a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.conclusions_choose import Group, groups
from reports.lines import machine_of, ordered
from reports.plots.words import tell
from reports.record import Record
from reports.results import file_name
from reports.speed import ORIGINAL, TUNED

ROWS_SHOWN = 40  # chosen so that a figure at 9 points stays under a page in height
Missing = tuple[str, str]  # (method, why it is not shown)


@dataclass(frozen=True)
class Facet:
    """`missing`: the rows of the group that were not measured. `styles` of a method are its place in `methods`, alike in all figures."""

    group: Group
    name: str
    slug: str
    rows: tuple[Record, ...]
    missing: tuple[Missing, ...]
    methods: tuple[str, ...]

    @property
    def original(self) -> Record | None:
        return self.group.original


def facets(records: Iterable[Record], lang: str) -> list[Facet]:
    """In order of appearance; a model of which nothing but one row was measured has nothing to compare and gets no figure."""
    everything = list(records)
    found = groups(everything)
    methods = tuple(sorted({r.method for r in everything} - {ORIGINAL, TUNED}))
    missing: dict[tuple[str, ...], dict[str, str]] = {}
    for r in everything:
        if r.status != "measured":
            missing.setdefault(_key(r), {})[r.method] = r.reason
    return [_facet(g, found, missing, methods, lang) for g in found if len(g.rows) > 1]


def _key(record: Record) -> tuple[str, ...]:
    return record.task, record.model, record.device, machine_of(record), record.run_id


def _facet(
    group: Group, everything: Sequence[Group], missing: dict[tuple[str, ...], dict[str, str]], methods: tuple[str, ...], lang: str
) -> Facet:
    rows = ordered(group.rows)
    absent = [(m, why) for m, why in missing.get(_key(group.rows[0]), {}).items() if m not in {r.method for r in rows}]
    if len(rows) > ROWS_SHOWN:
        absent.append(("…", tell(lang, "too many", count=len(rows) - ROWS_SHOWN, shown=ROWS_SHOWN)))
    alike = [g for g in everything if (g.model, g.device) == (group.model, group.device)]
    parts = [group.model, group.device, *([group.machine, group.run_id] if len(alike) > 1 else [])]
    if len({g.task for g in alike}) > 1:
        parts.insert(0, group.task)
    slug = file_name("-".join(parts)).replace(".", "-")
    return Facet(group, group.name(everything), slug, tuple(rows[:ROWS_SHOWN]), tuple(absent), methods)
