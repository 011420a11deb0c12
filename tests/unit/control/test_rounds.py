"""Little is taken from a slow source at a time, and no more than a round of what nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.granularity import Granularity
from hpcd4p.control.rounds import (
    LONGEST_LINE,
    MANY_TUPLES,
    has_to_ask,
    is_early,
    most_of,
    patience_s,
    pause_s,
    round_tuples,
)
from hpcd4p.plan.settings import EngineSettings

RANKS = 3
OUTPUTS = "abcd"


def learned(known=(), tried=()) -> Granularity:
    granularity = Granularity(EngineSettings(), RANKS)
    for element in tried:
        granularity.cut_task(element)
    granularity.learn(dict.fromkeys(known, 10.0))
    return granularity


@pytest.mark.parametrize(
    ("taken", "waiting", "times"),
    [(1, 0, 1), (1, 1, 1), (1, 3, 3), (1, LONGEST_LINE + 5, LONGEST_LINE), (MANY_TUPLES, 3, 1)],
)
def test_a_slow_source_is_left_alone_the_longer_the_more_tasks_wait(taken, waiting, times):
    assert pause_s(taken, waiting, 0.001) == times * 0.001


@pytest.mark.parametrize(
    ("left_s", "taken", "held", "done", "early"),
    [
        (0.1, 1, 1, False, True),
        (0.1, 1, 1, True, False),
        (0.0, 1, 1, False, False),
        (-1.0, 0, 0, False, False),
        (0.1, MANY_TUPLES, 1, False, False),
        (0.1, 1, MANY_TUPLES, False, False),
        (0.1, MANY_TUPLES - 1, MANY_TUPLES - 1, False, True),
    ],
)
def test_only_what_is_little_is_left_for_later(left_s, taken, held, done, early):
    assert is_early(left_s, taken, held, done) is early


@pytest.mark.parametrize(
    ("left_s", "held_back", "done", "seconds"),
    [
        (0.1, True, False, None),
        (0.1, True, True, None),
        (0.1, False, False, 0.1),
        (0.1, False, True, 0.0),
        (0.0, False, False, 0.0),
        (-5.0, False, False, 0.0),
    ],
)
def test_a_source_is_left_alone_until_something_can_be_taken(left_s, held_back, done, seconds):
    assert patience_s(left_s, held_back, done) == seconds


@given(st.floats(-1, 1), st.integers(0, 999), st.integers(0, 999), st.booleans())
def test_what_is_left_for_later_is_come_back_to(left_s, taken, held, done):
    if is_early(left_s, taken, held, done):
        assert patience_s(left_s, held_back=False, done=done) == left_s


@pytest.mark.parametrize(
    ("known", "tried", "waiting", "tuples"),
    [
        ({1, 2}, {1}, 5, None),
        ((), (), 5, RANKS),
        ({1}, {1}, 5, RANKS),  # the other one was not tried
        ({1}, {2}, 0, RANKS),
        ({1}, {2}, 5, 0),
        ((), {1}, 1, 0),
    ],
)
def test_a_round_is_a_tuple_for_each_rank_until_it_is_known_how_long_they_take(known, tried, waiting, tuples):
    assert round_tuples([1, 2], learned(known, tried), waiting) == tuples


def test_where_nothing_leads_to_the_pool_there_is_no_bound():
    assert round_tuples([], learned(), 9) is None


def test_a_round_is_as_small_as_the_element_that_was_tried_least_needs():
    granularity = learned(tried=[1] * 2 * RANKS)  # of element 1 four for each rank come next
    assert round_tuples([1], granularity, 0) == 4 * RANKS
    assert round_tuples([1, 2], granularity, 0) == RANKS


@given(
    st.dictionaries(st.sampled_from(OUTPUTS), st.sets(st.integers(0, 5))),
    st.sets(st.sampled_from(OUTPUTS)),
    st.sets(st.integers(0, 5)),
    st.lists(st.integers(0, 5)),
    st.integers(0, 3),
)
def test_outputs_are_bounded_each_for_itself(ahead, written, known, tried, waiting):
    granularity = learned(known, tried)
    most = most_of(ahead, written, granularity, waiting)
    assert set(most) == {output for output, targets in ahead.items() if targets - known}
    for output, tuples in most.items():
        alone = round_tuples(ahead[output], granularity, waiting)
        assert tuples == (alone if output in written else 0)
    if has_to_ask(most, written):
        assert waiting  # with no task in line somebody lacks one, and gets it
        assert set(tried) - known
    elif written & set(most):
        assert all(most[output] > 0 for output in written & set(most))
