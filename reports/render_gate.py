"""The gate's verdict as the Markdown comment of a pull request, and as lines for the terminal. Losers are shown as loudly as winners."""

from __future__ import annotations

from collections import Counter

from reports.gate import WORDS, Finding, Verdict

TITLES = {
    "worse": "Worse",
    "unjudged": "Could not be judged",
    "better": "Better: refresh the baseline with `--update-baseline`, so that this is defended too",
    "unsure": "Unsure: within the noise, or too close to the limit",
    "new": "Not in the baseline",
    "same": "Same",
}
HEADLINES = {"worse": "❌ something became worse", "could not judge": "⚠️ could not judge", "nothing worse": "✅ nothing worse"}
FOLDED = ("unsure", "new", "same")


def comment(verdict: Verdict) -> str:
    """Markdown: the verdict, what became worse first, what is the same folded away."""
    lines = [
        f"### Compression benchmarks: {HEADLINES[verdict.status]}",
        "",
        f"{verdict.cases} cases compared; {counted(verdict)}.",
        "",
    ]
    lines += [f"- **{problem}**" for problem in verdict.problems]
    for word in WORDS:
        found = verdict.of(word)
        if not found:
            continue
        table = ["| Case | What | Before -> now |", "| --- | --- | --- |", *(_row(finding) for finding in found)]
        if word in FOLDED:
            lines += ["", f"<details><summary>{TITLES[word]} ({len(found)})</summary>", "", *table, "", "</details>"]
        else:
            lines += ["", f"**{TITLES[word]} ({len(found)})**", "", *table]
    return "\n".join(lines).rstrip() + "\n"


def counted(verdict: Verdict) -> str:
    counts = Counter(finding.word for finding in verdict.findings)
    return ", ".join(f"{counts[word]} {word}" for word in WORDS if counts[word]) or "nothing was compared"


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
