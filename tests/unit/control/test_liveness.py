"""A rank is lost when its connection is, not when it is slow."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hpcd4p.control.liveness import LOOKS, START_S, Liveness, RankState


def seen(*ranks: int) -> frozenset[int]:
    return frozenset(ranks)


def test_a_rank_is_lost_when_it_was_not_seen_twice_in_a_row():
    ranks = Liveness([1, 2], 0.0)
    assert ranks.look(seen(1, 2), (), 1.0) == []
    assert ranks.look(seen(1), (), 2.0) == []
    assert ranks.look(seen(1), (), 3.0) == [2]
    assert [ranks.is_lost(rank) for rank in (0, 1, 2)] == [False, False, True]
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


def test_a_rank_that_has_never_been_seen_has_half_a_minute_to_start():
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
    assert ranks.count(RankState.LEFT) == 2
    assert ranks.here() == []


def test_a_rank_that_is_lost_stays_lost():
    ranks = Liveness([1], 0.0)
    for t in range(3):
        ranks.look(seen(1) if t == 0 else seen(), (), float(t))
    assert ranks.look(seen(1), {1: 5}, 9.0) == []
    ranks.left(1)
    assert ranks.is_lost(1)
    assert ranks.count(RankState.LOST) == 1


@given(st.lists(st.sets(st.integers(1, 4)), max_size=30))
def test_each_rank_is_lost_at_most_once_and_only_if_it_was_missing(looks):
    ranks = Liveness([1, 2, 3, 4], 0.0)
    lost = []
    for t, there in enumerate(looks):
        gone = ranks.look(frozenset(there), (), float(t))
        for rank in gone:
            assert not any(rank in earlier for earlier in looks[t - LOOKS + 1 : t + 1])
        lost += gone
    assert len(lost) == len(set(lost)) == ranks.count(RankState.LOST)


class Ranks(RuleBasedStateMachine):
    """Ranks connect, speak, report and die as they like; the head looks when it likes."""

    def __init__(self):
        super().__init__()
        self.ranks = Liveness([1, 2, 3], 0.0)
        self.now = 0.0
        self.connected = set()
        self.heard = set()
        self.left = set()
        self.lost = []

    @rule(rank=st.integers(1, 3))
    def connects(self, rank):
        self.connected.add(rank)

    @rule(rank=st.integers(1, 3))
    def speaks(self, rank):
        if rank in self.connected:
            self.heard.add(rank)

    @rule(rank=st.integers(1, 3))
    def reports(self, rank):
        self.ranks.left(rank)
        self.left.add(rank)

    @rule(rank=st.integers(1, 3))
    def dies(self, rank):
        self.connected.discard(rank)

    @rule(seconds=st.sampled_from([0.5, START_S]))
    def the_head_looks(self, seconds):
        self.now += seconds
        gone = self.ranks.look(frozenset(self.connected), self.heard, self.now)
        assert not set(gone) & (self.connected | self.left)
        self.lost += gone

    @invariant()
    def each_rank_is_one_thing(self):
        assert len(self.lost) == len(set(self.lost))
        assert [r for r in (1, 2, 3) if self.ranks.is_lost(r)] == sorted(self.lost)
        assert set(self.ranks.here()) == {1, 2, 3} - self.left - set(self.lost)
        assert sum(map(self.ranks.count, RankState)) == 3


TestRanks = Ranks.TestCase
TestRanks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
