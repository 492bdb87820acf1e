"""What the gate says: one judged value of one case, and the verdict of a run."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

WORDS = ("worse", "unjudged", "better", "unsure", "same", "new")


@dataclass(frozen=True)
class Finding:
    """One judged value of one case. `word` is one of WORDS; `gates`: whether a "worse" fails the run."""

    case: str
    metric: str
    word: str
    text: str
    gates: bool = True


@dataclass(frozen=True)
class Verdict:
    findings: tuple[Finding, ...]
    cases: int  # judged against the baseline
    problems: tuple[str, ...] = ()  # why the whole could not be judged

    @property
    def status(self) -> str:
        """worse | could not judge | nothing worse."""
        if any(finding.word == "worse" and finding.gates for finding in self.findings):
            return "worse"
        if self.problems or any(finding.word == "unjudged" and finding.gates for finding in self.findings):
            return "could not judge"
        return "nothing worse"

    def of(self, word: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.word == word]

    def to_dict(self) -> dict[str, Any]:
        return {"status": self.status, **asdict(self)}
