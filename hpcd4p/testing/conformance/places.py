"""What the pool's broker keeps of places: which task is next, how far all is finished, who waits for that."""

from __future__ import annotations

from collections.abc import Mapping

from hpcd4p.testing.conformance.worlds import STREAMS, BrokerWorld
from hpcd4p.transport.broker import Claim
from hpcd4p.wire.ask import Ask, Availability, Awaited, OrderAsk
from hpcd4p.wire.messages import Commit, Publication, Reply, Task
from hpcd4p.wire.place import END, LAST, PAST, Lane, Place, outstanding, since

OWNER = 1
"""A rank that holds partitions of something ordered."""

LANE = (0, 0)
HERE = (LANE,)


def _place(path: str, origin: int = 0, age: int = 0, reach: int = 0) -> Place:
    return Place(reach, origin, age, path)


def _publish(world: BrokerWorld, *places: Place, element: int = 0, bound: str = "99") -> None:
    commit = Commit()
    for place in places:
        commit.publish.append(Publication(element, 1, place.path.encode(), place=place))
        commit.bounds[place.origin] = bound
    commit.counts[element] = len(places)
    world[0].step(commit)


def _finish(world: BrokerWorld, rank: int, task: Task) -> None:
    commit = Commit(0, {task.element: -task.tuples})
    commit.done.append((task.element, task.id))
    assert task.place is not None
    commit.settled.append(outstanding(task.place, task.progress))
    world[rank].step(commit)


def _ask(
    world: BrokerWorld, lanes: tuple[Lane, ...] = HERE, waits: Mapping[Lane, str] | None = None
) -> Reply:
    return world[OWNER].step(Commit(), Ask(order=OrderAsk(lanes, waits or {})))


def _mark(world: BrokerWorld, lanes: tuple[Lane, ...] = HERE) -> str | None:
    return _ask(world, lanes).watermarks.get(lanes[0][1])


def _look(world: BrokerWorld, rank: int, oldest: tuple[int, ...] = (), take: tuple[int, ...] = ()) -> Reply:
    return world[rank].step(Commit(), Ask(take=take, order=OrderAsk(oldest=oldest)))


def _take(world: BrokerWorld, rank: int) -> Task:
    task = _look(world, rank, take=STREAMS).task
    assert task is not None
    return task


def a_task_with_a_place_comes_with_it(world: BrokerWorld) -> None:
    _publish(world, _place("0100", 3, 17, 2))
    task = _take(world, 4)
    assert task == Task(0, task.id, 1, b"0100", 0, (), "", Place(2, 3, 17, "0100"))


def tasks_with_places_come_in_their_order(world: BrokerWorld) -> None:
    _publish(world, _place("0300"), _place("0100"))
    _publish(world, _place("020100"), _place("0200"))
    paths = [_take(world, 4).payload for _ in range(4)]
    assert paths == [b"0100", b"0200", b"020100", b"0300"]


def of_two_origins_the_elder_task_comes_first(world: BrokerWorld) -> None:
    _publish(world, _place("0100", 0, age=20), _place("0500", 1, age=10))
    assert [_take(world, 4).payload for _ in range(2)] == [b"0500", b"0100"]


def tasks_with_places_wait_among_all_others(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), _place("0200"))
    reply = _look(world, 4)
    assert (reply.tasks, reply.size) == (2, 8)
    _take(world, 4)
    reply = world[4].step(Commit(), Ask(availability=Availability.IN_CALL, order=OrderAsk()))
    assert (reply.tasks, reply.size, reply.waiting) == (1, 4, {0: 1})


def an_idle_rank_is_rung_for_a_task_with_a_place(world: BrokerWorld) -> None:
    assert _look(world, 4, take=STREAMS).task is None
    _publish(world, _place("0100"))
    assert world.rung(4, 5) == [4]


def the_watermark_is_the_least_place_that_is_not_finished(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), _place("0200"), bound="03")
    assert _mark(world) == "0100"
    first, second = _take(world, 4), _take(world, 5)
    _finish(world, 5, second)
    assert _mark(world) == "0100"
    _finish(world, 4, first)
    assert _mark(world) == "03"


