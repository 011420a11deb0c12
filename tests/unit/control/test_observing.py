"""What a policy is shown: rates between two looks, of sums since the start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.ending import Ending
from hpcd4p.control.observing import WEIGH_TUPLES, Observer, waiting_part
from hpcd4p.control.roster import Roster
from hpcd4p.plan.model import Role
from hpcd4p.wire.messages import Observation
from hpcd4p.wire.statistics import Statistics
from tests.unit.control.plans import plan_of, plan_of_chain

PLAN = plan_of_chain("ps")  # 0: a source on the head, 1: of the pool, 2: with state
POOL = 1
counts = st.integers(0, 10_000)


def seen(stats=(), pending=(), tasks=0, waited_us=0) -> Observation:
    return Observation(
        dict(pending), Statistics(dict(stats)), tasks, 0, frozenset(), [], None, {}, [], waited_us=waited_us
    )


class Run:
    """A run of six ranks that may be parked, as the head sees it."""

    def __init__(self, plan=PLAN):
        self.observer = Observer(plan, 10.0)
        self.ending = Ending(plan)
        self.roster = Roster(range(1, 7))

    def look(self, now, held=False, **counted):
        return self.observer.look(seen(**counted), self.ending, self.roster, held, now)


def speed(us):
    """Fields that say how long a tuple of the pool takes."""
    return {"m:1": 1, "s:1": int(us)}


def test_rates_are_of_the_time_between_two_looks():
    run = Run()
    run.look(11.0, stats={"n:1": 100, "u:1": 500_000, "cpu": 400_000}, pending={POOL: 50}, waited_us=300_000)
    shown = run.look(
        13.0,
        stats={"n:1": 300, "u:1": 2_500_000, "cpu": 2_400_000, **speed(5000)},
        pending={POOL: 30},
        tasks=3,
        waited_us=1_300_000,
        held=True,
    )
    assert (shown.now_s, shown.dt_s) == (3.0, 2.0)
    assert (shown.busy, shown.cores, shown.waiting) == (1.0, 1.0, 0.0)
    assert (shown.done, shown.arrived) == (100.0, 90.0)
    assert (shown.backlog_tasks, shown.backlog_tuples) == (3, 30)
    assert shown.backlog_s == pytest.approx(30 * 0.005)
    assert shown.longest_s == pytest.approx(0.005)
    assert shown.idle == 0.5
    assert shown.held
    assert run.observer.looked_at == 13.0


def test_no_more_ranks_are_idle_than_are_active_and_none_is_counted_twice():
    run = Run()
    run.roster.aim(4)
    run.roster.heard({6})
    run.roster.lose(1)
    shown = run.look(11.0, waited_us=9_000_000)
    assert (shown.ranks, shown.active, shown.parked) == (5, 3, 2)
    assert shown.idle == 3.0


def test_a_rank_that_works_for_partitions_which_have_moved_to_it_is_busy():
    run = Run()
    run.look(11.0, stats={"u:1": 500_000, "duty": 100_000, "cpu": 600_000})
    shown = run.look(12.0, stats={"u:1": 1_000_000, "duty": 1_000_000, "cpu": 1_300_000, "queue": 700_000})
    assert shown.busy == pytest.approx(1.4)
    assert shown.waiting == pytest.approx(0.5)


@given(counts, counts, counts)
def test_what_is_done_for_partitions_never_makes_a_rank_less_busy_nor_wait_more(duty, cpu, queue):
    def told(duty):
        return Run().look(11.0, stats={"u:1": 5000, "duty": duty, "cpu": cpu, "queue": queue})

    assert told(duty).busy == pytest.approx(told(0).busy + duty * 1e-6)
    assert told(duty).waiting <= told(0).waiting


@pytest.mark.parametrize(
    ("busy_us", "cpu_us", "queue_us", "part"),
    [(0, 0, 0, 0.0), (100, 100, 0, 0.0), (100, 50, 50, 0.5), (200, 50, 50, 0.25), (0, 10, 30, 0.75)],
)
def test_who_is_ready_without_a_core_waits(busy_us, cpu_us, queue_us, part):
    assert waiting_part(busy_us, cpu_us, queue_us) == part


@given(counts, counts, counts)
def test_nobody_waits_more_than_all_of_its_time(busy_us, cpu_us, queue_us):
    assert 0 <= waiting_part(busy_us, cpu_us, queue_us) <= 1


def test_waiting_for_a_core_is_no_work():
    shown = Run().look(
        11.0,
        stats={"u:1": 1_000_000, "cpu": 500_000, "queue": 500_000, **speed(1000)},
        pending={POOL: 10},
    )
    assert shown.waiting == 0.5
    assert shown.longest_s == pytest.approx(0.0005)
    assert shown.backlog_s == pytest.approx(0.005)


def test_a_source_with_calls_left_is_no_work_for_the_pool():
    plan = PLAN._replace(
        elements=(PLAN.elements[0]._replace(movable=True), *PLAN.elements[1:]),
    )
    run = Run(plan)
    assert 0 in plan.streams
    assert run.look(11.0, pending={0: 1}).backlog_tuples == 0
    assert run.look(12.0, pending={0: 6}).backlog_tuples == 5
    run.ending.observe({1: 1})  # the source is drained
    assert run.look(13.0, pending={0: 0, 1: 1}).backlog_tuples == 1


def test_the_weight_of_an_element_does_not_change_once_it_is_known():
    run = Run()
    few = {"n:1": WEIGH_TUPLES - 1, **speed(1e6)}
    assert run.look(11.0, stats=few).work == pytest.approx(WEIGH_TUPLES - 1)
    known = {"n:1": WEIGH_TUPLES, **speed(2e6)}
    assert run.look(12.0, stats=known).work == pytest.approx(2.0)
    more = {"n:1": WEIGH_TUPLES + 10, **speed(9e6)}
    assert run.look(14.0, stats=more).work == pytest.approx(10 * 2.0 / 2.0)


def test_the_pool_is_drained_when_nothing_feeds_it_and_finished_when_its_elements_are():
    run = Run()
    assert not run.look(11.0).drained
    run.ending.observe({POOL: 3})
    assert run.look(12.0).drained
    assert not run.look(13.0).finished
    run.ending.observe({2: 7})
    assert run.look(14.0).finished


@pytest.mark.parametrize("movable", [True, False])
def test_a_source_feeds_the_pool_if_its_calls_may_go_there(movable):
    plan = plan_of_chain("s")
    plan = plan._replace(elements=(plan.elements[0]._replace(movable=movable), *plan.elements[1:]))
    run = Run(plan)
    assert run.look(11.0, pending={0: 1}).drained is not movable
    run.ending.observe({1: 1})
    assert run.look(12.0).drained


def test_a_stateful_element_that_feeds_the_pool_keeps_it_from_being_drained():
    run = Run(plan_of([Role.ROOT, Role.STATE, Role.POOL], [(0, 1), (1, 2)]))
    run.ending.observe({1: 4, 2: 1})
    assert not run.look(11.0).drained
    run.ending.observe({2: 1})  # it post-processes
    assert not run.look(12.0).drained
    run.ending.observe({2: 1})
    assert run.look(13.0).drained


@given(st.lists(st.tuples(counts, counts, counts), min_size=1, max_size=8))
def test_what_was_done_adds_up_and_nothing_arrives_backwards(steps):
    run = Run()
    tuples = before = 0
    shown_tuples = shown_arrived = 0.0
    for i, (done, arrived, queue_us) in enumerate(steps, 1):
        tuples += done
        unfinished = max(0, before + arrived - done)
        stats = {"n:1": tuples, "u:1": 100 * tuples, "queue": i * queue_us}
        shown = run.look(10.0 + i, stats=stats, pending={POOL: unfinished})
        assert shown.done >= 0
        assert shown.arrived == max(0, done + unfinished - before)
        shown_tuples += shown.done
        shown_arrived += shown.arrived
        before = unfinished
    assert shown_tuples == tuples
    assert shown_arrived >= tuples  # what was done had arrived
