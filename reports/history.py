"""One case over time: every stored run of it, superseded ones (`history/`) included, as a table and as a small SVG."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from reports.columns import label
from reports.compare import markdown
from reports.conclusions_choose import lead, ram, value
from reports.export import MissingLibrary
from reports.lenient import read
from reports.lines import machine_of
from reports.record import Record, RecordError
from reports.speed import speedup
from reports.table import speedup_text
from reports.units import duration, megabytes

INSTALL = "python -m pip install matplotlib==3.11.2"


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
    name = label(quality[0]) if quality else "Quality"
    table = [["Started", "Run", "Commit", "Machine", "Size", "Median", "Speed-up", "RAM", name, "Status"]]
    for r in rows:
        size, latency, found, memory, score = value(r, "size"), value(r, "latency"), speedup(r), ram(r), lead(r)
        table.append(
            [
                escape(text)
                for text in (
                    r.started_at or "unknown", r.run_id, str(r.environment.get("commit") or "")[:12], machine_of(r),
                    megabytes(size) if size is not None else "", duration(latency) if latency is not None else "",
                    speedup_text(found, lang) if found is not None else "", megabytes(memory[1]) if memory else "",
                    f"{score[1].value:.4f}" if score else "", r.status if r.status == "measured" else f"{r.status}: {r.reason}",
                )
            ]
        )  # fmt: skip
    return markdown(table)


def plot(rows: Sequence[Record], path: Path) -> None:
    """Small multiples over runs, one line per machine. Raises: MissingLibrary, RecordError when nothing was measured."""
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingLibrary(f"--plot needs matplotlib, which is not installed: {INSTALL}") from error
    panels = {name: points for name, points in _panels(rows).items() if points}
    if not panels:
        raise RecordError(f"{rows[0].case}: no stored run of it was measured, so there is nothing to plot")
    order = {run: i for i, run in enumerate(dict.fromkeys(r.run_id for r in rows))}
    figure = Figure(figsize=(6.4, 1.8 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (name, points) in zip(axes, panels.items(), strict=True):
        for machine in dict.fromkeys(m for m, *_ in points):
            own = [(order[run], y, low, high) for m, run, y, low, high in points if m == machine]
            xs, ys = [p[0] for p in own], [p[1] for p in own]
            errors = [[y - low for _, y, low, _ in own], [high - y for _, y, _, high in own]]
            axis.errorbar(xs, ys, errors, marker="o", capsize=2, label=machine)
        axis.set_ylabel(name)
        axis.margins(y=0.2)
    axes[0].set_title(rows[0].case, fontsize="medium")
    axes[0].legend(fontsize="x-small")
    axes[-1].set_xticks(list(order.values()), [run[:13] for run in order], rotation=30, ha="right", fontsize="x-small")
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"svg.hashsalt": "history"}):  # the same records give the same bytes
        figure.savefig(path, format="svg", metadata={"Date": None})


Point = tuple[str, str, float, float, float]


def _panels(rows: Sequence[Record]) -> dict[str, list[Point]]:
    """Panel -> (machine, run, value, low, high); a value without an interval has none drawn."""
    panels: dict[str, list[Point]] = {"Size, MB": [], "Speed-up": [], "Quality": []}
    for r in rows:
        size, found, score = value(r, "size"), speedup(r), lead(r)
        where = (machine_of(r), r.run_id)
        if size is not None:
            panels["Size, MB"].append((*where, size / 1e6, size / 1e6, size / 1e6))
        if found is not None:
            panels["Speed-up"].append((*where, found.value, found.low or found.value, found.high or found.value))
        if score is not None:
            m = score[1]
            low, high = (m.value if bound is None else bound for bound in (m.low, m.high))
            panels["Quality"].append((*where, m.value, low, high))
    return panels
