"""Conclusions with evidence, generated from the rows: what to ship under which constraint, what is dominated, slower or within noise.

The rules (each pinned by a test):
  ship       smallest, fastest and least process RAM among the rows whose worst end of the quality loss holds 1 point; "fastest" needs the
             verdict "faster"; rows whose interval overlaps the winner's are named as not told apart
  lost       the rows that this limit leaves out
  writing    whose tokens/s while writing with a cache differ from the original's for certain
  dominated  another row is no worse in size, speed, rate of writing, RAM and quality and better in one beyond noise
  slower     the verdict "slower", with the cause that the audit shows or the words that it shows none
  noise      the verdicts "same" and "unsure"
Nothing is compared across machines, runs or devices, and nothing about speed where the original differs from itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from reports.columns import label
from reports.conclusions_causes import causes, packed_in_vain, pruned_in_vain
from reports.conclusions_choose import (
    LOSS_POINTS,
    Group,
    evidence,
    groups,
    holds,
    lead,
    loss,
    loss_limit,
    loud,
    ram,
    value,
    why_no_quality,
    writing,
)
from reports.conclusions_words import tell
from reports.record import Record
from reports.speed import ORIGINAL, TUNED, speedup
from reports.statistics import QUALITY_MARGIN, SPEED_MARGIN, Estimate
from reports.units import ratio
from reports.words import say

RAM_MARGIN = 0.05  # chosen, not measured: ten times the 0.5 % that resident memory repeats within
SIZE_MARGIN = 0.01  # chosen so that a graph's own bytes (the export of one model: 0.6 %) are no gain of size


@dataclass(frozen=True)
class Conclusion:
    """`kind` is the rule that said it; `cases` are the rows that it rests on."""

    kind: str
    text: str
    cases: tuple[str, ...]
    group: str = ""  # model and device, which `text` begins with

    @property
    def short(self) -> str:
        """The text below a heading that names the group."""
        return self.text.removeprefix(self.group).lstrip(",: ")  # not capitalised: it may begin with a method's id


def grouped(found: Iterable[Conclusion]) -> dict[str, list[Conclusion]]:
    groups_of: dict[str, list[Conclusion]] = {}
    for conclusion in found:
        groups_of.setdefault(conclusion.group, []).append(conclusion)
    return groups_of


def conclusions(records: Iterable[Record], lang: str = "en") -> list[Conclusion]:
    everything = groups(records)
    named = [(group, group.name(everything)) for group in everything if len(group.rows) > 1]
    return [replace(c, group=name) for group, name in named for c in _of(group, name, lang)]


def _of(group: Group, who: str, lang: str) -> Iterator[Conclusion]:
    if group.original is None:
        yield Conclusion("no-reference", tell(lang, "no reference", who=who), tuple(r.case for r in group.rows))
        return
    noisy = loud(group)
    if noisy is not None:
        text = tell(lang, "loud", who=who, verdict=say(lang, noisy.verdict), ratio=ratio(noisy.value, noisy.low, noisy.high))
        yield Conclusion("loud", text, (group.original.case,))
    yield from _ship(group, who, lang, noisy is None)
    yield from _writing(group, who, lang)
    yield from _dominated(group, who, lang, noisy is None)
    if noisy is None:
        yield from _slower(group, who, lang)
    yield from _lost(group, who, lang)
    if noisy is None:
        yield from _noise(group, who, lang)


def _ship(group: Group, who: str, lang: str, speeds: bool) -> Iterator[Conclusion]:
    original = group.original
    assert original is not None
    found = lead(original)
    if found is not None:
        within = tell(lang, "within", limit=loss_limit(f"{LOSS_POINTS:g}", group.rows, lang), metric=label(found[0]))
        fit = [r for r in group.rows if holds(r, LOSS_POINTS)]
    else:
        within, fit = "", list(group.rows)
    fit = [r for r in fit if r.method != ORIGINAL]
    reason = why_no_quality(original, lang)

    def say_ship(goal: str, best: Record, ties: list[Record]) -> Conclusion:
        fields = {"who": who, "goal": tell(lang, goal), "method": best.method, "evidence": evidence(best, original, lang)}
        text = tell(lang, "ship", within=within, **fields) if found else tell(lang, "ship unlabelled", reason=reason, **fields)
        text += tell(lang, "tied", methods=", ".join(r.method for r in ties)) if ties else ""
        text += tell(lang, "runtime") if best.method == TUNED else ""
        return Conclusion("ship", text, (best.case, *(r.case for r in ties)))

    sizes = [(size, r) for r in fit if (size := value(r, "size")) is not None]
    whole = value(original, "size")
    smaller = [(s, r) for s, r in sizes if whole is not None and s < whole * (1 - SIZE_MARGIN)]
    if smaller:
        least, best = min(smaller, key=lambda pair: pair[0])
        yield say_ship("smallest", best, [r for s, r in smaller if r is not best and s <= least * (1 + SIZE_MARGIN)])
    elif whole is not None:
        yield Conclusion("nothing", tell(lang, "nothing smaller", who=who, within=within).replace("  ", " "), (original.case,))
    if speeds:
        timed = [(s, r) for r in fit if (s := speedup(r)) is not None and s.verdict == "faster"]
        if timed:
            top, best = max(timed, key=lambda pair: pair[0].value)
            ties = [r for s, r in timed if r is not best and (s.high or s.value) >= (top.low or top.value)]
            yield say_ship("fastest", best, ties)
        else:
            yield Conclusion("nothing", tell(lang, "nothing faster", who=who, within=within).replace("  ", " "), (original.case,))
    memories = [(m[1], r) for r in fit if r.device == "cpu" and (m := ram(r)) is not None]
    own = ram(original)
    if memories and own and min(memories, key=lambda pair: pair[0])[0] < own[1] * (1 - RAM_MARGIN):
        least, best = min(memories, key=lambda pair: pair[0])
        yield say_ship(f"least {own[0]}", best, [r for m, r in memories if r is not best and m <= least * (1 + RAM_MARGIN)])


def dominates(a: Record, b: Record, speeds: bool = True) -> list[str]:
    """In what `a` is better than `b` beyond noise, when it is worse in nothing; otherwise nothing. Unknown values dominate nothing."""
    sizes, memories = (value(a, "size"), value(b, "size")), (ram(a), ram(b))
    if sizes[0] is None or sizes[1] is None or (a.device == "cpu" and (memories[0] is None or memories[1] is None)):
        return []
    quick, slow, losses = speedup(a), speedup(b), (loss(a), loss(b))
    if (speeds and (quick is None or slow is None)) or losses[0] is None or losses[1] is None:
        return []
    better = ["size"] * (sizes[0] < sizes[1] * (1 - SIZE_MARGIN))
    worse = sizes[0] > sizes[1] * (1 + SIZE_MARGIN)
    if speeds and quick is not None and slow is not None:
        better += ["speed"] * (None not in (quick.low, slow.high) and quick.low > slow.high)  # type: ignore[operator]
        worse = worse or quick.value < slow.value
    if memories[0] and memories[1]:
        better += ["memory"] * (memories[0][1] < memories[1][1] * (1 - RAM_MARGIN))
        worse = worse or memories[0][1] > memories[1][1] * (1 + RAM_MARGIN)
    rates = writing(a), writing(b)
    if rates[1] is not None:
        better += ["rate of writing"] * (rates[0] is not None and _above(rates[0], rates[1]))
        worse = worse or rates[0] is None or _above(rates[1], rates[0])
    worse = worse or (_quality(a) == "worse" != _quality(b))  # what the table calls worse does not replace what it does not
    margin = 100 * QUALITY_MARGIN
    better += ["quality"] * (losses[0][1] < losses[1][0] - margin)
    return [] if worse or losses[0][0] > losses[1][0] + margin else better


def _above(a: Estimate, b: Estimate) -> bool:
    """Beyond the intervals of both."""
    return a.low is not None and b.high is not None and a.low > b.high


def _writing(group: Group, who: str, lang: str) -> list[Conclusion]:
    """Whose rate of writing differs from the original's for certain, the fastest first: speed-up is that of the timed call alone."""
    rates = [(rate, r) for r in group.rows if r.method != ORIGINAL and (rate := writing(r)) is not None]
    sure = [(rate, r) for rate, r in rates if (rate.low or 0.0) > 1 + SPEED_MARGIN or 0.0 < (rate.high or 0.0) < 1 - SPEED_MARGIN]
    if not sure:
        return []
    sure.sort(key=lambda pair: -pair[0].value)
    said = ", ".join(f"{r.method} {ratio(rate.value, rate.low, rate.high)}" for rate, r in sure)
    return [Conclusion("writing", tell(lang, "writing", who=who, rates=said), tuple(r.case for _, r in sure))]


