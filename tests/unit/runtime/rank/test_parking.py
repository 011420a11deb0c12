"""A rank parks and wakes as it is told, and the broker hears of each change once."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hpcd4p.control.life import NoArrow
from hpcd4p.runtime.rank.parking import Parking
from hpcd4p.wire.ask import Availability


class Rank(RuleBasedStateMachine):
    """A rank, the orders that it gets, and what the broker has it for."""

    def __init__(self):
        super().__init__()
        self.parking = Parking()
        self.told = False
        self.since = None
        self.broker_has_it_parked = False
        self.now = 0.0

    def hears(self, order):
        """Carry out an order."""
        if order == "park":
            self.parking.ask()
            self.told = True
        if order == "wake":
            assert self.parking.wake() == self.since
            self.told, self.since = False, None

    @rule(order=st.sampled_from(["park", "wake"]))
    def is_told(self, order):
        self.hears(order)

    @precondition(lambda self: self.told and self.since is None)
    @rule()
    def has_committed_all(self):
        self.broker_has_it_parked = True
        self.now += 1.0
        self.parking.park(self.now)
        self.since = self.now

    @precondition(lambda self: not self.told)
    @rule()
    def looks_for_a_task(self):
        assert self.parking.announce() == (
            Availability.WAKES if self.broker_has_it_parked else Availability.IDLE
        )
        self.broker_has_it_parked = False

    @invariant()
    def it_knows_what_it_was_told_and_what_it_has_said(self):
        assert self.parking.asked is self.told
        assert self.parking.parked is (self.since is not None)
        if self.parking.parked:
            assert self.broker_has_it_parked


TestRank = Rank.TestCase
TestRank.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def test_a_rank_that_was_told_to_park_does_not_look_for_a_task():
    parking = Parking()
    parking.ask()
    parking.park(1.0)
    with pytest.raises(NoArrow, match=r"from PARKED to TAKING .*TAKING, ASKED \(told to park\), PARKED"):
        parking.announce()
