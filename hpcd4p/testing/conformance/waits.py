"""Who waits until tasks at places are finished: when it is rung, and what is taken for its sake."""

from __future__ import annotations

from hpcd4p.testing.conformance.scene import LANE, OWNER, ask, finish, look, placed, publish, take
from hpcd4p.testing.conformance.worlds import BrokerWorld
from hpcd4p.transport.broker import Claim
from hpcd4p.wire.ask import Ask, Availability, Awaited, OrderAsk
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.place import END, LAST, PAST, Place, since


def a_rank_is_rung_when_all_before_it_is_finished_and_not_sooner(world: BrokerWorld) -> None:
    publish(world, placed("0100"), placed("0200"), placed("0300"))
    tasks = [take(world, 4) for _ in range(3)]
    ask(world, waits={LANE: "0200"})
    world.quiet(OWNER)
    finish(world, 4, tasks[2])
    assert world.rung(OWNER) == []
    finish(world, 4, tasks[0])
    assert world.rung(OWNER) == []
    finish(world, 4, tasks[1])
    assert world.rung(OWNER) == [OWNER]


def a_rank_that_waits_for_everything_is_rung_by_the_last(world: BrokerWorld) -> None:
    publish(world, placed("0100", PAST), placed("0200", PAST))
    tasks = [take(world, 4) for _ in range(2)]
    lane = (0, PAST)
    ask(world, (lane,), {lane: LAST})
    world.quiet(OWNER)
    finish(world, 4, tasks[0])
    assert world.rung(OWNER) == []
    finish(world, 4, tasks[1])
    assert world.rung(OWNER) == [OWNER]


def a_rank_that_waits_is_rung_when_it_is_said_that_no_more_comes(world: BrokerWorld) -> None:
    for origin, waits, bound in ((PAST, LAST, END), (3, since(2), since(2) + "00")):
        lane = (0, origin)
        ask(world, (lane,), {lane: waits})
        world.quiet(OWNER)
        world[0].step(Commit(counts={0: 1}))
        assert world.rung(OWNER) == []
        commit = Commit(counts={0: -1})
        commit.bounds[origin] = bound
        commit.ring_at(placed("01", origin))
        world[0].step(commit)
        assert world.rung(OWNER) == [OWNER]
        assert ask(world, (lane,)).watermarks[origin] == bound


def a_rank_that_waits_no_longer_is_not_rung(world: BrokerWorld) -> None:
    publish(world, placed("0100"))
    task = take(world, 4)
    ask(world, waits={LANE: "0200"})
    ask(world)
    world.quiet(OWNER)
    finish(world, 4, task)
    assert world.rung(OWNER) == []


def of_what_is_left_out_only_what_somebody_waits_for_is_taken(world: BrokerWorld) -> None:
    publish(world, placed("0100"), placed("0300"))
    assert look(world, 4, oldest=(0,)).task is None
    ask(world, waits={LANE: "0200"})
    task = look(world, 4, oldest=(0,)).task
    assert task is not None
    assert task.payload == b"0100"
    assert look(world, 4, oldest=(0,)).task is None


def what_somebody_waits_for_is_taken_wherever_it_is_in_line(world: BrokerWorld) -> None:
    publish(world, placed("0100", 1, age=10), placed("0100", 0, age=20), placed("0500", 0, age=30))
    begun = take(world, 5)  # the elder one, of which a part is committed
    part = Commit(1)
    part.progress.append((0, begun.id, (0, 3, 2)))
    part.settled.append(placed("0100", 1))
    part.begun.append(placed("0102", 1))
    world[5].step(part)
    world[0].fence(5)
    lane = (0, 1)
    ask(world, waits={LANE: "0200"})
    task = look(world, 4, oldest=(0,)).task
    assert task is not None
    assert task.place == placed("0100", 0, age=20)
    assert look(world, 4, oldest=(0,)).task is None
    publish(world, placed("0000", 0, age=5))  # elder still, and nobody waits for what is elder only
    ask(world, (LANE, lane), {lane: "0300"})
    task = look(world, 4, oldest=(0,)).task
    assert task is not None
    assert (task.place, task.progress) == (placed("0100", 1, age=10), (0, 3, 2))


def so_is_what_was_written_after_a_move(world: BrokerWorld) -> None:
    publish(world, placed("0100", 9, age=1))  # first in line, and nobody waits for it
    for origin, before in enumerate((since(3), since(300), "0105" + since(2))):
        publish(world, placed(before + "0100", origin, age=20))
        ask(world, ((0, origin),), {(0, origin): before + "0200"})
        task = look(world, 4, oldest=(0,)).task
        assert task is not None
        assert task.place == placed(before + "0100", origin, age=20)


def an_idle_rank_is_rung_when_somebody_waits_for_a_task(world: BrokerWorld) -> None:
    publish(world, placed("0100"))
    assert look(world, 4, take=(1,)).task is None
    world.quiet(4, OWNER)
    ask(world, waits={LANE: "0200"})
    assert world.rung(4) == [4]


def the_owner_of_its_element_is_rung_when_somebody_waits_for_a_task(world: BrokerWorld) -> None:
    publish(world, placed("0100"))
    assert world[5].claim(0, Claim.REAL)
    for rank in (4, 5):
        assert look(world, rank, take=(1,)).task is None
    world.quiet(4, 5, OWNER)
    ask(world, waits={LANE: "0200"})
    assert world.rung(4, 5) == [5]


def a_call_hears_that_somebody_waits_for_its_task_or_for_one_that_nobody_has(world: BrokerWorld) -> None:
    def stalled(at: Place) -> bool:
        ask = Ask(availability=Availability.IN_CALL, order=OrderAsk(at=at))
        return world[4].step(Commit(), ask).stalled

    publish(world, placed("0100"))
    ask(world, waits={LANE: "0300"})
    assert stalled(placed("0400"))
    take(world, 5)
    assert not stalled(placed("0400"))
    assert not stalled(placed("0200", 1))
    assert stalled(placed("0200"))


def the_head_hears_for_which_task_a_rank_waits(world: BrokerWorld) -> None:
    publish(world, placed("0100", 3), placed("0300", 3), element=1)
    lane = (0, 3)
    assert world[0].awaited() == []
    ask(world, (lane,), {lane: "0300"})
    assert world[0].awaited() == [Awaited(OWNER, lane, "0100", 1, None)]
    first = take(world, 4)
    assert world[0].awaited() == [Awaited(OWNER, lane, "0100", 1, 4)]
    commit = Commit()
    commit.progress.append((first.element, first.id, (0, 7, 3)))
    commit.settled.append(placed("0100", 3))
    commit.begun.append(placed("0103", 3))
    world[4].step(commit)
    assert world[0].awaited() == [Awaited(OWNER, lane, "0103", 1, 4)]
    ask(world, (lane,))
    assert world[0].awaited() == []
