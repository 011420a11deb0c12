"""A transaction is sealed when it is worth a commit, and rung for when nobody fetches it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.granularity import COMMIT_S, REDIS_SHARE
from hpcd4p.control.sealing import (
    COLLECT_S,
    HEAVY_BYTES,
    PARTIAL_TUPLES,
    RING_AFTER_S,
    RING_AGAIN_S,
    URGENT_RING_S,
    WINDOW_BYTES,
    commits_within,
    heavy_bytes,
    is_due,
    is_full,
    is_heavy,
    line_ends,
    linger_s,
    ring_after_s,
    rings,
)

seconds = st.floats(0, 1e3)


@given(st.integers(0, 1 << 50), st.integers(0, 20_000))
def test_a_transaction_may_hold_no_less_than_is_worth_a_commit_and_no_more_than_a_share(high_bytes, ranks):
    most = heavy_bytes(high_bytes, ranks)
    assert HEAVY_BYTES[0] <= most <= HEAVY_BYTES[1]
    if most > HEAVY_BYTES[0]:
        assert most * 2 * max(1, ranks) <= high_bytes


def test_a_transaction_is_heavy_with_many_tuples_or_many_bytes():
    assert not is_heavy(PARTIAL_TUPLES, 100.0, 100)
    assert is_heavy(PARTIAL_TUPLES + 1, 0.0, 100)
    assert is_heavy(1, 100.5, 100)


@given(st.integers(0, 10_000))
def test_ranks_that_hold_partitions_together_leave_redis_its_time(ranks):
    commits_per_s = (1 + ranks) / linger_s(ranks)
    assert commits_per_s * COMMIT_S <= REDIS_SHARE / 2
    assert linger_s(ranks, head=True) == max(linger_s(ranks), COLLECT_S)


def test_of_the_core_of_redis_they_take_an_eighth():
    assert 10 / linger_s(9) * COMMIT_S == pytest.approx(0.125)


@pytest.mark.parametrize(
    ("worked", "now", "due"),
    [
        # at work: a slice after its first tuple, which came at 10.0
        (True, 10.02, False),
        (True, 10.031, True),
        # with nothing more to do: a while after the one before, at 9.99
        (False, 9.995, False),
        (False, 10.011, True),
    ],
)
def test_what_is_finished_is_sealed_in_time(worked, now, due):
    assert is_due(worked, now, began=10.0, sealed_at=9.99, slice_s=0.03, linger_s=0.02) is due


@given(seconds, st.floats(0, 1), st.floats(1e-4, 1), st.floats(1e-6, 1))
def test_the_first_after_a_silence_is_sealed_at_once_and_no_rank_commits_more_often_than_its_share(
    before, slice_s, linger, more
):
    after = before + linger + more
    assert is_due(False, after, began=after, sealed_at=before, slice_s=slice_s, linger_s=linger)
    within = before + 0.99 * linger
    assert not is_due(False, within, began=within, sealed_at=before, slice_s=slice_s, linger_s=linger)
    assert not is_due(True, within, began=before, sealed_at=0.0, slice_s=slice_s, linger_s=linger)


def test_inside_a_long_task_an_earlier_transaction_is_committed():
    assert not commits_within(0.0, 0.01)
    assert not commits_within(0.01, 0.01)
    assert commits_within(0.011, 0.01)


@pytest.mark.parametrize(
    ("under_way", "size", "full"),
    [
        (0, 0.0, False),
        (1, WINDOW_BYTES, False),
        (1, WINDOW_BYTES + 1, True),
        (3, 0.0, False),
        (4, 0.0, True),
    ],
)
def test_no_more_is_under_way_than_may_be(under_way, size, full):
    assert is_full(under_way, size, 4) is full


@given(st.floats(0, 1e12), st.integers(1, 99))
def test_whoever_has_nothing_under_way_may_begin(size, most):
    assert not is_full(0, size, most)


@pytest.mark.parametrize(
    ("alert", "busy", "after_s"),
    [(True, True, 0.0), (True, False, 0.0), (False, True, RING_AFTER_S), (False, False, URGENT_RING_S)],
)
def test_who_waits_for_its_commit_rings_sooner(alert, busy, after_s):
    assert ring_after_s(alert, busy) == after_s


@pytest.mark.parametrize(
    ("now", "rung", "after_s", "due"),
    [
        (10.0, 0.0, 0.0, True),
        (10.0 + 0.9 * RING_AFTER_S, 0.0, RING_AFTER_S, False),
        (10.0 + 1.1 * RING_AFTER_S, 0.0, RING_AFTER_S, True),
        (11.0, 11.1 - RING_AGAIN_S, 0.0, False),
        (11.0, 10.9 - RING_AGAIN_S, 0.0, True),
    ],
)
def test_a_bell_is_rung_for_what_nobody_has_fetched(now, rung, after_s, due):
    assert rings(now, 10.0, rung, after_s) is due


def test_a_bell_is_rung_again_when_that_is_due_and_not_after_it():
    assert rings(RING_AGAIN_S, sealed=-1.0, rung=0.0, after_s=0.0)


@given(
    st.floats(0, 100), st.sampled_from([0.0, URGENT_RING_S, RING_AFTER_S]), st.lists(st.floats(0.001, 0.2))
)
def test_a_bell_is_rung_in_time_and_then_not_all_the_time(sealed, after_s, steps):
    now, rung = 100.0 + sealed, 0.0
    sealed = now
    for step in steps:
        now += step
        if rings(now, sealed, rung, after_s):
            assert now - sealed >= 0.999 * after_s
            assert not rung or now - rung >= 0.999 * RING_AGAIN_S
            rung = now
        else:
            assert now - max(rung, sealed + after_s - RING_AGAIN_S) < RING_AGAIN_S
    if now - sealed > after_s + 1e-6:
        assert rung


def test_a_line_is_left_after_its_time_or_when_the_transaction_is_heavy():
    assert not line_ends(10.01, 10.0, 0.02, heavy=False)
    assert line_ends(10.03, 10.0, 0.02, heavy=False)
    assert line_ends(10.0, 10.0, 0.02, heavy=True)
