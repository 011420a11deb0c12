"""What the pool's broker keeps of places: which task is next, how far all is finished, who waits for that."""

from __future__ import annotations

from hpcd4p.testing.conformance.scene import ask, finish, look, mark, placed, publish, take
from hpcd4p.testing.conformance.worlds import STREAMS, BrokerWorld
from hpcd4p.wire.ask import Ask, Availability, OrderAsk
from hpcd4p.wire.messages import Commit, Publication, Task
from hpcd4p.wire.place import END, PAST, Place


def a_task_with_a_place_comes_with_it(world: BrokerWorld) -> None:
    publish(world, placed("0100", 3, 17, 2))
    task = take(world, 4)
    assert task == Task(0, task.id, 1, b"0100", 0, (), "", Place(2, 3, 17, "0100"))


def tasks_with_places_come_in_their_order(world: BrokerWorld) -> None:
    publish(world, placed("0300"), placed("0100"))
    publish(world, placed("020100"), placed("0200"))
    paths = [take(world, 4).payload for _ in range(4)]
    assert paths == [b"0100", b"0200", b"020100", b"0300"]


def of_two_origins_the_elder_task_comes_first(world: BrokerWorld) -> None:
    publish(world, placed("0100", 0, age=20), placed("0500", 1, age=10))
    assert [take(world, 4).payload for _ in range(2)] == [b"0500", b"0100"]


def tasks_with_places_wait_among_all_others(world: BrokerWorld) -> None:
    publish(world, placed("0100"), placed("0200"))
    reply = look(world, 4)
    assert (reply.tasks, reply.size) == (2, 8)
    take(world, 4)
    reply = world[4].step(Commit(), Ask(availability=Availability.IN_CALL, order=OrderAsk()))
    assert (reply.tasks, reply.size, reply.waiting) == (1, 4, {0: 1})


def an_idle_rank_is_rung_for_a_task_with_a_place(world: BrokerWorld) -> None:
    assert look(world, 4, take=STREAMS).task is None
    publish(world, placed("0100"))
    assert world.rung(4, 5) == [4]


def the_watermark_is_the_least_place_that_is_not_finished(world: BrokerWorld) -> None:
    publish(world, placed("0100"), placed("0200"), bound="03")
    assert mark(world) == "0100"
    first, second = take(world, 4), take(world, 5)
    finish(world, 5, second)
    assert mark(world) == "0100"
    finish(world, 4, first)
    assert mark(world) == "03"


def a_lane_has_a_watermark_of_its_own(world: BrokerWorld) -> None:
    publish(world, placed("0100", reach=1), placed("0200"), placed("0300", 1), bound="04")
    assert ask(world, ((0, 0), (0, 1))).watermarks == {0: "0200", 1: "0300"}
    assert ask(world, ((0, 0), (1, 0))).watermarks == {0: "0100"}
    assert ask(world, ((0, PAST),)).watermarks == {PAST: ""}
    commit = Commit()
    commit.bounds[PAST] = END
    world[0].step(commit)
    assert ask(world, ((0, PAST),)).watermarks == {PAST: END}


def what_a_task_publishes_is_outstanding_before_it_is_finished(world: BrokerWorld) -> None:
    publish(world, placed("0100"), bound="02")
    task = take(world, 4)
    commit = Commit()
    commit.done.append((task.element, task.id))
    commit.settled.append(placed("0100"))
    commit.publish.append(Publication(1, 1, b"below", place=placed("010100")))
    world[4].step(commit)
    assert mark(world) == "010100"


def a_task_that_commits_in_part_goes_on_behind_it(world: BrokerWorld) -> None:
    publish(world, placed("0100"), bound="02")
    task = take(world, 4)
    commit = Commit()
    commit.progress.append((task.element, task.id, (0, 7, 3)))
    commit.settled.append(placed("0100"))
    commit.begun.append(placed("0103"))
    world[4].step(commit)
    assert mark(world) == "0103"
    world[0].fence(4)
    again = take(world, 5)
    assert (again.place, again.progress) == (placed("0100"), (0, 7, 3))
    finish(world, 5, again)
    assert mark(world) == "02"


def one_commit_may_begin_a_place_and_settle_it(world: BrokerWorld) -> None:
    publish(world, placed("0100"), bound="02")
    task = take(world, 4)
    commit = Commit()
    commit.done.append((task.element, task.id))
    commit.settled += [placed("0100"), placed("0103")]
    commit.begun.append(placed("0103"))
    world[4].step(commit)
    assert mark(world) == "02"


def the_tasks_of_a_lost_rank_go_back_to_their_places(world: BrokerWorld) -> None:
    publish(world, placed("0100"), placed("0200"))
    assert take(world, 4).payload == b"0100"
    world[0].fence(4)
    assert mark(world) == "0100"
    again = take(world, 5)
    assert (again.payload, again.attempts, again.place) == (b"0100", 1, placed("0100"))


def a_snapshot_has_the_places_of_tasks(world: BrokerWorld) -> None:
    publish(world, placed("0100", 2, 5), placed("0200", 2, 5))
    take(world, 4)
    found = world[0].snapshot().tasks
    assert sorted(each.place for each in found if each.place) == [placed("0100", 2, 5), placed("0200", 2, 5)]
