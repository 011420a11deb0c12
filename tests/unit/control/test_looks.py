"""When the head looks at its run, and at what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.looks import (
    AGAIN,
    ALIVE_S,
    LOOK_S,
    QUIET_S,
    STANDING_S,
    alive_every_s,
    looks_at_counts,
    looks_who_lives,
    next_look,
)

moments = st.floats(0, 1e6)


def test_while_ranks_stand_still_it_looks_often():
    assert next_look(10.0, False, 99.0, standing=True) == 10.0 + STANDING_S
    assert next_look(10.0, True, 99.0, standing=True) == 10.0 + QUIET_S
    assert next_look(10.0, False, 10.001, standing=True) == 10.001


def test_a_bell_brings_the_next_look_forward_but_not_without_end():
    assert next_look(10.0, False, 99.0) == 10.0 + LOOK_S
    assert next_look(10.0, True, 99.0) == 10.0 + QUIET_S


@given(moments, st.booleans(), moments)
def test_the_scaler_is_never_kept_waiting(looked_at, rung, scaler_at):
    assert next_look(looked_at, rung, scaler_at) <= scaler_at


@pytest.mark.parametrize(("ranks", "seconds"), [(2, ALIVE_S), (1000, ALIVE_S), (10_000, 5.0)])
def test_the_list_of_thousands_is_read_less_often(ranks, seconds):
    assert alive_every_s(ranks) == seconds


def test_a_rank_that_was_missed_is_looked_for_again_soon():
    assert not looks_who_lives(10.0 + 0.3, 10.0, 0.5, unsure=False)
    assert looks_who_lives(10.0 + 0.3, 10.0, 0.5, unsure=True)
    assert not looks_who_lives(10.0 + 0.5 * AGAIN / 2, 10.0, 0.5, unsure=True)
    assert looks_who_lives(10.0 + 0.6, 10.0, 0.5, unsure=False)


@pytest.mark.parametrize(
    ("now", "scaler_at", "counts"), [(10.5, 99.0, False), (11.0, 99.0, True), (10.5, 10.4, True)]
)
def test_statistics_are_read_when_they_are_due_or_the_scaler_wants_them(now, scaler_at, counts):
    assert looks_at_counts(now, 10.0, 1.0, scaler_at) is counts
