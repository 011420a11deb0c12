"""A life follows its table, and whoever leaves it is told how it came there."""

from __future__ import annotations

from enum import Enum

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hpcd4p.control import ending, liveness, looping, roster
from hpcd4p.control.life import LAST_STEPS, Life, NoArrow, Step
from hpcd4p.control.looping import LoopState, loop_of
from hpcd4p.runtime.rank import parking

TABLES = [ending.ARROWS, liveness.ARROWS, looping.ARROWS, parking.ARROWS, roster.ARROWS]


class Walk(RuleBasedStateMachine):
    """Any table of the engine, and steps in any order."""

    @initialize(arrows=st.sampled_from(TABLES))
    def begin(self, arrows):
        self.arrows = arrows
        self.past = [next(iter(arrows))]
        self.life = Life("it", self.past[0], arrows)

    @rule(data=st.data())
    def takes_an_arrow(self, data):
        follow = sorted(self.arrows[self.past[-1]], key=str)
        if follow:
            self.past.append(data.draw(st.sampled_from(follow)))
            self.life.go(self.past[-1], f"cause {len(self.past)}", now=float(len(self.past)))

    @rule(data=st.data())
    def goes_where_no_arrow_leads(self, data):
        others = [state for state in self.arrows if state not in self.arrows[self.past[-1]]]
        to = data.draw(st.sampled_from(others))
        with pytest.raises(NoArrow, match=f"it: no arrow from {self.past[-1].name} to {to.name} ") as raised:
            self.life.go(to, "a bug")
        _, _, told = str(raised.value).partition("; it was ")
        first, *others = self.past
        steps = [first.name, *(f"{s.name} (cause {i}, {i}.000 s)" for i, s in enumerate(others, 2))]
        assert told == ", ".join(steps[-LAST_STEPS:])

    @invariant()
    def it_is_where_its_last_arrow_led(self):
        if hasattr(self, "life"):
            assert self.life.state is self.past[-1]
            assert self.life.ended is (not self.arrows[self.past[-1]])


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


@pytest.mark.parametrize("arrows", TABLES, ids=lambda arrows: type(next(iter(arrows))).__name__)
def test_every_state_of_a_table_can_be_reached_from_the_first(arrows):
    first, *_ = states = list(type(next(iter(arrows))))
    assert list(arrows) == states
    reached, new = set(), {first}
    while new:
        reached |= new
        new = {to for state in new for to in arrows[state]} - reached
    assert reached == set(states)
    assert not any(state in arrows[state] for state in states)


def test_steps_are_told_with_their_cause_and_moment():
    class Door(Enum):
        OPEN = 1

    assert str(Step(Door.OPEN, "", None)) == "OPEN"
    assert str(Step(Door.OPEN, "wind", None)) == "OPEN (wind)"
    assert str(Step(Door.OPEN, "wind", 2.5)) == "OPEN (wind, 2.500 s)"
    assert str(Step(Door.OPEN, "", 1234567.0)) == "OPEN (1234567.000 s)"


def test_a_loop_that_has_left_does_not_work_again():
    loop = loop_of(3)
    loop.go(LoopState.WORKING, "all instances have started")
    loop.go(LoopState.STOPPING, "told to stop", now=4.0)
    loop.go(LoopState.LEFT, "figures told")
    assert loop.ended
    with pytest.raises(NoArrow, match=r"loop of rank 3: no arrow from LEFT to WORKING; it was STARTING, "):
        loop.go(LoopState.WORKING)
