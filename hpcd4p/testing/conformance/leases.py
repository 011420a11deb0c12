"""What the pool's broker keeps of leases: who is lost is refused, and what it had in hand comes back."""

from __future__ import annotations

from hpcd4p.testing.conformance.worlds import MAX_ATTEMPTS, STREAMS, BrokerWorld
from hpcd4p.wire.ask import Ask, Availability
from hpcd4p.wire.messages import Commit, Observation, Publication


def a_fenced_rank_is_refused_and_nothing_of_its_commit_is_seen(world: BrokerWorld) -> None:
    world.publish((0, 2, b"a"))
    task = world.take(4)
    assert world[0].fence(4) == (0, [])
    world.quiet(0, 5)
    before = _seen(world)
    commit = Commit(9, {0: -2, 1: 7})
    commit.done.append((task.element, task.id))
    commit.progress.append((0, task.id, (1, 2)))
    commit.publish.append(Publication(1, 7, b"never"))
    commit.dead.append(b"letter")
    commit.stats = {"n:0": 2}
    reply = world[4].step(commit, Ask(take=STREAMS, ring=[5], congest=[2]))
    assert not reply.accepted
    assert reply.task is None
    assert _seen(world) == before
    assert world.rung(0, 5) == []
    assert world[5].step(Commit()).congested == frozenset()
    again = world.take(5)
    assert (again.payload, again.attempts, again.progress) == (b"a", 1, ())


def _seen(world: BrokerWorld) -> Observation:
    """All that the head sees at a look; it looks into the books at some only."""
    return world[0].observe(alive=False)._replace(books=None)


def a_fenced_rank_stays_refused(world: BrokerWorld) -> None:
    assert world[4].step(Commit(1)).accepted
    world[0].fence(4)
    assert [world[4].step(Commit(tx)).accepted for tx in (0, 2, 3)] == [False] * 3


def fencing_tells_the_last_committed_transaction(world: BrokerWorld) -> None:
    world[4].step(Commit(17))
    assert world[0].fence(4)[0] == 17
    assert world[0].fence(5)[0] == 0


def fencing_one_rank_leaves_the_leases_of_others(world: BrokerWorld) -> None:
    world.publish((0, 1, b"a"), (0, 1, b"b"))
    world.take(4)
    mine = world.take(5)
    world[0].fence(4)
    assert world.take(6).payload == b"a"
    assert world.look_for(6) is None
    assert world.finish(5, mine).accepted


def what_is_finished_before_an_earlier_task_does_not_come_back(world: BrokerWorld) -> None:
    world.publish(*((0, 1, payload) for payload in (b"a", b"b", b"c", b"d")))
    tasks = [world.take(4) for _ in "abcd"]
    world.finish(4, tasks[2])
    world.finish(4, tasks[0])
    world[0].fence(4)
    assert {world.take(5).payload for _ in "bd"} == {b"b", b"d"}
    assert world.look_for(5) is None


def progress_is_that_of_the_task_that_it_is_told_of(world: BrokerWorld) -> None:
    world.publish(*((0, 1, payload) for payload in (b"a", b"b", b"c")))
    first, _, third = (world.take(4) for _ in "abc")
    commit = Commit(1, {0: -1})
    commit.done.append((0, first.id))
    commit.progress.append((0, third.id, (1, 20)))
    world[4].step(commit)
    world[0].fence(4)
    again = [world.take(5) for _ in "bc"]
    assert {task.payload: task.progress for task in again} == {b"b": (), b"c": (1, 20)}


def a_task_keeps_its_progress_over_the_death_of_its_rank(world: BrokerWorld) -> None:
    world.publish((0, 1, b"a"))
    for rank, progress in ((4, (1, 20, 300)), (5, (2, 40, 600))):
        task = world.take(rank)
        part = Commit(1)
        part.progress.append((0, task.id, progress))
        world[rank].step(part)
        world[0].fence(rank)
        assert world[0].observe(alive=False).tasks == 1
        if rank == 5:
            again = world.take(6)
            assert (again.attempts, again.progress) == (2, progress)
            world.finish(6, again)
    world.publish((0, 1, b"another"))
    assert world.take(6).progress == ()


def a_task_whose_ranks_die_too_often_is_given_up_and_still_counts(world: BrokerWorld) -> None:
    world.publish((0, 3, b"killer"), (1, 1, b"innocent"))
    for rank in (4, 5):
        world.take(rank, [0])
        assert world[0].fence(rank)[1] == []
    world.take(6, [0])
    given_up = world[0].fence(6)[1]
    assert len(given_up) == 1
    task = given_up[0]
    assert (task.element, task.tuples, task.payload, task.attempts) == (0, 3, b"killer", MAX_ATTEMPTS)
    assert world.look_for(7, [0]) is None
    assert world.pending() == {0: 3, 1: 1}
    world.finish(0, task)  # as the head does, with a dead letter
    assert world.pending() == {1: 1}
    assert world.take(7).payload == b"innocent"


def when_a_rank_is_fenced_its_tasks_ring_the_idle(world: BrokerWorld) -> None:
    world.publish((0, 1, b"a"))
    world.take(4)
    assert world.look_for(5) is None
    world[0].fence(4)
    assert world.hears(5)


def a_bell_for_a_rank_that_dies_before_it_looks_rings_another(world: BrokerWorld) -> None:
    world.look_for(4)
    world.look_for(5)
    world.publish((0, 1, b"a"))  # rings 4
    world[0].fence(4)
    assert world.hears(5)
    assert world.take(5).payload == b"a"


def a_fenced_rank_is_not_idle(world: BrokerWorld) -> None:
    world.look_for(4)
    assert world[0].observe(alive=False).idle == {4}
    world[0].fence(4)
    assert world[0].observe(alive=False).idle == frozenset()


def a_parked_rank_that_dies_is_not_parked_any_more(world: BrokerWorld) -> None:
    world[4].step(Commit(), Ask(availability=Availability.PARKS))
    assert world[0].observe(alive=False).parked == {4}
    world[0].fence(4)
    assert world[0].observe(alive=False).parked == frozenset()


def a_lost_rank_claims_nothing(world: BrokerWorld) -> None:
    world[4].step(Commit())
    world[0].fence(4)
    assert not world[4].claim(1)
    assert world[5].claim(1)


def who_has_left_is_not_alive(world: BrokerWorld) -> None:
    for rank in (0, 4, 5):
        world[rank].step(Commit())
    assert world[0].observe(alive=True).alive == frozenset({0, 4, 5})
    world.leave(4)
    world.until(lambda: world[0].observe(alive=True).alive == frozenset({0, 5}))


def a_task_keeps_who_died_beside_a_rank(world: BrokerWorld) -> None:
    commit = Commit(counts={0: 2})
    commit.publish = [Publication(0, 1, b"a", 1, (), "3 by SIGKILL, it seems"), Publication(0, 1, b"b", 1)]
    world[0].step(commit)
    task, other = world.take(4), world.take(4)
    assert (task.beside, task.attempts, task.progress) == ("3 by SIGKILL, it seems", 1, ())
    assert (other.beside, other.attempts) == ("", 1)
    part = Commit(1)
    part.progress = [(0, task.id, (1, 20)), (0, other.id, (2, 0))]
    world[4].step(part)
    world[0].fence(4)
    again = world.take(5)
    assert (again.beside, again.attempts, again.progress) == ("3 by SIGKILL, it seems", 2, (1, 20))
    kept = {bytes(task.payload): task.beside for task in world[0].snapshot().tasks}
    assert kept == {b"a": "3 by SIGKILL, it seems", b"b": ""}
