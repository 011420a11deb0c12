"""What a task writes runs where it is, unless somebody hungry would gain by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.local import (
    CARRY_S_PER_BYTE,
    DEEP,
    LATE_WORTH_S,
    WORTH_S,
    gives_back,
    is_late,
    is_short_of_memory,
    is_worth_it,
    runs_here,
)

seconds = st.floats(0, 10)
known_s = st.none() | seconds
tuples = st.integers(1, 10_000)


def test_a_task_is_late_after_its_slice():
    assert not is_late(5.0, 5.0, 0.25)
    assert not is_late(5.25, 5.0, 0.25)
    assert is_late(5.26, 5.0, 0.25)


def test_memory_is_short_when_half_of_what_may_wait_does():
    assert not is_short_of_memory(50, 100)
    assert is_short_of_memory(51, 100)


@pytest.mark.parametrize(
    ("late", "here_s", "said_s", "worth"),
    [
        (False, 0.9 * WORTH_S, None, True),
        (False, WORTH_S, None, False),
        (False, 1.1 * WORTH_S, None, False),
        (False, None, 0.9 * WORTH_S, True),
        (False, None, 1.1 * WORTH_S, False),
        # its own measure counts, not what others have measured
        (False, 0.9 * WORTH_S, 9.0, True),
        (False, 9.0, 0.9 * WORTH_S, False),
        (False, None, None, False),
        (True, 0.9 * LATE_WORTH_S, None, True),
        (True, LATE_WORTH_S, None, False),
        (True, 1.1 * LATE_WORTH_S, None, False),
        (True, None, 0.0, False),
        (True, None, None, False),
    ],
)
def test_light_work_is_worth_doing_here_if_it_is_known_to_be_quick(late, here_s, said_s, worth):
    assert is_worth_it(1, 0.0, late, here_s, said_s) is worth


@pytest.mark.parametrize("count", [1, 8])
def test_what_is_heavy_to_carry_is_worth_more(count):
    size = 1 << 20
    carry_s = count * size * CARRY_S_PER_BYTE
    assert is_worth_it(count, size, True, (LATE_WORTH_S + 0.9 * carry_s) / count, None)
    assert not is_worth_it(count, size, True, (LATE_WORTH_S + 1.1 * carry_s) / count, None)


@given(tuples, st.floats(0, 1e9), known_s, known_s)
def test_who_is_late_never_does_more_than_who_is_not(count, size, here_s, said_s):
    if is_worth_it(count, size, True, here_s, said_s):
        assert is_worth_it(count, size, False, here_s, said_s)


@given(st.booleans(), tuples, st.floats(0, 1e6), seconds, seconds, known_s)
def test_slower_tuples_are_never_worth_more(late, count, size, a, b, said_s):
    quick, slow = sorted((a, b))
    if is_worth_it(count, size, late, slow, said_s):
        assert is_worth_it(count, size, late, quick, said_s)


@pytest.mark.parametrize(
    ("depth", "barred", "short", "hurried", "worth", "here"),
    [
        (DEEP, False, True, False, True, False),
        (0, True, True, False, True, False),
        (DEEP - 1, False, True, True, False, True),
        (0, False, False, False, False, True),
        (0, False, False, True, True, True),
        (0, False, False, True, False, False),
    ],
)
def test_local_first(depth, barred, short, hurried, worth, here):
    assert runs_here(depth, barred, short, hurried, worth) is here


@given(st.integers(0, 2 * DEEP), *[st.booleans()] * 4)
def test_nothing_is_offered_while_nobody_is_hungry_and_nothing_barred_runs(
    depth, barred, short, hurried, worth
):
    here = runs_here(depth, barred, short, hurried, worth)
    if barred or depth >= DEEP:
        assert not here
    elif not hurried:
        assert here


@pytest.mark.parametrize(
    ("late", "left_s", "heavy", "repeating", "gives"),
    [
        (True, 1.1 * LATE_WORTH_S, False, False, True),
        (True, LATE_WORTH_S, False, False, False),
        (False, 9.0, False, False, False),
        (False, 0.0, True, False, True),
        (True, 9.0, True, True, False),
    ],
)
def test_a_late_task_gives_back_what_is_worth_it(late, left_s, heavy, repeating, gives):
    assert gives_back(late, 8, left_s / 8, heavy, repeating) is gives


@given(st.booleans(), tuples, seconds, st.booleans())
def test_what_an_earlier_holder_has_committed_is_never_given_back(late, left, service_s, heavy):
    assert not gives_back(late, left, service_s, heavy, repeating=True)
    if heavy:
        assert gives_back(late, left, service_s, heavy, repeating=False)
