"""What moves from a rank that is behind, and that it always helps."""

from __future__ import annotations

import random

import pytest

from hpcd4p.control.behind import BEHIND, LINE_S, TELL_BUSY, TELL_EVERY_S, is_behind, tells
from hpcd4p.control.dealing import (
    CALM_S,
    FRESH_S,
    LEAST_PART,
    MOST_AT_ONCE,
    MOST_MOVES,
    MOST_TARGETS,
    Deal,
    Dealer,
    Places,
)
from hpcd4p.wire.reports import Load

NOW = 100.0


def loaded(rank, shares, line_s=10.0, busy=1.0, on_core=0.0, queued=0.0):
    return Load(rank, busy, on_core, queued, line_s, [(1, p, share) for p, share in shares.items()])


def places(owners, free=(), been=None, stays=lambda element: "", ranks=8):
    hosts = sorted(set(owners.values()))
    return Places({(1, p): r for p, r in owners.items()}, been or {}, hosts, free, stays, ranks)


def decide(load, where, *others, now=NOW):
    dealer = Dealer()
    for each in (*others, load):
        dealer.heard(each, now)
    return {(deal.partition, deal.target) for deal in dealer.decide(where, now)}


TWO_HOT = {0: 0.5, 1: 0.0, 2: 0.5}
ON_ONE = dict.fromkeys(range(4), 1)


# ---- whether a rank is behind, and says so


def test_a_rank_is_behind_if_it_has_been_busy_and_more_is_in_line_than_passes_by_itself():
    assert is_behind(BEHIND, LINE_S)
    assert not is_behind(BEHIND - 0.01, LINE_S)
    assert not is_behind(1.0, LINE_S - 0.01)


def test_a_rank_that_is_behind_says_so_each_time_and_others_now_and_then_or_never():
    assert tells(1.0, LINE_S, 0.0)
    assert tells(TELL_BUSY, 0.0, TELL_EVERY_S)
    assert not tells(TELL_BUSY, 0.0, TELL_EVERY_S - 0.01)
    assert not tells(TELL_BUSY - 0.01, 100.0, 1000.0)


# ---- what moves


def test_of_two_hot_partitions_one_moves_to_a_rank_that_has_room():
    assert decide(loaded(1, TWO_HOT), places(ON_ONE, free=[3, 4])) == {(0, 3)}


def test_a_deal_tells_what_was_measured():
    dealer = Dealer()
    dealer.heard(loaded(1, TWO_HOT, line_s=2.5, busy=0.95), NOW)
    (deal,) = dealer.decide(places(ON_ONE, free=[3]), NOW)
    assert deal[:4] == (1, 0, 1, 3)
    assert (deal.share, deal.busy, deal.line_s) == (0.5, 0.95, 2.5)


def test_ranks_that_hold_partitions_and_have_little_load_come_first():
    where = places({**ON_ONE, 3: 2}, free=[3])
    assert decide(loaded(1, TWO_HOT, line_s=LINE_S), where) == {(0, 2)}


def test_of_those_the_one_with_the_least_load():
    where = places({0: 1, 1: 1, 2: 2, 3: 3})
    others = loaded(2, {2: 0.4}, 0.0, 0.4), loaded(3, {3: 0.1}, 0.0, 0.4)
    assert decide(loaded(1, {0: 0.5, 1: 0.5}, line_s=LINE_S), where, *others) == {(0, 3)}


def test_a_single_hot_partition_stays_and_the_others_leave_it():
    assert decide(loaded(1, {0: 0.7, 1: 0.1, 2: 0.1, 3: 0.1}), places(ON_ONE, free=[3])) == {
        (1, 3),
        (2, 3),
        (3, 3),
    }


def test_one_that_is_alone_is_not_split():
    assert not decide(loaded(1, {0: 1.0}), places(ON_ONE, free=[3]))


def test_an_even_load_goes_to_several_ranks_at_once_if_much_is_in_line():
    where = places(dict.fromkeys(range(20), 1), free=[2, 3, 4, 5, 6, 7])
    load = dict.fromkeys(range(20), 0.05)
    got = decide(loaded(1, load), where)
    assert {target for _, target in got} == {2, 3, 4, 5}
    assert len(got) == 16
    assert {target for _, target in decide(loaded(1, load, line_s=2.1 * LINE_S), where)} == {2, 3}


def test_nothing_moves_where_nobody_has_room():
    where = places({**ON_ONE, 3: 2})
    busy = loaded(2, {3: 0.9}, 0.4)
    assert not decide(loaded(1, TWO_HOT), where, busy)
    assert not decide(loaded(1, TWO_HOT), places(ON_ONE))


