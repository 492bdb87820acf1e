"""The Pareto front: the rows that no other row beats in both cost and worth (Pareto 1906, Manuale di economia politica)."""

from __future__ import annotations

from collections.abc import Sequence


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of the (cost, worth) points that none dominates, cheapest first: less cost and more worth are better; equals stay."""
    found: list[int] = []
    best = float("-inf")
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1])):
        cost, worth = points[index]
        equal = bool(found) and points[found[-1]] == (cost, worth)
        if worth > best or equal:
            found.append(index)
            best = worth
    return found