def a_lane_has_a_watermark_of_its_own(world: BrokerWorld) -> None:
    _publish(world, _place("0100", reach=1), _place("0200"), _place("0300", 1), bound="04")
    assert _ask(world, ((0, 0), (0, 1))).watermarks == {0: "0200", 1: "0300"}
    assert _ask(world, ((0, 0), (1, 0))).watermarks == {0: "0100"}
    assert _ask(world, ((0, PAST),)).watermarks == {PAST: ""}
    commit = Commit()
    commit.bounds[PAST] = END
    world[0].step(commit)
    assert _ask(world, ((0, PAST),)).watermarks == {PAST: END}


def what_a_task_publishes_is_outstanding_before_it_is_finished(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), bound="02")
    task = _take(world, 4)
    commit = Commit()
    commit.done.append((task.element, task.id))
    commit.settled.append(_place("0100"))
    commit.publish.append(Publication(1, 1, b"below", place=_place("010100")))
    world[4].step(commit)
    assert _mark(world) == "010100"


def a_task_that_commits_in_part_goes_on_behind_it(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), bound="02")
    task = _take(world, 4)
    commit = Commit()
    commit.progress.append((task.element, task.id, (0, 7, 3)))
    commit.settled.append(_place("0100"))
    commit.begun.append(_place("0103"))
    world[4].step(commit)
    assert _mark(world) == "0103"
    world[0].fence(4)
    again = _take(world, 5)
    assert (again.place, again.progress) == (_place("0100"), (0, 7, 3))
    _finish(world, 5, again)
    assert _mark(world) == "02"


def one_commit_may_begin_a_place_and_settle_it(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), bound="02")
    task = _take(world, 4)
    commit = Commit()
    commit.done.append((task.element, task.id))
    commit.settled += [_place("0100"), _place("0103")]
    commit.begun.append(_place("0103"))
    world[4].step(commit)
    assert _mark(world) == "02"


def the_tasks_of_a_lost_rank_go_back_to_their_places(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), _place("0200"))
    assert _take(world, 4).payload == b"0100"
    world[0].fence(4)
    assert _mark(world) == "0100"
    again = _take(world, 5)
    assert (again.payload, again.attempts, again.place) == (b"0100", 1, _place("0100"))


def a_rank_is_rung_when_all_before_it_is_finished_and_not_sooner(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), _place("0200"), _place("0300"))
    tasks = [_take(world, 4) for _ in range(3)]
    _ask(world, waits={LANE: "0200"})
    world.quiet(OWNER)
    _finish(world, 4, tasks[2])
    assert world.rung(OWNER) == []
    _finish(world, 4, tasks[0])
    assert world.rung(OWNER) == []
    _finish(world, 4, tasks[1])
    assert world.rung(OWNER) == [OWNER]


def a_rank_that_waits_for_everything_is_rung_by_the_last(world: BrokerWorld) -> None:
    _publish(world, _place("0100", PAST), _place("0200", PAST))
    tasks = [_take(world, 4) for _ in range(2)]
    lane = (0, PAST)
    _ask(world, (lane,), {lane: LAST})
    world.quiet(OWNER)
    _finish(world, 4, tasks[0])
    assert world.rung(OWNER) == []
    _finish(world, 4, tasks[1])
    assert world.rung(OWNER) == [OWNER]


def a_rank_that_waits_is_rung_when_it_is_said_that_no_more_comes(world: BrokerWorld) -> None:
    for origin, waits, bound in ((PAST, LAST, END), (3, since(2), since(2) + "00")):
        lane = (0, origin)
        _ask(world, (lane,), {lane: waits})
        world.quiet(OWNER)
        world[0].step(Commit(counts={0: 1}))
        assert world.rung(OWNER) == []
        commit = Commit(counts={0: -1})
        commit.bounds[origin] = bound
        world[0].step(commit)
        assert world.rung(OWNER) == [OWNER]


def a_rank_that_waits_no_longer_is_not_rung(world: BrokerWorld) -> None:
    _publish(world, _place("0100"))
    task = _take(world, 4)
    _ask(world, waits={LANE: "0200"})
    _ask(world)
    world.quiet(OWNER)
    _finish(world, 4, task)
    assert world.rung(OWNER) == []


def of_what_is_left_out_only_what_somebody_waits_for_is_taken(world: BrokerWorld) -> None:
    _publish(world, _place("0100"), _place("0300"))
    assert _look(world, 4, oldest=(0,)).task is None
    _ask(world, waits={LANE: "0200"})
    task = _look(world, 4, oldest=(0,)).task
    assert task is not None
    assert task.payload == b"0100"
    assert _look(world, 4, oldest=(0,)).task is None


