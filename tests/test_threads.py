"""How many threads every runtime of a run gets."""

from fixtures.threads import LOOKS, choose_threads, settled


def looks(*found):
    waiting = list(found)
    taken = []

    def look():
        taken.append(waiting[len(taken)] if len(taken) < len(waiting) else waiting[-1])
        return taken[-1]

    return look, taken


def test_a_core_that_was_busy_for_a_moment_counts_as_idle():
    look, taken = looks({0: 0.3, 1: 1.0}, {0: 0.98, 1: 1.0})
    assert choose_threads(None, settled(look))[0] == 2
    assert len(taken) == 2


def test_a_core_that_stays_busy_does_not():
    look, taken = looks({0: 0.1, 1: 1.0}, {0: 0.2, 1: 0.9})
    assert choose_threads(None, settled(look))[0] == 1
    assert len(taken) == LOOKS


def test_an_idle_machine_is_looked_at_once_and_an_unknown_one_too():
    for only in ({0: 1.0, 1: 1.0}, {}):
        look, taken = looks(only)
        assert settled(look) == only
        assert len(taken) == 1
