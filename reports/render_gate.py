"""The gate's verdict as the Markdown comment of a pull request, and as lines for the terminal. Losers are shown as loudly as winners."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reports.gate_finding import WORDS, Finding, Verdict

TITLES = {
    "worse": "Worse",
    "unjudged": "Could not be judged",
    "better": "Better",
    "unsure": "Unsure: within the noise, or too close to the limit",
    "new": "New",
    "same": "Same",
}
HEADLINES = {"worse": "❌ something became worse", "could not judge": "⚠️ could not judge", "nothing worse": "✅ nothing worse"}
FOLDED = ("unsure", "new", "same")
REFRESH = "refresh the baseline with `--update-baseline`, so that this is defended too"
# How a change of speed is called.
SPEED = {"worse": "slower", "better": "faster", "unjudged": "not timed"}
DRAFT = """Move the baseline of {place}

Why (replace this line with the reason):

"""


def comment(verdict: Verdict, better: str = REFRESH, facts: Sequence[str] = ()) -> str:
    """Markdown: the verdict, what became worse first, what is the same folded away. `better`: what follows from an improvement."""
    lines = [
        f"### Compression benchmarks: {HEADLINES[verdict.status]}",
        "",
        f"{verdict.cases} cases compared; {counted(verdict)}.",
        "",
    ]
    lines += [f"- **{problem}**" for problem in verdict.problems]
    lines += [f"- {fact}" for fact in facts]
    for word in WORDS:
        found = verdict.of(word)
        if not found:
            continue
        title = f"{TITLES[word]} ({len(found)})" + (f": {better}" if word == "better" and better else "")
        table = ["| Case | What | Before -> now |", "| --- | --- | --- |", *(_row(finding) for finding in found)]
        if word in FOLDED:
            lines += ["", f"<details><summary>{title}</summary>", "", *table, "", "</details>"]
        else:
            lines += ["", f"**{title}**", "", *table]
    return "\n".join(lines).rstrip() + "\n"


def counted(verdict: Verdict) -> str:
    counts = Counter(finding.word for finding in verdict.findings)
    return ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word]) or "nothing was compared"


def speeds(verdict: Verdict) -> str:
    """`1 slower, 2 faster, 3 same, 1 unsure`; empty where no case was timed."""
    counts = Counter(finding.word for finding in verdict.findings if finding.metric == "speed")
    return ", ".join(
        f"{counts[word]} {SPEED.get(word, word)}" for word in ("worse", "better", "same", "unsure", "unjudged") if counts[word]
    )


def moves(verdict: Verdict) -> list[str]:
    """What a new baseline gives up and what it gains, against the one before."""
    return [f"{f.word}: {f.case}: {f.text}" for word in ("worse", "unjudged", "better", "new") for f in verdict.of(word)]


def commit_message(place: str, moved: Sequence[str]) -> str:
    """A draft that asks for the reason; what moved stands below it."""
    return (
        DRAFT.format(place=place)
        + ("\n".join(moved) if moved else "The first baseline, or nothing moved beyond the tolerance.")
        + "\n"
    )


def _row(finding: Finding) -> str:
    cells = (finding.case, finding.metric, finding.text)
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def terminal(verdict: Verdict) -> list[str]:
    """One line per finding that somebody should read; the rest is counted."""
    lines = [f"gate: {verdict.status}; {verdict.cases} cases compared; {counted(verdict)}"]
    lines += [f"  {problem}" for problem in verdict.problems]
    for word in ("worse", "unjudged", "better"):
        lines += [
            f"  {word}{'' if finding.gates else ' (reported)'}: {finding.case}: {finding.text}" for finding in verdict.of(word)
        ]
    return lines
