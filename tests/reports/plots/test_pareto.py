"""The front of points that were judged by hand."""

import pytest

from reports.plots.pareto import front


@pytest.mark.parametrize(
    ("points", "found"),
    [
        # (2, .6) costs what (2, .7) costs and is worth less; (3, .7) is worth what (2, .7) is and costs more.
        ([(4.0, 0.9), (1.0, 0.5), (2.0, 0.6), (2.0, 0.7), (3.0, 0.7)], [1, 3, 0]),
        ([(1.0, 0.5), (1.0, 0.5)], [0, 1]),  # equal rows do not dominate each other
        ([(1.0, 0.9), (2.0, 0.8), (3.0, 0.7)], [0]),
        ([(1.0, -0.3), (2.0, -0.1)], [0, 1]),  # an error rate, negated: less is better
        ([], []),
    ],
)
def test_the_front_is_the_one_derived_by_hand(points, found):
    assert front(points) == found


def test_no_point_of_the_front_is_dominated_and_every_other_one_is():
    points = [((7 * i) % 23 / 10, (11 * i) % 17 / 10) for i in range(40)]
    on = set(front(points))

    def beaten(a):
        return any(b != a and b[0] <= a[0] and b[1] >= a[1] for b in points)

    assert on == {i for i, point in enumerate(points) if not beaten(point)}
