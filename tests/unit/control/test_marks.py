"""Work stops being made where enough of it waits, and only there."""

from __future__ import annotations

import pytest

from hpcd4p.control.marks import Marks, high_marks, is_congested
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings
from tests.unit.control.plans import plan_of_chain


@pytest.fixture
def marks():
    # source -> pool -> state -> pool -> state -> collector
    return Marks(plan_of_chain("psps"), EngineSettings(high_tasks_per_rank=10, high_bytes=1000))


SOURCE, FIRST, KEPT, SECOND, LAST = range(5)


def test_a_few_ranks_still_leave_32_tasks_waiting():
    assert high_marks(plan_of_chain("p"), EngineSettings(high_tasks_per_rank=1))[0] == 32


def test_what_feeds_a_stateful_element_that_is_behind_is_blocked(marks):
    assert marks.blocked(FIRST, {KEPT}, full=False)
    assert marks.blocked(SOURCE, {KEPT}, full=False)
    assert not marks.blocked(SECOND, {KEPT}, full=False)


def test_an_element_that_writes_on_an_undeclared_output_feeds_the_collector_and_so_do_those_above(marks):
    collector = LAST + 1
    assert not marks.blocked(FIRST, {collector}, full=False)
    marks.reaches_collector(FIRST, collector)
    assert marks.blocked(FIRST, {collector}, full=False)
    assert marks.blocked(SOURCE, {collector}, full=False)
    assert not marks.blocked(KEPT, {collector}, full=False)
    assert not marks.blocked(SECOND, {collector}, full=False)


def test_who_makes_no_tasks_is_not_blocked_by_tasks(marks):
    assert marks.blocked(KEPT, set(), full=True)
    assert not marks.blocked(LAST, set(), full=True)


def test_tasks_further_up_do_not_crowd_a_call(marks):
    assert marks.crowded(SOURCE, set(), {FIRST: 33}, 0)
    assert not marks.crowded(KEPT, set(), {FIRST: 33}, 0)
    assert marks.crowded(KEPT, set(), {FIRST: 33, SECOND: 33}, 0)


def test_bytes_crowd_a_call_only_if_something_behind_it_waits(marks):
    assert marks.crowded(KEPT, set(), {SECOND: 1}, 1001)
    assert not marks.crowded(KEPT, set(), {FIRST: 1}, 1001)
    assert not marks.crowded(KEPT, set(), {SECOND: 1}, 1000)


def test_the_last_element_that_is_crowded_can_always_be_worked_on(marks):
    # by the order of the plan, whatever waits: nothing behind the last crowded one is over a mark
    for congested in (set(), {KEPT}, {LAST}, {KEPT, LAST}):
        waiting = {FIRST: 40, SECOND: 40}
        crowded = [e for e in range(5) if marks.crowded(e, congested, waiting, 0)]
        assert all(not marks.crowded(e, congested, waiting, 0) for e in range(max(crowded) + 1, 5))


def test_what_is_below_and_what_is_fed_is_that_of_a_walk_along_the_edges():
    plan = plan_of_chain("ppspsspp")
    for e in range(len(plan.elements)):
        reached, fed, todo = set(), set(), [e]
        while todo:
            here = todo.pop()
            for route in plan.routes:
                if route.source == here:
                    reached.add(route.target)
                    todo.append(route.target)
        at = e
        while True:
            (at,) = {r.target for r in plan.routes if r.source == at} or (None,)
            if at is None:
                break
            if plan.elements[at].role is not Role.POOL:
                fed.add(at)
                break
        assert plan.below()[e] == sum(1 << each for each in reached)
        assert plan.stateful_below()[e] == fed


@pytest.mark.parametrize(
    ("tuples", "size", "was", "congested"),
    [
        (10, 100.0, False, False),
        (11, 0.0, False, True),
        (0, 101.0, False, True),
        (4, 49.0, True, False),
        (5, 0.0, True, True),
        (0, 50.0, True, True),
    ],
)
def test_senders_hold_above_a_mark_and_go_on_below_half_of_both(tuples, size, was, congested):
    assert is_congested(tuples, size, (10, 100), was) is congested
