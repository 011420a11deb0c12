"""When checkpoints are due, and what they may cost."""

from __future__ import annotations

import pytest

from hpcd4p.control.cutting import (
    AGAIN,
    FIRST_S,
    LAST_SETTLE_S,
    MOST_CHANGES,
    OVERHEAD,
    SETTLE_S,
    Patience,
    cost,
    first_due,
    likely_bytes,
    next_due,
)


def test_auto_makes_none_in_the_first_seconds():
    assert first_due(None, 100.0) == 100.0 + FIRST_S
    assert first_due(0.5, 100.0) == 100.5


@pytest.mark.parametrize(("cost_s", "pause_s"), [(0.01, FIRST_S), (0.2, FIRST_S), (1.0, 50.0), (20.0, 1e3)])
def test_auto_keeps_what_the_last_one_has_cost_below_its_share(cost_s, pause_s):
    due = next_due(None, 100.0, 99.0, cost_s, 0)
    assert due == pytest.approx(100.0 + pause_s)
    assert cost_s / (due - 100.0) <= OVERHEAD + 1e-9


def test_a_number_of_seconds_counts_from_begin_to_begin():
    assert next_due(5.0, 102.0, 100.0, 1.0, 0) == 105.0
    assert next_due(5.0, 107.0, 100.0, 1.0, 0) == 107.0


def test_one_that_was_given_up_is_tried_again_later_and_later():
    waits = [next_due(5.0, 0.0, 0.0, 0.0, tries) for tries in range(1, 10)]
    assert waits[0] == 2.0
    assert waits == sorted(waits)
    assert waits[-1] == waits[-2]


@pytest.mark.parametrize(
    ("ranks", "seconds"), [([], 0.0), ([(0.01, 2.0), (0.5, 0.1)], 2.01), ([(0.5, 0.0), (0.1, 0.3)], 0.5)]
)
def test_a_checkpoint_costs_what_it_has_cost_its_slowest_rank(ranks, seconds):
    assert cost(ranks) == seconds


def test_the_next_file_is_likely_to_be_like_the_last_unless_all_is_written_again():
    assert likely_bytes([1000]) == 1000
    assert likely_bytes([1000, 30]) == 30
    assert likely_bytes([1000, 300, 30]) == 30
    assert likely_bytes([1000, 600, 600]) == 1000, "changes of more than that are written no more"
    assert likely_bytes([1000, *[1] * MOST_CHANGES]) == 1000


def test_ranks_wait_longer_for_tuples_that_take_long_and_shorter_again_when_they_do_not():
    patience = Patience()
    assert (patience.settle_s(), patience.settle_s(last=True)) == (SETTLE_S, LAST_SETTLE_S)
    waits = []
    for _ in range(10):
        patience.was_too_short()
        waits.append(patience.settle_s())
    assert waits[:3] == [2 * SETTLE_S, 4 * SETTLE_S, 8 * SETTLE_S]
    assert waits[-1] == waits[-2] == 64 * SETTLE_S
    patience.was_enough(1.9 * SETTLE_S)
    assert patience.settle_s() == 4 * SETTLE_S
    patience.was_enough(0.0)
    assert patience.settle_s() == SETTLE_S


def test_one_that_was_given_up_is_paid_for_before_the_next():
    assert next_due(5.0, 10.0, 2.0, 8.0, 1) == 10.0 + AGAIN * 8.0
    assert next_due(None, 10.0, 2.0, 8.0, 1) == 10.0 + 8.0 / OVERHEAD
