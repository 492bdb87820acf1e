"""Updates the table between two markers of an existing README; not one byte outside them changes."""

from __future__ import annotations

import os
import re
from pathlib import Path

START = "<!-- compression-benchmarks:start -->"
END = "<!-- compression-benchmarks:end -->"


class MarkerError(ValueError):
    """The markers do not enclose one place; the file is left as it is."""


def updated(text: str, table: str, name: str = "README.md") -> str:
    """`text` with what stands between the markers replaced, in its own line ends. Raises: MarkerError."""
    starts, ends = text.count(START), text.count(END)
    if (starts, ends) != (1, 1):
        raise MarkerError(
            f"{name}: expected one {START} and one {END}, found {starts} and {ends}; put each once on a line of its own, "
            "in this order, where the table belongs"
        )
    begin, end = text.index(START) + len(START), text.index(END)
    if end < begin:
        raise MarkerError(f"{name}: {END} stands before {START}; swap them")
    newline = "\r\n" if "\r\n" in text else "\n"
    # A README has its own title: its headings keep their levels, ours go two below.
    body = re.sub(r"^# .*\n+", "", table)
    body = re.sub(r"^(#+ )", r"#\1", body, flags=re.M).strip("\n").replace(START, "").replace(END, "")
    return text[:begin] + newline + newline + body.replace("\n", newline) + newline + newline + text[end:]


def update(path: Path, table: str) -> bool:
    """Whether the file changed. Raises: MarkerError, OSError; then the file is as it was."""
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")  # bytes, so that line ends and a missing last one stay as they are
    except UnicodeDecodeError as error:
        raise MarkerError(f"{path}: not UTF-8 ({error}); save it as UTF-8 first") from error
    new = updated(text, table, str(path)).encode("utf-8")
    if new == raw:
        return False
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(new)
        partial.chmod(path.stat().st_mode & 0o777)
        partial.replace(path.resolve())
    finally:
        partial.unlink(missing_ok=True)
    return True
