"""One case over time: every stored run of it, superseded ones (`history/`) included, as a table and as a plot."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from reports.columns import QUALITY, label
from reports.compare import markdown
from reports.conclusions_choose import lead, ram, value
from reports.lenient import read
from reports.lines import machine_of
from reports.record import Record, RecordError
from reports.results import file_name
from reports.speed import speedup
from reports.table import speedup_text
from reports.units import duration, megabytes
from reports.words import say


def stored(paths: Iterable[Path]) -> tuple[list[Record], list[str]]:
    """All records below the paths, `history/` too; exact copies once."""
    records: dict[str, Record] = {}
    problems = []
    for path in paths:
        if not path.exists():
            problems.append(f"{path}: no such file or directory")
        files = (
            sorted(p for p in path.rglob("*.json") if not p.name.startswith("."))
            if path.is_dir()
            else [path]
            if path.exists()
            else []
        )
        for file in files:
            rows, wrong = read(file)
            problems += wrong
            for row in rows:
                records.setdefault(repr((row.case, row.run_id, machine_of(row), row.started_at, row.seconds)), row)
    return list(records.values()), problems


def history(records: Sequence[Record], case: str) -> list[Record]:
    """Oldest first. Raises: RecordError naming the nearest cases when there is none of this name."""
    found = [r for r in records if r.case == case]
    if not found:
        near = difflib.get_close_matches(case, sorted({r.case for r in records}), n=3, cutoff=0.4)
        raise RecordError(f"no record of {case}" + (f"; did you mean {', '.join(near)}?" if near else "; `show` lists the cases"))
    return sorted(found, key=lambda r: (r.started_at, r.run_id))


def render(rows: Sequence[Record], lang: str = "en") -> str:
    from reports.render_markdown import escape

    quality = next((lead(r) for r in rows if lead(r)), None)
    name = label(quality[0]) if quality else QUALITY[lang]
    table = [say(lang, "history headers", quality=name).split("|")]
    for r in rows:
        size, latency, found, memory, score = value(r, "size"), value(r, "latency"), speedup(r), ram(r), lead(r)
        table.append(
            [
                escape(text)
                for text in (
                    r.started_at or say(lang, "unknown"), r.run_id, str(r.environment.get("commit") or "")[:12], machine_of(r),
                    megabytes(size) if size is not None else "", duration(latency) if latency is not None else "",
                    speedup_text(found, lang) if found is not None else "", megabytes(memory[1]) if memory else "",
                    f"{score[1].value:.4f}" if score else "", r.status if r.status == "measured" else f"{r.status}: {r.reason}",
                )
            ]
        )  # fmt: skip
    return markdown(table)


def plot(rows: Sequence[Record], path: Path, lang: str = "en") -> None:
    """Raises: MissingLibrary, RecordError when nothing was measured."""
    from reports.plots.draw import one
    from reports.plots.history import drawing

    found = one(lambda: drawing(rows, lang), file_name(rows[0].case), with_png=path.suffix == ".png")
    assert found is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        path.write_bytes(found.png)
    else:
        path.write_text(found.svg + "\n", encoding="utf-8", newline="\n")
