"""Data that a page holds and may never show: JSON, compressed, as text.

The browser's own DecompressionStream opens it when it is asked for.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any

ROWS = 50  # rows in one pack of details: chosen so that opening one takes milliseconds and the packs share their words


def packed(value: Any) -> str:
    """The same value gives the same text: no time stamp."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode(), 6, mtime=0)).decode("ascii")


def in_packs(values: Sequence[Any], rows: int = ROWS) -> list[str]:
    return [packed(values[start : start + rows]) for start in range(0, len(values), rows)]


def inline(value: Any) -> str:
    """JSON that stands inside a <script> element: no text of it can end the element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=vars).replace("<", "\\u003c")
