"""What the pool's broker keeps of a snapshot: all that is not done, at one moment, enough to go on from."""

from __future__ import annotations

from hpcd4p.testing.conformance.worlds import BrokerWorld
from hpcd4p.transport.broker import Claim
from hpcd4p.wire.messages import Commit, Publication, Snapshot


def a_snapshot_has_the_tasks_that_are_not_done(world: BrokerWorld) -> None:
    world.publish((0, 2, b"done"), (0, 3, b"leased"), (1, 4, b"waits"))
    done, leased = world.take(4, [0]), world.take(5, [0])
    world.finish(4, done)
    seen = _snapshot(world)
    assert _tasks(seen) == [(0, 3, b"leased", 0, ()), (1, 4, b"waits", 0, ())]
    assert seen.pending == {0: 3, 1: 4}
    world.finish(5, leased)
    assert _tasks(_snapshot(world)) == [(1, 4, b"waits", 0, ())]


def a_snapshot_has_what_is_committed_of_a_task_and_who_died_with_it(world: BrokerWorld) -> None:
    world.publish((0, 1, b"a"))
    part = Commit(1)
    part.progress.append((0, world.take(4).id, (1, 20)))
    world[4].step(part)
    assert _tasks(_snapshot(world)) == [(0, 1, b"a", 0, (1, 20))]
    world[0].fence(4)
    assert _tasks(_snapshot(world)) == [(0, 1, b"a", 1, (1, 20))]


def what_a_snapshot_had_can_be_published_again(world: BrokerWorld) -> None:
    again = Commit(counts={0: 1})
    again.publish.append(Publication(0, 1, b"a", 2, (1, 20)))
    world[0].step(again)
    task = world.take(4)
    assert (task.payload, task.attempts, task.progress) == (b"a", 2, (1, 20))
    world.finish(4, task)
    world.publish((0, 1, b"another"))
    assert world.take(4).progress == ()


def a_snapshot_has_the_last_transaction_of_each_rank(world: BrokerWorld) -> None:
    for rank, tx in ((1, 7), (4, 2)):
        world[rank].step(Commit(tx, {2: 1}))
    committed = _snapshot(world).committed
    assert (committed.get(1), committed.get(4)) == (7, 2)


def a_snapshot_has_letters_and_statistics_and_leaves_them_there(world: BrokerWorld) -> None:
    commit = Commit(1)
    commit.dead.append(b"letter")
    commit.stats = {"n:0": 3}
    world[4].step(commit)
    for _ in range(2):
        seen = _snapshot(world)
        assert (seen.dead, seen.stats.fields) == ([b"letter"], {"n:0": 3})
    assert world[0].observe(alive=False).dead == [b"letter"]


def a_snapshot_has_the_owners_of_elements(world: BrokerWorld) -> None:
    assert _snapshot(world).owners == {}
    assert world[4].claim(1, Claim.REAL)
    assert _snapshot(world).owners == {1: 4}


def _snapshot(world: BrokerWorld) -> Snapshot:
    return world[0].snapshot()


def _tasks(seen: Snapshot) -> list[tuple[int, int, bytes, int, tuple[int, ...]]]:
    return sorted((e, tuples, bytes(payload), a, p) for e, tuples, payload, a, p, *_ in seen.tasks)
