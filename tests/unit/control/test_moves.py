"""What a rank does next: it sleeps only if nothing is left to do, and never longer than it may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.moves import (
    ASK,
    AWAKE_S,
    BACKOFF_S,
    BLOCKED_S,
    HOLD,
    LISTEN,
    LOOK,
    SLEEP,
    STATS,
    WAIT,
    WORK,
    Facts,
    Move,
    What,
    next_move,
    soonest,
    stats_due,
)

NOW = 100.0
QUIET = Facts(
    receiving=False,
    on_its_way=False,
    in_line=False,
    blocked=False,
    listens=False,
    active_at=NOW - 10,
    heard_at=NOW - 10,
    stats_at=NOW - 5,
    stats_s=1.0,
    linger_s=0.5,
)
moments = st.floats(NOW - 20, NOW)
facts = st.builds(
    Facts,
    *[st.booleans()] * 5,
    moments,
    moments,
    moments,
    st.floats(0, 5),
    st.floats(0, 5),
    *[st.booleans()] * 3,
)


@pytest.mark.parametrize(
    ("of_the_rank", "move"),
    [
        ({}, SLEEP),
        ({"receiving": True}, LOOK),
        ({"on_its_way": True}, WAIT),
        ({"in_line": True}, WORK),
        ({"in_line": True, "blocked": True}, ASK),
        ({"listens": True}, SLEEP),
        ({"listens": True, "heard_at": NOW - 0.9 * AWAKE_S}, LISTEN),
        ({"heard_at": NOW}, SLEEP),
        ({"looks": True}, WORK),
        ({"looks": True, "held_off": True}, HOLD),
        ({"held_off": True}, SLEEP),
        ({"to_park": True, "receiving": True}, WORK),
        # statistics
        ({"active_at": NOW, "stats_at": NOW - 5}, Move(What.SLEEP, 0.5)),
        ({"active_at": NOW - 0.125, "stats_at": NOW - 0.25}, Move(What.SLEEP, 0.75)),
        ({"active_at": NOW - 0.6, "stats_at": NOW - 2}, STATS),
        ({"active_at": NOW - 0.5, "stats_at": NOW - 2}, STATS),
        ({"active_at": NOW - 5, "stats_at": NOW - 5}, SLEEP),
        # the order of the reasons
        ({"receiving": True, "on_its_way": True, "in_line": True, "looks": True}, LOOK),
        ({"on_its_way": True, "in_line": True, "looks": True}, WAIT),
        ({"in_line": True, "blocked": True, "looks": True}, ASK),
        ({"listens": True, "active_at": NOW, "looks": True}, LISTEN),
    ],
)
def test_the_first_reason_that_holds_counts(of_the_rank, move):
    assert next_move(QUIET._replace(**of_the_rank), NOW) == move


def test_a_rank_listens_for_a_while_and_looks_less_and_less_often():
    heard = QUIET._replace(listens=True, heard_at=0.0, active_at=-1.0, stats_at=0.0)
    assert next_move(heard, 0.99 * AWAKE_S) == LISTEN
    assert next_move(heard, AWAKE_S) == SLEEP
    assert LISTEN.sleep_s is not None
    assert BACKOFF_S[0] < LISTEN.sleep_s < BACKOFF_S[1]


@given(facts)
def test_a_rank_sleeps_on_its_bell_alone_only_if_nothing_is_left_that_no_bell_tells_of(rank):
    move = next_move(rank, NOW)
    if move == SLEEP:
        assert not any((rank.receiving, rank.on_its_way, rank.in_line, rank.looks, rank.to_park))
        assert rank.stats_at >= rank.active_at
    if move.what is What.SLEEP and move.sleep_s is not None:
        assert move.sleep_s > 0


@given(facts)
def test_work_is_done_if_there_is_any_and_nothing_is_on_its_way(rank):
    move = next_move(rank, NOW)
    if move == WORK:
        assert rank.to_park or rank.in_line or (rank.looks and not rank.held_off)
        assert not rank.stands
    if rank.in_line and not (rank.receiving or rank.on_its_way or rank.blocked or rank.stands):
        assert move == WORK


@given(facts)
def test_an_exchange_never_follows_itself_without_a_sleep_or_new_statistics(rank):
    move = next_move(rank, NOW)
    if move.what is What.EXCHANGE:
        after = rank._replace(stats_at=NOW) if move.with_stats else rank
        again = next_move(after, NOW)
        assert move.sleep_s == BLOCKED_S or again.what is not What.EXCHANGE


@given(facts)
def test_no_sleep_with_something_on_its_way_is_long(rank):
    move = next_move(rank, NOW)
    if rank.receiving or rank.on_its_way:
        assert move.sleep_s is not None
        assert move.sleep_s <= BACKOFF_S[1]


def test_statistics_go_out_from_time_to_time():
    assert not stats_due(10.0, 9.5, 0.5)
    assert stats_due(10.1, 9.5, 0.5)
    assert stats_due(10.0, 0.0, 0.5)


def test_the_soonest_of_some_sleeps():
    assert soonest([]) is None
    assert soonest([None, None]) is None
    assert soonest([0.2, None, 0.1]) == 0.1
    assert soonest([None, 0.0]) == 0.0