def _dominated(group: Group, who: str, lang: str, speeds: bool) -> Iterator[Conclusion]:
    by_winner: dict[tuple[str, tuple[str, ...]], list[Record]] = {}
    winners: dict[str, Record] = {r.method: r for r in group.rows}
    for loser in group.rows:
        if loser.method in (ORIGINAL, TUNED):
            continue  # references, not proposals
        found = [(r, dominates(r, loser, speeds)) for r in group.rows if r is not loser]
        found = [(r, better) for r, better in found if better]
        if found:
            best = max(found, key=lambda pair: (len(pair[1]), -(value(pair[0], "size") or 0)))
            by_winner.setdefault((best[0].method, tuple(best[1])), []).append(loser)
    for (winner, better), losers in by_winner.items():
        memory = ram(winners[winner])
        words = {"memory": f"memory of {memory[0]}"} if memory else {}
        written = ["rate of writing"] if any(writing(r) for r in losers) else []
        keys = ["size", *(["speed"] if speeds else []), *written, *(["memory"] if group.device == "cpu" else []), "quality"]
        compared, where = (", ".join(tell(lang, words.get(key, key)) for key in said) for said in (keys, better))
        names = ", ".join(r.method for r in losers)
        text = tell(lang, "dominated", who=who, losers=names, winner=winner, compared=compared, better=where)
        yield Conclusion("dominated", text, (winners[winner].case, *(r.case for r in losers)))


