"""What a rule of the linter says."""

from __future__ import annotations

from dataclasses import dataclass

from reports.lint_read import Row, Value


@dataclass(frozen=True)
class Finding:
    line: int
    rule: str
    mistake: str
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.rule} ({self.mistake}): {self.text}"


def value_of(row: Row, kind: str) -> Value | None:
    return row.cells[kind].first if kind in row.cells else None
