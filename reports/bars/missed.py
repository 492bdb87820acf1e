"""Why a bar is missed and what was tried, in the words of whoever tried it: missed.toml, shown only beside a bar that is missed.

["digits-efficientvit:onnx-int8-dynamic"]
cause = "what the number comes from"
tried = "what was tried on the validation split, with its numbers"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reports.record import RecordError

WRITTEN = Path(__file__).with_name("missed.toml")


@dataclass(frozen=True)
class Text:
    cause: str
    tried: str


def read(path: Path = WRITTEN) -> Mapping[str, Text]:
    """`model:method` (or `model:name of the bar`) -> text. Raises: RecordError naming the entry that is malformed."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecordError(f"{path}: not a readable file of texts ({error})") from error
    texts = {}
    for key, entry in entries.items():
        if not isinstance(entry, dict) or set(entry) != {"cause", "tried"} or not all(isinstance(v, str) for v in entry.values()):
            raise RecordError(f"{path}: [{key!r}] needs two texts, cause and tried")
        texts[key] = Text(" ".join(entry["cause"].split()), " ".join(entry["tried"].split()))
    return texts
