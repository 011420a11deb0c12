"""Which ranks lend themselves, and what they take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p import IterativePE, KeyedPE, ProducerPE, WorkflowGraph
from hpcd4p.control.lending import (
    LEAST_FREE,
    LEAST_S,
    MOST_HANDLED,
    MOST_OWN,
    MOST_REFUSED,
    TRIED_S,
    WAITS,
    is_patient,
    is_slow_enough,
    lendable,
    lenders,
    may_lend,
    pays,
)
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings


class Source(ProducerPE):
    stateful = True

    def _process(self, inputs):
        return 1


class Work(IterativePE):
    def _process(self, datum):
        return datum, datum


class Count(KeyedPE):
    def process_key(self, key, value, state):
        return (state or 0) + 1


def plan_of(size, mapping="hybrid", pool=True):
    graph = WorkflowGraph()
    source, count = Source(), Count()
    if pool:
        work = Work()
        graph.connect(source, "output", work, "input")
        graph.connect(work, "output", count, "input")
    else:
        graph.connect(source, "output", count, "input")
    return make_plan(graph, size, EngineSettings(), mapping=mapping)[0]


@pytest.mark.parametrize("size", [3, 4, 5, 8, 64])
def test_all_ranks_work_for_the_pool(size):
    plan = plan_of(size)
    assert sorted([*lenders(plan, on=True), *plan.pool_ranks]) == list(range(size))
    assert 0 in lenders(plan, on=True)
    assert lenders(plan, on=False) == ()


def test_nobody_lends_where_there_is_no_pool():
    assert lenders(plan_of(4, "static"), on=True) == ()
    assert lenders(plan_of(4, pool=False), on=True) == ()


@given(
    times=st.dictionaries(st.integers(0, 9), st.none() | st.floats(0, 10)),
    barred=st.sets(st.integers(0, 9)),
    all_of_it=st.booleans(),
)
def test_what_is_taken_is_slow_enough_and_not_barred(times, barred, all_of_it):
    taken = lendable(range(10), times.get, barred, all_of_it)
    assert taken == [e for e in range(10) if e in taken]
    for e in range(10):
        slow = times.get(e) is not None and times[e] >= LEAST_S
        assert (e in taken) == (all_of_it or (slow and e not in barred))


def test_quick_tuples_and_those_nobody_knows_are_not_worth_it():
    assert [is_slow_enough(s) for s in (None, 0.0, LEAST_S / 2, LEAST_S, 1.0)] == [False] * 3 + [True] * 2


@pytest.mark.parametrize(
    ("in_line", "own", "free", "core_share", "window_full", "all_of_it", "may"),
    [
        (False, 0.0, 1.0, None, False, False, True),
        (False, MOST_OWN, LEAST_FREE, 1.0, False, False, True),
        (False, MOST_OWN + 0.01, 8.0, 0.0, False, False, False),
        (False, 0.0, LEAST_FREE - 0.01, None, False, False, False),
        (False, 0.0, LEAST_FREE - 0.01, WAITS, False, False, False),
        (False, 0.0, 0.0, WAITS - 0.01, False, False, True),
        (True, 0.0, 8.0, 0.0, False, False, False),
        (True, 1.0, 0.0, 1.0, False, True, True),
        (False, 0.0, 8.0, 0.0, True, False, False),
        (False, 0.0, 8.0, 0.0, True, True, False),
    ],
)
def test_a_rank_lends_itself_while_nothing_of_its_own_waits(
    in_line, own, free, core_share, window_full, all_of_it, may
):
    assert may_lend(in_line, own, free, core_share, window_full, all_of_it) is may


def test_what_costs_the_rank_more_than_it_saves_is_left():
    assert pays(TRIED_S / 2, 1.0)  # too little to judge by
    assert pays(1.0, MOST_HANDLED)
    assert not pays(1.0, MOST_HANDLED + 0.01)


def test_patience_ends():
    assert [is_patient(n) for n in range(MOST_REFUSED + 1)] == [True] * MOST_REFUSED + [False]