def test_what_a_rank_said_long_ago_counts_no_longer():
    where = places({**ON_ONE, 3: 2})
    dealer = Dealer()
    dealer.heard(loaded(2, {3: 0.9}, 0.4, 0.9), NOW)
    dealer.heard(loaded(1, {0: 0.3, 1: 0.3, 2: 0.4}), NOW + FRESH_S + 1)
    assert dealer.decide(where, NOW + FRESH_S + 1)


def test_nothing_moves_where_cores_are_lacking():
    assert not decide(loaded(1, TWO_HOT, on_core=0.5, queued=0.5), places(ON_ONE, free=[3]))


def test_a_rank_that_mostly_sleeps_does_not_lack_cores():
    assert decide(loaded(1, TWO_HOT, on_core=0.05, queued=0.4), places(ON_ONE, free=[3]))


def test_what_stays_is_not_asked_for_twice_and_does_not_move():
    where = places(ON_ONE, free=[3], stays=lambda element: "it shares a thing")
    assert not decide(loaded(1, TWO_HOT), where)


def test_a_partition_never_comes_back_to_a_rank_and_moves_a_few_times_at_most():
    assert decide(loaded(2, TWO_HOT), places({0: 2, 2: 2}, free=[1], been={(1, 0): [1]})) == {(2, 1)}
    worn = {(1, 0): [5] * MOST_MOVES, (1, 2): [5] * MOST_MOVES}
    assert not decide(loaded(2, TWO_HOT), places({0: 2, 2: 2}, free=[3], been=worn))


def test_after_a_move_its_ranks_are_left_alone_until_its_effect_shows():
    dealer = Dealer()
    dealer.moved(Deal(1, 0, 1, 3, ""), NOW)
    where = places(ON_ONE, free=[3])
    for after, moves in ((CALM_S / 2, False), (CALM_S, True)):
        dealer.heard(loaded(1, TWO_HOT), NOW + after)
        assert bool(dealer.decide(where, NOW + after)) is moves


def test_what_a_rank_has_told_is_decided_on_once():
    dealer = Dealer()
    dealer.heard(loaded(1, TWO_HOT), NOW)
    assert dealer.wants
    assert dealer.decide(places(ON_ONE, free=[3]), NOW)
    assert not dealer.wants
    assert not dealer.decide(places(ON_ONE, free=[3]), NOW)


def test_few_move_at_once_where_each_is_told_to_very_many_ranks():
    load, owners = dict.fromkeys(range(100), 0.01), dict.fromkeys(range(100), 1)
    free = [2, 3, 4, 5, 6, 7]
    assert len(decide(loaded(1, load), places(owners, free))) == MOST_AT_ONCE
    # two of a hundred would not be seen
    assert not decide(loaded(1, load), places(owners, free, ranks=2000))


def test_the_reason_names_the_rank_and_what_it_had_to_do():
    dealer = Dealer()
    dealer.heard(loaded(1, TWO_HOT, 2.0, 0.97), NOW)
    (deal,) = dealer.decide(places(ON_ONE, free=[3]), NOW)
    assert deal.why == "rank 1 was busy for 97 % of the time, 2.0 s of work were in line, and others had room"


@pytest.mark.parametrize("seed", range(300))
def test_whatever_the_loads_a_move_makes_the_largest_smaller(seed):
    dice = random.Random(seed)
    ranks = range(1, dice.randrange(3, 9))
    owners = {p: dice.choice(ranks) for p in range(dice.randrange(2, 60))}
    weight = {p: dice.random() ** dice.choice((1, 4, 16)) for p in owners}
    loads = {}
    for rank in ranks:
        own = {p: weight[p] for p, r in owners.items() if r == rank}
        part = dice.choice((0.05, 0.4, 1.0))
        total = sum(own.values()) or 1.0
        loads[rank] = {p: part * w / total for p, w in own.items()}
    behind = max(ranks, key=lambda r: sum(loads[r].values()))
    dealer = Dealer()
    for rank, shares in loads.items():
        line_s = 5.0 if rank == behind else 0.0
        dealer.heard(loaded(rank, shares, line_s, max(0.3, sum(shares.values()))), NOW)
    free = list(range(20, 20 + dice.randrange(4)))
    deals = dealer.decide(places(owners, free), NOW)
    before = sum(loads[behind].values())
    after = {rank: dict(shares) for rank, shares in loads.items()} | {rank: {} for rank in free}
    for deal in deals:
        assert deal.source == behind != deal.target
        after[deal.target][deal.partition] = after[behind].pop(deal.partition)
    assert len({deal.target for deal in deals}) <= MOST_TARGETS
    assert len({deal.partition for deal in deals}) == len(deals) <= MOST_AT_ONCE
    if deals:
        touched = {behind, *(deal.target for deal in deals)}
        assert max(sum(after[r].values()) for r in touched) <= before * (1 - LEAST_PART) + 1e-9
