"""A rank is lost when its connection is, not when it is slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.liveness import LOOKS, START_S, Life, Liveness


def seen(*ranks: int) -> frozenset[int]:
    return frozenset(ranks)


def test_a_rank_is_lost_when_it_was_not_seen_twice_in_a_row():
    ranks = Liveness([1, 2], 0.0)
    assert ranks.look(seen(1, 2), (), 1.0) == []
    assert ranks.look(seen(1), (), 2.0) == []
    assert ranks.look(seen(1), (), 3.0) == [2]
    assert ranks.life == {1: Life.ALIVE, 2: Life.LOST}
    assert ranks.here() == [1]


def test_a_look_that_misses_a_rank_is_unsure_until_the_next():
    ranks = Liveness([1, 2], 0.0)
    found = []
    for there in ([1, 2], [1], [1, 2], [1], [1]):
        ranks.look(seen(*there), (), 1.0)
        found.append(ranks.unsure)
    assert found == [False, True, False, True, False]


def test_a_rank_that_is_seen_again_in_between_is_not_lost():
    ranks = Liveness([1], 0.0)
    looks = [ranks.look(seen(*there), (), t) for t, there in enumerate([[1], [], [1], [], [1]])]
    assert looks == [[], [], [], [], []]


def test_a_rank_that_has_never_been_seen_has_two_minutes_to_start():
    ranks = Liveness([1], 10.0)
    assert ranks.look(seen(), (), 10.0 + START_S) == []
    assert ranks.here() == [1]
    assert ranks.look(seen(), (), 10.1 + START_S) == [1]


def test_a_rank_that_was_heard_and_is_gone_was_alive():
    ranks = Liveness([1], 0.0)
    assert ranks.look(seen(), {1: 0}, 0.1) == []
    assert ranks.look(seen(), {1: 0}, 0.2) == [1]


def test_a_rank_that_has_reported_may_go():
    ranks = Liveness([1, 2], 0.0)
    ranks.look(seen(1), (), 0.1)
    ranks.left(1)
    ranks.left(2)  # so quick that nobody saw it come
    for t in range(5):
        assert ranks.look(seen(), (), 10.0 + t) == []
    assert ranks.count(Life.LEFT) == 2
    assert ranks.here() == []


def test_a_rank_that_is_lost_stays_lost():
    ranks = Liveness([1], 0.0)
    for t in range(3):
        ranks.look(seen(1) if t == 0 else seen(), (), float(t))
    assert ranks.look(seen(1), {1: 5}, 9.0) == []
    ranks.left(1)
    assert ranks.life[1] is Life.LOST
    with pytest.raises(AssertionError, match="no arrow"):
        ranks._move(1, Life.ALIVE)


@given(st.lists(st.sets(st.integers(1, 4)), max_size=30))
def test_each_rank_is_lost_at_most_once_and_only_if_it_was_missing(looks):
    ranks = Liveness([1, 2, 3, 4], 0.0)
    lost = []
    for t, there in enumerate(looks):
        gone = ranks.look(frozenset(there), (), float(t))
        for rank in gone:
            assert not any(rank in earlier for earlier in looks[t - LOOKS + 1 : t + 1])
        lost += gone
    assert len(lost) == len(set(lost)) == ranks.count(Life.LOST)
