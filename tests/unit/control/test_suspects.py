"""Where a task runs that may kill its rank."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.suspects import Last, Way, way

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


@pytest.mark.parametrize(("attempts", "last", "can_part", "expected"), TABLE)
def test_the_table(attempts, last, can_part, expected):
    assert way(attempts, last, can_part) is expected


@given(st.integers(0, 100), st.booleans(), st.booleans())
def test_no_suspect_runs_on_the_last_rank_and_nothing_else_is_refused(attempts, last, can_part):
    chosen = way(attempts, last, can_part)
    assert not (attempts and last and chosen is Way.HERE)
    assert chosen is not Way.REFUSED or (attempts and last and not can_part)
    assert chosen is not Way.APART or can_part


def test_the_last_rank_is_careful_until_a_suspect_is_acquitted():
    last = Last()
    assert not last.careful
    last.alone()
    assert last.careful
    last.judged(guilty=False)
    assert not last.careful


@given(st.lists(st.booleans()))
def test_once_a_tuple_was_guilty_the_last_rank_stays_careful(verdicts):
    last = Last()
    last.alone()
    for guilty in verdicts:
        last.judged(guilty)
    assert last.careful == (not verdicts or any(verdicts))


@given(st.lists(st.booleans()))
def test_a_rank_that_is_not_the_last_is_never_careful_but_remembers(verdicts):
    last = Last()
    for guilty in verdicts:
        last.judged(guilty)
    assert not last.careful
    last.alone()
    assert last.careful