def what_somebody_waits_for_is_taken_wherever_it_is_in_line(world: BrokerWorld) -> None:
    _publish(world, _place("0100", 1, age=10), _place("0100", 0, age=20), _place("0500", 0, age=30))
    begun = _take(world, 5)  # the elder one, of which a part is committed
    part = Commit(1)
    part.progress.append((0, begun.id, (0, 3, 2)))
    part.settled.append(_place("0100", 1))
    part.begun.append(_place("0102", 1))
    world[5].step(part)
    world[0].fence(5)
    lane = (0, 1)
    _ask(world, waits={LANE: "0200"})
    task = _look(world, 4, oldest=(0,)).task
    assert task is not None
    assert task.place == _place("0100", 0, age=20)
    assert _look(world, 4, oldest=(0,)).task is None
    _publish(world, _place("0000", 0, age=5))  # elder still, and nobody waits for what is elder only
    _ask(world, (LANE, lane), {lane: "0300"})
    task = _look(world, 4, oldest=(0,)).task
    assert task is not None
    assert (task.place, task.progress) == (_place("0100", 1, age=10), (0, 3, 2))


def so_is_what_was_written_after_a_move(world: BrokerWorld) -> None:
    _publish(world, _place("0100", 9, age=1))  # first in line, and nobody waits for it
    for origin, before in enumerate((since(3), since(300), "0105" + since(2))):
        _publish(world, _place(before + "0100", origin, age=20))
        _ask(world, ((0, origin),), {(0, origin): before + "0200"})
        task = _look(world, 4, oldest=(0,)).task
        assert task is not None
        assert task.place == _place(before + "0100", origin, age=20)


def an_idle_rank_is_rung_when_somebody_waits_for_a_task(world: BrokerWorld) -> None:
    _publish(world, _place("0100"))
    assert _look(world, 4, take=(1,)).task is None
    world.quiet(4, OWNER)
    _ask(world, waits={LANE: "0200"})
    assert world.rung(4) == [4]


def the_owner_of_its_element_is_rung_when_somebody_waits_for_a_task(world: BrokerWorld) -> None:
    _publish(world, _place("0100"))
    assert world[5].claim(0, Claim.REAL)
    for rank in (4, 5):
        assert _look(world, rank, take=(1,)).task is None
    world.quiet(4, 5, OWNER)
    _ask(world, waits={LANE: "0200"})
    assert world.rung(4, 5) == [5]


def a_call_hears_that_somebody_waits_for_its_task_or_for_one_that_nobody_has(world: BrokerWorld) -> None:
    def stalled(at: Place) -> bool:
        ask = Ask(availability=Availability.IN_CALL, order=OrderAsk(at=at))
        return world[4].step(Commit(), ask).stalled

    _publish(world, _place("0100"))
    _ask(world, waits={LANE: "0300"})
    assert stalled(_place("0400"))
    _take(world, 5)
    assert not stalled(_place("0400"))
    assert not stalled(_place("0200", 1))
    assert stalled(_place("0200"))


def a_snapshot_has_the_places_of_tasks(world: BrokerWorld) -> None:
    _publish(world, _place("0100", 2, 5), _place("0200", 2, 5))
    _take(world, 4)
    found = world[0].snapshot().tasks
    assert sorted(each.place for each in found if each.place) == [_place("0100", 2, 5), _place("0200", 2, 5)]


def the_head_hears_for_which_task_a_rank_waits(world: BrokerWorld) -> None:
    _publish(world, _place("0100", 3), _place("0300", 3), element=1)
    lane = (0, 3)
    assert world[0].awaited() == []
    _ask(world, (lane,), {lane: "0300"})
    assert world[0].awaited() == [Awaited(OWNER, lane, "0100", 1, None)]
    first = _take(world, 4)
    assert world[0].awaited() == [Awaited(OWNER, lane, "0100", 1, 4)]
    commit = Commit()
    commit.progress.append((first.element, first.id, (0, 7, 3)))
    commit.settled.append(_place("0100", 3))
    commit.begun.append(_place("0103", 3))
    world[4].step(commit)
    assert world[0].awaited() == [Awaited(OWNER, lane, "0103", 1, 4)]
    _ask(world, (lane,))
    assert world[0].awaited() == []
