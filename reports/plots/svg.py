"""A drawn figure as one SVG element that can stand alone or inside a page, and as PNG.

The same records give the same bytes: fixed hash salt, no date, no version. The text is searchable; `role`, `<title>` and `<desc>` speak to
screen readers. Ink, paper and grid follow `--plot-ink`, `--plot-soft`, `--plot-grid` and `--plot-paper`, which a page may set; alone in a
browser the file follows the reader's light or dark theme; other viewers show the light one.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from reports.plots.style import GRID, INK, PAPER, SOFT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THEMED = {"ink": INK, "soft": SOFT, "grid": GRID, "paper": PAPER}
DARK = {"ink": "#e8eaed", "soft": "#a9b0b8", "grid": "#3b4046", "paper": "#16181c"}
DPI = 150


def svg(figure: Figure, slug: str, title: str, description: str) -> str:
    import matplotlib as mpl

    stream = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": slug}):
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"\s*<metadata>.*?</metadata>", "", text, flags=re.S)
    # matplotlib numbers its groups from 1 in every figure; nothing refers to them, and two figures in a page would share ids.
    text = re.sub(r'<g id="(?!plot-)[\w.]+?">', "<g>", text)
    text = text.replace('<g id="plot-', f'<g id="{slug}-')
    named = f'role="img" aria-labelledby="{slug}-title {slug}-desc"'
    head = f'<title id="{slug}-title">{escape(title)}</title>\n <desc id="{slug}-desc">{escape(description)}</desc>\n {_theme()}'
    return re.sub(r"^<svg ([^>]*)>", lambda found: f"<svg {named} {found[1]}>\n {head}", text, count=1)


def png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DPI, metadata={"Software": None})
    return stream.getvalue()


def _theme() -> str:
    rules = [
        f'svg [style*="{kind}: {color}"] {{ {kind}: var(--plot-{name}, {color}) !important }}'
        for name, color in THEMED.items()
        for kind in ("fill", "stroke")
    ]
    dark = "; ".join(f"--plot-{name}: {color}" for name, color in DARK.items())
    rules.append(f"@media (prefers-color-scheme: dark) {{ svg:root {{ {dark} }} }}")
    return "<style>{}</style>".format("\n".join(rules))
