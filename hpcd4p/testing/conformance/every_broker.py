"""What every broker keeps, with a pool or without: counts, statistics, letters, orders, congestion, waits.

What one rank tells, another may see a little later; so all that is seen is waited for.
"""

from __future__ import annotations

from hpcd4p.testing.conformance.worlds import BrokerWorld
from hpcd4p.transport.broker import Heard
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.orders import Finish, Order, Stop
from hpcd4p.wire.statistics import Statistics


def counts_add_up_over_all_ranks(world: BrokerWorld) -> None:
    for rank, delta in ((0, 5), (1, -2), (2, -1)):
        assert world[rank].step(Commit(1, {1: delta, 2: 1})).accepted
    world.until(lambda: world.pending() == {1: 2, 2: 3})


def a_count_that_is_nothing_is_not_told(world: BrokerWorld) -> None:
    world[1].step(Commit(1, {1: 3}))
    world[2].step(Commit(1, {1: -3, 2: 1}))
    world.until(lambda: world.pending() == {2: 1})


def what_is_committed_together_is_seen_together(world: BrokerWorld) -> None:
    for tx in range(1, 6):
        commit = Commit(tx, {1: 1, 2: 10})
        commit.stats = {"n:1": 100}
        commit.dead.append(b"letter")
        world[1].step(commit)
    letters = done = 0

    def seen_together() -> bool:
        nonlocal letters, done
        seen = world[0].observe(alive=False)
        letters += len(seen.dead)
        done = seen.committed.get(1, 0)
        assert letters == done
        assert seen.pending == ({1: done, 2: 10 * done} if done else {})
        assert seen.stats == Statistics({"n:1": 100 * done} if done else {})
        return done == 5

    world.until(seen_together)


def the_last_transaction_of_each_rank_is_known(world: BrokerWorld) -> None:
    world[1].step(Commit(3))
    world[1].step(Commit())  # a look commits nothing
    assert world[2].wait(0.0) == Heard.SILENT  # it has connected, and done nothing yet
    world.until(lambda: world[0].observe(alive=False).committed.get(1) == 3)
    committed = world[0].observe(alive=False).committed
    assert (committed[0], committed[2]) == (0, 0)


def statistics_add_up(world: BrokerWorld) -> None:
    for rank in (1, 2):
        commit = Commit(1)
        commit.stats = {"n:1": 10, "u:1": 5000, "f:1": 1}
        world[rank].step(commit)
    expected = Statistics({"n:1": 20, "u:1": 10_000, "f:1": 2})
    world.until(lambda: world[0].observe(alive=False).stats == expected)


def a_look_without_statistics_has_all_the_rest(world: BrokerWorld) -> None:
    commit = Commit(1, {0: 2})
    commit.stats = {"n:0": 5}
    world[1].step(commit)
    world.until(lambda: world[0].observe(alive=False, stats=False).pending == {0: 2})
    assert world[0].observe(alive=False, stats=False).committed[1] == 1
    assert world[0].observe(alive=False).stats == Statistics({"n:0": 5})


def the_head_is_rung_when_a_count_falls_to_nothing(world: BrokerWorld) -> None:
    world[1].step(Commit(1, {1: 2}))
    world[1].step(Commit(2, {1: -1}))
    assert world.rung(0) == []
    world[1].step(Commit(3, {1: -1}))
    assert world.hears(0)


# ---- what the head hears


def dead_letters_reach_the_head_once_with_a_bell(world: BrokerWorld) -> None:
    commit = Commit(1)
    commit.dead += [b"\xff1", b"2"]
    world[1].step(commit)
    assert world.hears(0)
    assert world[0].observe(alive=False).dead == [b"\xff1", b"2"]
    assert world[0].observe(alive=False).dead == []


def many_dead_letters_come_in_parts(world: BrokerWorld) -> None:
    commit = Commit(1)
    commit.dead += [b"%d" % i for i in range(500)]
    world[1].step(commit)
    assert world.hears(0)
    parts = [world[0].observe(alive=False).dead for _ in range(500)]
    assert [letter for part in parts for letter in part] == commit.dead
    assert max(map(len, parts)) < 500


