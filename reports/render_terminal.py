"""The table for a terminal: one line per measured or failed record; what was not measured is counted by reason below.

Rows stand below their model (and device and machine, where there are several). Everything at 120 columns and more; from 100 without
memory, narrower also without intervals, under 60 each row is lines of text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from reports.cells import agreement_text, quality_verdict, score
from reports.columns import FIRST, QUALITY, label, quality_metrics
from reports.conclusions import conclusions, grouped
from reports.conclusions_words import tell
from reports.lines import DEVICES, by_task, machine_of, ordered, primary
from reports.notes import mixed, noise, warnings
from reports.record import Record
from reports.speed import ORIGINAL, speedup
from reports.table import speedup_text
from reports.units import duration, megabytes, percent, ratio, significant
from reports.words import say

WIDE, FULL, LINES = 120, 100, 60  # terminal widths

Value = Callable[[Record], str]


def render(records: Iterable[Record], width: int = 120, color: bool = False, lang: str = "en") -> str:
    """Text with a line break at its end; "" without records. `color` only for a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        soft_wrap=False,
    )
    records = list(records)
    for task, rows in by_task(records).items():
        shown = _shown(rows)
        title_of = _titles(shown)
        columns = _columns(shown, lang, width)
        console.print(Text(task, style="bold"))
        if width < LINES:
            for record in shown:
                texts = [
                    title_of(record),
                    *(f"{header}: {_plain(value(record)).strip()}" for header, value in columns.items() if value(record)),
                ]
                console.print(Text("\n  ".join(texts), style=_style(record)))
        elif shown:
            table = Table(box=None, padding=(0, 1, 0, 0), header_style="underline")
            unbroken = [FIRST[1][lang], *([say(lang, "speed title")] if width >= FULL else [])]
            for header in columns:
                table.add_column(Text(header), overflow="fold", no_wrap=header in unbroken)
            title = ""
            for record in shown:
                if title != (title := title_of(record)):
                    table.add_row(Text(title, style="bold"))
                table.add_row(*(Text(_plain(value(record))) for value in columns.values()), style=_style(record))
            console.print(table)
        for text in [
            *_failures(shown, lang),
            *_missing(rows, lang),
            *mixed(rows, lang),
            *warnings(rows, lang),
            *noise(rows, lang),
        ]:
            console.print(Text(_plain(text)))
        console.print()
    drawn = conclusions(records, lang)
    if drawn:
        console.print(Text(tell(lang, "title"), style="bold"))
        for name, said in grouped(drawn).items():
            console.print(Text(_plain(name), style="bold"))
            for conclusion in said:
                console.print(Text(f"- {_plain(conclusion.short)}"))
    # rich pads every line to the table's width.
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def _plain(text: str) -> str:
    """Without line breaks and control characters: a name must not move the cursor."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)


def _titles(rows: Sequence[Record]) -> Value:
    """What names a record's group; decided once for all rows, so that ten thousand take seconds."""
    machines, devices = len({machine_of(r) for r in rows}) > 1, len({r.device for r in rows}) > 1

    def title(record: Record) -> str:
        device = f" {DEVICES.get(record.device, record.device)}" if devices else ""
        return _plain(f"{record.model}{device}{f' ({machine_of(record)})' if machines else ''}")

    return title


def _shown(rows: Sequence[Record]) -> list[Record]:
    """What has a line: by model, machine and device, the original first."""
    shown = [r for r in ordered(rows) if r.status in ("measured", "failed")]
    groups = {key: i for i, key in enumerate(dict.fromkeys((r.model, machine_of(r)) for r in shown))}
    devices = list(DEVICES) + sorted({r.device for r in shown} - set(DEVICES))
    return sorted(shown, key=lambda r: (groups[r.model, machine_of(r)], devices.index(r.device)))


def _style(record: Record) -> str:
    return "bold red" if record.status == "failed" else ""


def _columns(rows: Sequence[Record], lang: str, width: int) -> Mapping[str, Value]:
    """Header -> text of a record. A column that would say the same on every row is left out."""
    metrics = quality_metrics(rows)
    lead = next(iter(metrics), "")
    originals = {_session(r): r for r in rows if r.method == ORIGINAL and r.status == "measured"}
    full = width >= FULL
    columns: dict[str, Value] = {FIRST[1][lang]: lambda r: f"  {r.method}"}
    columns[say(lang, "size")] = lambda r: _first(r, "size", megabytes) if r.status == "measured" else say(lang, "failed").upper()
    columns["%"] = lambda r: _share(r, originals.get(_session(r)))
    columns[say(lang, "median")] = lambda r: _first(r, "latency", duration)
    columns[say(lang, "speed title")] = lambda r: _speedup(r, full, lang)
    if width >= WIDE:
        columns["RAM"] = lambda r: _first(r, "ram", megabytes)
        if any(primary(r, "vram") for r in rows):
            columns["VRAM"] = lambda r: _first(r, "vram", megabytes)
    columns[f"{QUALITY[lang]} ({label(lead)})" if lead else QUALITY[lang]] = lambda r: _quality(r, lead, full, lang)
    return columns


def _session(record: Record) -> tuple[str, str, str, str]:
    return record.model, record.device, record.run_id, machine_of(record)


def _first(record: Record, role: str, show: Callable[[float], str]) -> str:
    values = primary(record, role) if record.status == "measured" else []
    return show(values[0][1].value) if values else ""


def _share(record: Record, original: Record | None) -> str:
    """Size as a share of the original's."""
    sizes = [primary(r, "size") for r in (record, original) if r is not None and r.status == "measured"]
    if len(sizes) < 2 or not all(sizes) or sizes[1][0][1].value <= 0:
        return ""
    return percent(sizes[0][0][1].value / sizes[1][0][1].value)


def _speedup(record: Record, full: bool, lang: str) -> str:
    found = speedup(record) if record.status == "measured" else None
    if found is None:
        return ""
    return speedup_text(found, lang) if full else f"{ratio(found.value)} {say(lang, found.verdict)}"


def _quality(record: Record, lead: str, full: bool, lang: str) -> str:
    found = dict(primary(record, "quality")) if record.status == "measured" else {}
    if not found:
        return ", ".join(agreement_text(record, lang)) if record.status == "measured" else ""
    shown = found.get(lead)
    parts = []
    if shown is not None:
        parts.append(score(shown) if full else significant(shown.value, 4))
    return " ".join([*parts, *(word.split(" [")[0] for word in quality_verdict(found, lang))])


def _failures(rows: Sequence[Record], lang: str) -> list[str]:
    return [f"{say(lang, 'failed').upper()} {r.case}: {r.reason}" for r in rows if r.status == "failed"]


def _missing(rows: Sequence[Record], lang: str) -> list[str]:
    """What was not measured, one line per reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for record in rows:
        if record.status not in ("measured", "failed"):
            reasons.setdefault((record.status, record.reason), []).append(record.case)
    lines = []
    for (status, reason), cases in sorted(reasons.items(), key=lambda item: -len(item[1])):
        named = cases[0] if len(cases) == 1 else say(lang, "more", text=cases[0], count=len(cases) - 1)
        lines.append("  " + say(lang, "count", count=len(cases), status=status, reason=reason, cases=named))
    return [say(lang, "not measured"), *lines] if lines else []
