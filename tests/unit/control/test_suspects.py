"""Where a task runs that may kill its rank."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.suspects import Suspicion, Way, way

TABLE = [
    (0, False, False, Way.HERE),
    (0, False, True, Way.HERE),
    (0, True, True, Way.APART),
    (0, True, False, Way.HERE),
    (1, False, True, Way.APART),
    (3, True, True, Way.APART),
    (1, False, False, Way.HERE),
    (1, True, False, Way.REFUSED),
]


@pytest.mark.parametrize(("attempts", "careful", "can_part", "expected"), TABLE)
def test_the_table(attempts, careful, can_part, expected):
    assert way(attempts, careful, can_part) is expected


@given(st.integers(0, 100), st.booleans(), st.booleans())
def test_no_suspect_runs_on_a_careful_rank_and_nothing_else_is_refused(attempts, careful, can_part):
    chosen = way(attempts, careful, can_part)
    assert not (attempts and careful and chosen is Way.HERE)
    assert chosen is not Way.REFUSED or (attempts and careful and not can_part)
    assert chosen is not Way.APART or can_part


@pytest.mark.parametrize(("pool", "careful_at"), [(1, 0), (2, 1), (3, 1), (6, 3), (62, 31)])
def test_the_pool_is_careful_when_half_of_it_is_left(pool, careful_at):
    suspicion = Suspicion(pool)
    for left in range(pool - 1, -1, -1):
        suspicion.died(left)
        assert suspicion.careful == (left <= max(1, careful_at))


def test_until_a_suspect_is_acquitted():
    suspicion = Suspicion(2)
    suspicion.died(1)
    suspicion.judged(guilty=False)
    assert not suspicion.careful


def test_the_next_death_brings_the_care_back():
    suspicion = Suspicion(8)
    suspicion.died(3)
    suspicion.judged(guilty=False)
    suspicion.died(2)
    assert suspicion.careful


@given(st.lists(st.booleans()))
def test_once_a_tuple_was_guilty_few_ranks_stay_careful(verdicts):
    suspicion = Suspicion(2)
    suspicion.died(1)
    for guilty in verdicts:
        suspicion.judged(guilty)
    assert suspicion.careful == (not verdicts or any(verdicts))


@given(st.lists(st.booleans()))
def test_many_ranks_are_never_careful(verdicts):
    suspicion = Suspicion(8)
    suspicion.died(7)
    for guilty in verdicts:
        suspicion.judged(guilty)
    assert not suspicion.careful
