"""Where ranks stand: table-driven, and a machine that tries every order of events."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hpcd4p.control.roster import PoolState, Roster


class Ranks(RuleBasedStateMachine):
    """Ranks park and wake as they like, and the head hears of it late."""

    def __init__(self):
        super().__init__()
        self.roster = Roster(range(1, 5), lenders=(5, 6))
        self.roster.lending = True
        self.parked = set()

    @rule(wanted=st.integers(0, 7), idle=st.sets(st.integers(1, 6)))
    def aims(self, wanted, idle):
        before, living = self.roster.active, self.roster.living
        park, wake = self.roster.aim(wanted, idle)
        assert not (park and wake)
        assert len(park) == max(0, before - wanted)
        assert self.roster.active == min(wanted, living)
        lenders = [r for r in self.roster.of(PoolState.ACTIVE, PoolState.WAKING) if r > 4]
        pool = [r for r in self.roster.of(PoolState.DRAINING, PoolState.PARKED) if r <= 4]
        assert not (lenders and pool and park)

    @rule(rank=st.integers(1, 6))
    def parks(self, rank):
        if self.roster.state(rank) is PoolState.DRAINING:
            self.parked.add(rank)

    @rule(rank=st.integers(1, 6))
    def wakes(self, rank):
        if self.roster.state(rank) is PoolState.WAKING:
            self.parked.discard(rank)

    @rule()
    def is_heard(self):
        self.roster.heard(self.parked)

    @rule(rank=st.integers(1, 6))
    def dies(self, rank):
        if self.roster.state(rank) is not PoolState.LOST and self.roster.living > 1:
            self.roster.lose(rank)

    @invariant()
    def counts_agree_with_the_ranks(self):
        for state in PoolState:
            assert all(self.roster.state(rank) is state for rank in self.roster.of(state))
            assert self.roster.count(state) == len(self.roster.of(state))
        assert self.roster.of(*PoolState) == list(range(1, 7))
        assert len(self.roster) == 6


TestRanks = Ranks.TestCase
TestRanks.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_idle_ranks_park_before_busy_ones_and_high_numbers_before_low():
    assert Roster(range(1, 7)).aim(3, idle={1, 2}) == ([2, 1, 6], [])


def test_who_has_not_parked_yet_is_called_back_first():
    roster = Roster(range(1, 5))
    roster.aim(1)
    roster.heard({2, 3})
    assert roster.aim(2) == ([], [4])
    assert roster.aim(4) == ([], [2, 3])


def test_a_kept_rank_is_not_parked_and_is_called_back():
    roster = Roster([1, 2, 3, 4])
    park, _ = roster.aim(2)
    assert park == [4, 3]
    roster.heard({3, 4})
    roster.keep([4, 9])
    park, wake = roster.aim(2)
    assert wake == [4]
    assert park == [2]
    assert roster.aim(1) == ([1], [])
    assert roster.active == 1
    assert roster.aim(0) == ([4], [])


def test_lenders_count_only_where_there_is_work_for_which_ranks_are_lent():
    roster = Roster([2, 3], lenders=[0, 1])
    assert (roster.active, roster.living, roster.resting) == (2, 2, 0)
    assert roster.aim(4) == ([], [])
    roster.lending = True
    assert (roster.active, roster.living, roster.resting) == (2, 4, 2)
    assert roster.aim(4) == ([], [0, 1])


def test_lenders_rest_first_and_are_woken_last():
    roster = Roster([2, 3, 4], lenders=[0, 1])
    roster.lending = True
    roster.aim(5)
    assert roster.aim(4)[0] == [1]
    assert roster.aim(2)[0] == [0, 4]
    assert roster.aim(3)[1] == [4]
    assert roster.aim(5)[1] == [0, 1]


def test_no_rank_of_the_pool_rests_while_a_lender_does_not():
    roster = Roster([2, 3], lenders=[0, 1])
    roster.lending = True
    roster.aim(4)
    assert roster.aim(2, idle={2, 3})[0] == [1, 0]
    assert roster.aim(1, idle={2})[0] == [2]
    assert roster.aim(2)[1] == [2]


def test_a_lender_that_has_died_is_not_counted():
    roster = Roster([2, 3], lenders=[1])
    roster.lose(1)
    assert roster.living == 2
    roster.lending = True
    assert roster.living == 2


def test_ranks_that_hold_partitions_are_active_whatever_the_target():
    roster = Roster(range(1, 5))
    roster.aim(0)
    roster.heard({1, 2, 3, 4})
    roster.keep([1], always=[2])
    assert roster.aim(0) == ([], [2])
    assert roster.state(2) is PoolState.WAKING
    assert roster.aim(1) == ([], [1])
    assert roster.aim(0) == ([1], [])