def reports_reach_the_head_once_with_a_bell(world: BrokerWorld) -> None:
    world[0].step(Commit())
    expected = [world.report(1, "of 1")]
    assert world.hears(0)
    expected.append(world.report(2, "of 2"))
    fetched: list[bytes] = []

    def both() -> bool:
        fetched.extend(world[0].observe(alive=False).reports)
        return len(fetched) >= 2

    world.until(both)
    assert fetched == expected
    assert world[0].observe(alive=False).reports == []


def a_look_may_leave_letters_and_reports_where_they_are(world: BrokerWorld) -> None:
    report = world.report(1, "of 1")
    commit = Commit(1)
    commit.dead.append(b"letter")
    world[1].step(commit)
    world.until(lambda: world[0].observe(alive=False, fetch=False).committed.get(1) == 1)
    seen = world[0].observe(alive=True, fetch=False)
    assert (seen.dead, seen.reports) == ([], [])
    seen = world[0].observe(alive=False)
    assert (seen.dead, seen.reports) == ([b"letter"], [report])


def who_is_connected_is_alive(world: BrokerWorld) -> None:
    for rank in (0, 1, 2):
        world[rank].step(Commit())
    alive = world[0].observe(alive=True).alive
    assert alive is not None
    assert alive >= {0, 1, 2}
    assert world[0].observe(alive=False).alive is None


# ---- orders and bells


def orders_come_once_and_in_order_with_a_bell(world: BrokerWorld) -> None:
    world[0].order([1, 2], Finish(1))
    world[0].order([1], Stop(0, lost=True))
    for rank, expected in ((1, [Finish(1), Stop(0, lost=True)]), (2, [Finish(1)])):
        assert world.hear(rank) is Heard.BELL
        got = _orders(world, rank, len(expected))
        assert got == expected
        world.quiet(rank)
        assert world[rank].step(Commit()).orders == []


def an_order_is_for_nobody_else(world: BrokerWorld) -> None:
    assert world[2].step(Commit()).orders == []
    world[0].order([1], Finish(1))
    assert world.hears(1)
    assert world.rung(2) == []
    assert world[2].step(Commit()).orders == []
    assert _orders(world, 1, 1) == [Finish(1)]


def a_report_takes_no_order_away(world: BrokerWorld) -> None:
    world[0].order([1], Finish(1))
    assert world.hears(1)
    world.report(1, "of 1")
    world.report(1, "another")
    assert _orders(world, 1, 1) == [Finish(1)]


def _orders(world: BrokerWorld, rank: int, count: int) -> list[Order]:
    got: list[Order] = []

    def all_here() -> bool:
        got.extend(world[rank].step(Commit()).orders)
        return len(got) >= count

    world.until(all_here)
    return got


def a_wait_ends_by_itself(world: BrokerWorld) -> None:
    for rank in (0, 1):
        assert world[rank].wait(0.0) == Heard.SILENT
        assert world[rank].wait(0.0004) == Heard.SILENT


def the_head_may_wake_itself(world: BrokerWorld) -> None:
    world[0].wake()
    assert world.hear(0) is Heard.BELL
    assert world.rung(0) == []


# ---- congestion


def what_is_congested_is_known_to_all_until_every_rank_is_relieved(world: BrokerWorld) -> None:
    world[1].step(Commit(), Ask(congest=[1, 2]))
    world[2].step(Commit(), Ask(congest=[1]))
    _all_know(world, {1, 2})
    world[1].step(Commit(), Ask(relieve=[1, 2]))
    _all_know(world, {1})
    world[2].step(Commit(), Ask(relieve=[1]))
    _all_know(world, set())


def congestion_that_comes_and_goes_leaves_the_last_word(world: BrokerWorld) -> None:
    for _ in range(50):
        world[3].step(Commit(), Ask(congest=[1]))
        world[3].step(Commit(), Ask(relieve=[1]))
    world[3].step(Commit(), Ask(congest=[3]))
    _all_know(world, {3})
    world[3].step(Commit(), Ask(relieve=[3]))
    _all_know(world, set())


def _all_know(world: BrokerWorld, elements: set[int]) -> None:
    world.until(lambda: all(world[rank].step(Commit()).congested == elements for rank in range(4)))