def _slower(group: Group, who: str, lang: str) -> Iterator[Conclusion]:
    for record in group.rows:
        found = speedup(record)
        if found is None or found.verdict != "slower" or record.method == ORIGINAL:
            continue
        likely = causes(record, lang)
        cause = tell(lang, "likely", text="; ".join(likely)) if likely else tell(lang, "no cause")
        text = ratio(found.value, found.low, found.high)
        yield Conclusion("slower", tell(lang, "slower", who=who, method=record.method, ratio=text, cause=cause), (record.case,))


def _named(
    kind: str, key: str, rows: list[Record], who: str, lang: str, show: Callable[[Record], str] | None = None
) -> list[Conclusion]:
    if not rows:
        return []
    methods = ", ".join(show(r) if show else r.method for r in rows)
    text = tell(lang, key, who=who, methods=methods, limit=loss_limit(f"{LOSS_POINTS:g}", rows, lang))
    return [Conclusion(kind, text, tuple(r.case for r in rows))]


def _lost(group: Group, who: str, lang: str) -> list[Conclusion]:
    """What the limit leaves out, by the rule that `ship` and `recommend` hold it by."""
    rows = [r for r in group.rows if loss(r) is not None and not holds(r, LOSS_POINTS)]
    return _named("lost", "lost", rows, who, lang, lambda r: f"{r.method} ({(loss(r) or (0.0, 0.0))[1]:.1f})")


def _noise(group: Group, who: str, lang: str) -> Iterator[Conclusion]:
    others = [r for r in group.rows if r.method != ORIGINAL]
    vain = [r for r in others if pruned_in_vain(r) and _verdict(r) in ("same", "unsure")]
    yield from _named("zeros", "zeros", vain, who, lang)
    yield from _named("packed", "packed", [r for r in others if packed_in_vain(r) and _verdict(r) != "faster"], who, lang)
    yield from _named("noise", "noise speed", [r for r in others if _verdict(r) in ("same", "unsure")], who, lang)
    unsure = [r for r in others if (found := lead(r)) and (found[1].paired or {}).get("verdict") in ("same", "unsure")]
    yield from _named("noise", "noise quality", unsure, who, lang)


def _quality(record: Record) -> str:
    found = lead(record)
    return str((found[1].paired or {}).get("verdict", "")) if found else ""


def _verdict(record: Record) -> str:
    found = speedup(record)
    return found.verdict if found is not None else ""
