from __future__ import annotations

import pytest

from hpcd4p.live.ranks import MOST_ALONE, MOST_GROUPS, Facts, RankStates, Sight, State, ranges

NOBODY: frozenset[int] = frozenset()

POOL, STATEFUL = 2, 1


def sight(idle=(), parked=(), lost=(), left=(), committed=None, unfinished=()) -> Sight:
    return Sight(
        frozenset(idle), frozenset(parked), frozenset(lost), frozenset(left), committed or {}, set(unfinished)
    )


def states(size: int = 3) -> RankStates:
    return RankStates(size, range(POOL, size), 0.0)


@pytest.mark.parametrize(
    ("rank", "seen", "state"),
    [
        (0, sight(), State.LEADING),
        (POOL, sight(), State.WORKING),
        (POOL, sight(idle=[POOL]), State.IDLE),
        (POOL, sight(idle=[POOL], committed={POOL: 3}), State.WORKING),  # it has done something since
        (POOL, sight(parked=[POOL]), State.PARKED),
        (POOL, sight(lost=[POOL], parked=[POOL]), State.LOST),
        (POOL, sight(left=[POOL]), State.LEFT),
        (STATEFUL, sight(), State.IDLE),
        (
            STATEFUL,
            sight(parked=[STATEFUL], committed={STATEFUL: 1}),
            State.WORKING,
        ),  # it lends itself no more
        (STATEFUL, sight(unfinished=[STATEFUL]), State.UNCLEAR),
        (STATEFUL, sight(unfinished=[STATEFUL], committed={STATEFUL: 1}), State.WORKING),
    ],
)
def test_what_a_rank_does_follows_from_what_is_seen(rank, seen, state):
    seen_by = states()
    seen_by.look(seen, 1.0)
    assert seen_by.state(rank) is state


def test_one_process_works():
    alone = RankStates(1, (), 0.0)
    alone.look(sight(), 1.0)
    assert alone.state(0) is State.WORKING


def test_since_when_it_does_it_and_has_committed_nothing():
    seen = states()
    facts = [Facts("pool")] * 3
    for now, committed in ((1.0, 5), (2.0, 5), (3.0, 6), (9.0, 6)):
        seen.look(sight(committed={POOL: committed}), now)
    assert seen.rows(facts, 10.0)[POOL].since_s == 7.0


def test_few_ranks_have_a_row_each():
    rows = states(MOST_ALONE).rows([Facts("pool")] * MOST_ALONE, 1.0)
    assert [row.ranks for row in rows] == [str(rank) for rank in range(MOST_ALONE)]


def grouped(size: int, hosts: int, idle=()) -> list:
    seen = states(size)
    seen.look(sight(idle=idle), 1.0)
    seen.look(sight(idle=idle, committed={7: 1}), 5.0)
    roles = {0: "head", STATEFUL: "stateful"}
    facts = [Facts(roles.get(r, "pool"), f"n{r % hosts}", memory_bytes=r) for r in range(size)]
    return seen.rows(facts, 6.0)


def test_many_are_together_where_role_state_and_host_are_alike():
    rows = grouped(100, 2, idle=range(50, 100))
    assert [(row.ranks[:7], row.count, row.role, row.state, row.host) for row in rows] == [
        ("0", 1, "head", "leading", "n0"),
        ("1", 1, "stateful", "idle", "n1"),
        ("2,4,6,8", 24, "pool", "working", "n0"),
        ("3,5,7,9", 24, "pool", "working", "n1"),
        ("50,52,5", 25, "pool", "idle", "n0"),
        ("51,53,5", 25, "pool", "idle", "n1"),
    ]


def test_of_a_group_the_longest_and_the_most_are_told():
    row = grouped(100, 2, idle=range(50, 100))[3]
    assert (row.since_rank, row.since_s, row.memory_bytes) == (3, 5.0, 49)


def test_with_too_many_hosts_they_are_together_on_any_host():
    rows = grouped(400, 200)
    assert len(rows) <= MOST_GROUPS
    assert sum(row.count for row in rows) == 400
    assert {row.host for row in rows if row.count > 1} == {""}


def test_numbers_that_have_no_room_are_marked():
    assert ranges(list(range(0, 1000, 2)), 20) == "0,2,4,6,8,10,12,..."
    assert ranges(list(range(5)), 20) == "0-4"
