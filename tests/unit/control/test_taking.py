"""Which tasks a rank asks for: memory drains, the end does not wait, and nothing slow keeps a commit back."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.taking import (
    ASIDE_S,
    DEEP_CALLS,
    SETTLE_S,
    SLOW_S,
    TAIL_TASKS,
    NoTask,
    further_down,
    is_wary,
    left_out,
    may_be_slow,
    may_begin,
    may_wait,
    steps_aside,
    takeable,
    waited_long,
    wanted,
    why_no_task,
)

QUICK, SLOW, NEW = 1, 2, 3
RANKS = 4
NEAREST = [3, 2, 1, 0]
FEEDS = [frozenset({7}), frozenset[int](), frozenset({7, 8}), frozenset({8})]
MANY = TAIL_TASKS * RANKS

elements = st.sets(st.integers(0, 9))


# ---- the order


def test_of_what_is_left_out_for_congestion_the_missed_is_asked_for():
    assert left_out([3, 2, 1, 0], [3, 1], {0, 1, 2}, frozenset({7})) == [2, 0]
    assert left_out([3, 2, 1, 0], [3, 1], {0, 1, 2}, frozenset()) == []
    assert left_out([3, 2, 1, 0], [3, 1], (), frozenset({7})) == []


@pytest.mark.parametrize(
    ("waiting", "congested", "full", "order"),
    [
        (MANY, (), False, [3, 2, 1, 0]),
        (MANY - 1, (), False, [0, 1, 2, 3]),
        (MANY, (7,), False, [3, 1]),
        (0, (8,), False, [0, 1]),
        (0, (7, 8), False, [1]),
        (MANY, (7, 8), True, [3, 2, 1, 0]),
        (0, (7, 8), True, [0, 1, 2, 3]),
    ],
)
def test_what_is_nearest_the_sinks_goes_first_until_the_tail(waiting, congested, full, order):
    assert list(wanted(NEAREST, waiting, RANKS, FEEDS, frozenset(congested), full)) == order


@given(elements, st.integers(0, 99), st.integers(1, 9), elements, st.booleans(), st.data())
def test_only_what_feeds_the_congested_is_left_out_and_nothing_where_too_much_waits(
    here, waiting, ranks, congested, full, data
):
    stateful_below = data.draw(st.lists(elements, min_size=10, max_size=10))
    order = list(wanted(sorted(here, reverse=True), waiting, ranks, stateful_below, congested, full))
    assert order == sorted(order, reverse=waiting >= TAIL_TASKS * ranks)
    left_out = here - set(order)
    assert left_out == (set() if full else {e for e in here if stateful_below[e] & congested})


# ---- with a commit outstanding


@pytest.mark.parametrize(
    ("wanted", "waiting", "asked_for"),
    [
        # an element that may be slow holds nobody up as long as it has no task
        ([QUICK], {}, [QUICK]),
        ([NEW, QUICK], {}, [QUICK]),
        ([NEW, SLOW, QUICK], {QUICK: 5}, [QUICK]),
        ([QUICK, NEW], {NEW: 0}, [QUICK]),
        # when it has one and its turn comes, the rank waits for its commit
        ([SLOW, QUICK], {SLOW: 1, QUICK: 5}, []),
        ([NEW, QUICK], {NEW: 1}, []),
        # what is more wanted than that goes first
        ([QUICK, SLOW], {SLOW: 1}, [QUICK]),
        ([QUICK, SLOW, 4], {SLOW: 1, 4: 9}, [QUICK]),
        # nothing but slow elements
        ([SLOW], {}, []),
        ([], {QUICK: 1}, []),
    ],
)
def test_only_slow_elements_with_tasks_that_wait_hold_a_rank_back(wanted, waiting, asked_for):
    assert takeable(wanted, {SLOW, NEW}, waiting) == asked_for


@given(st.permutations(range(6)), elements, elements)
def test_nothing_slow_is_asked_for_and_nothing_overtakes_a_slow_one_that_waits(order, slow, waiting):
    asked_for = takeable(order, slow, Counter(waiting))
    assert not slow & set(asked_for)
    turn = next((i for i, e in enumerate(order) if e in slow & waiting), len(order))
    assert asked_for == [e for e in order[:turn] if e not in slow]


@pytest.mark.parametrize(
    ("service_s", "root", "slow"),
    [
        (SLOW_S * 1.01, False, True),
        (SLOW_S * 1.01, True, True),
        (SLOW_S, False, False),
        (0.0, True, False),
        (None, False, True),
        (None, True, False),
    ],
)
def test_an_element_may_be_slow_until_it_has_shown_that_it_is_not(service_s, root, slow):
    assert may_be_slow(service_s, root) is slow


def test_a_slow_task_is_not_kept_back_for_ever():
    assert not waited_long(10.0, 10.0)
    assert not waited_long(10.0 + SETTLE_S, 10.0)
    assert waited_long(10.1 + SETTLE_S, 10.0)


@given(st.integers(0, 5), elements, st.booleans())
def test_a_rank_is_wary_only_of_slow_elements_with_a_commit_outstanding_and_not_for_long(
    under_way, slow, long
):
    assert is_wary(under_way, slow, long) is (under_way > 0 and bool(slow) and not long)


@pytest.mark.parametrize(
    ("ready", "full", "held_at", "under_way", "long", "may"),
    [
        (True, False, 0, 0, False, True),
        (True, False, 0, 3, False, True),
        (True, False, 2, 2, False, False),
        (True, False, 2, 1, False, True),
        (True, False, 2, 2, True, True),
        (True, True, 0, 4, True, False),
        (False, False, 0, 0, True, False),
    ],
)
def test_a_rank_that_was_held_back_begins_when_one_of_its_commits_is_through(
    ready, full, held_at, under_way, long, may
):
    assert may_begin(ready, full, held_at, under_way, long) is may


@given(st.booleans(), st.booleans(), st.integers(0, 5), st.integers(0, 5), st.booleans())
def test_whoever_waits_for_a_commit_may_begin_once_there_is_none(ready, full, held_at, under_way, long):
    if may_begin(ready, full, held_at, under_way, long):
        assert may_begin(ready, full, held_at, 0, long)
    assert may_begin(True, False, held_at, 0, long)


# ---- no task


@pytest.mark.parametrize(
    ("wary", "asked", "changed", "orders", "why"),
    [
        (True, False, True, True, NoTask.COMMIT),
        (True, True, False, False, NoTask.COMMIT),
        (False, False, False, False, NoTask.ROOM),
        (False, True, True, True, NoTask.ROOM),
        (False, True, False, True, NoTask.ORDERS),
        (False, True, False, False, NoTask.IDLE),
    ],
)
def test_a_rank_knows_why_it_has_no_task(wary, asked, changed, orders, why):
    assert why_no_task(wary, asked, changed, orders) is why


@given(st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_only_a_rank_that_asked_for_everything_and_heard_nothing_new_sleeps_on_its_bell(
    wary, asked, changed, orders
):
    idle = why_no_task(wary, asked, changed, orders) is NoTask.IDLE
    assert idle is (asked and not wary and not changed and not orders)


# ---- in the middle of a call


@given(st.integers(0, 9), st.lists(st.integers(0, 9), unique=True), elements)
def test_a_call_is_helped_only_by_what_is_behind_it_and_has_room(element, waiting, crowded):
    helped = list(further_down(element, waiting, crowded.__contains__))
    assert helped == [e for e in waiting if e > element and e not in crowded]


def test_calls_that_wait_inside_each_other_come_to_an_end():
    assert may_wait(0)
    assert may_wait(DEEP_CALLS - 1)
    assert not may_wait(DEEP_CALLS)


# ---- partitions that have moved to a rank of the pool


@pytest.mark.parametrize(
    ("idle", "tuples", "service_s", "aside"),
    [
        (False, 1000, None, False),
        (False, 1000, 1.0, False),
        (True, 1, None, True),
        (True, 1, ASIDE_S, True),
        (True, 10, ASIDE_S / 10, True),
        (True, 9, ASIDE_S / 10, False),
        (True, 1, 0.0, False),
    ],
)
def test_who_is_idle_says_so_no_more_before_it_works_for_its_partitions(idle, tuples, service_s, aside):
    assert steps_aside(idle, tuples, service_s) is aside


@given(st.integers(1, 10**6), st.floats(0, 10), st.integers(1, 10**6))
def test_more_work_in_line_is_never_less_reason_to_step_aside(tuples, service_s, more):
    assert steps_aside(True, tuples, service_s) <= steps_aside(True, tuples + more, service_s)
