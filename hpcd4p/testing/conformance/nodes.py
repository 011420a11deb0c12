"""What the pool's broker keeps where ranks live on several nodes: of the line of each node.

`WHERE` says on which nodes the ranks live: 3 and 4 on another than the head.
"""

from __future__ import annotations

import threading

from hpcd4p.testing.conformance.worlds import LOW, MANY, SECRET, BrokerWorld
from hpcd4p.transport.broker import Claim
from hpcd4p.wire.ask import Ask, Availability
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit, Publication, Task
from hpcd4p.wire.nodes import PORTERS

PORTER = PORTERS + 1


def _near(number: int = 1) -> bytes:
    """A payload whose buffers lie on the node of whoever publishes it."""
    return Codec(SECRET).seal_frames([b"pickle", b"b" * 1000], block=Block(0, number, 1, 1, False))


def what_lies_on_the_node_of_the_head_is_taken_there_only(world: BrokerWorld) -> None:
    world.publish((0, 2, _near()))
    assert world.look_for(4) is None
    task = world.take(5)
    assert (task.payload, task.tuples) == (_near(), 2)
    assert world.look_for(6) is None


def what_lies_on_the_node_is_taken_before_the_rest(world: BrokerWorld) -> None:
    world.publish((0, 1, b"anywhere"), (0, 1, _near(1)), (0, 1, _near(2)))
    assert [world.take(5).payload for _ in range(3)] == [_near(1), _near(2), b"anywhere"]


def the_order_of_the_elements_counts_before_the_node(world: BrokerWorld) -> None:
    world.publish((1, 1, _near()), (2, 1, b"anywhere"))
    assert [world.take(5, [2, 1, 0]).element for _ in range(2)] == [2, 1]


def ranks_elsewhere_take_what_may_be_taken_anywhere(world: BrokerWorld) -> None:
    world.publish((0, 1, _near()), (1, 1, b"anywhere"))
    assert world.take(4).payload == b"anywhere"
    assert world[0].observe(alive=False).sought == 0


def among_many_elements_the_line_of_the_node_is_not_forgotten(world: BrokerWorld) -> None:
    world.publish((12, 1, _near()), (30, 1, b"anywhere"))
    assert [world.take(5, MANY).element for _ in range(2)] == [12, 30]


def a_reply_says_how_much_waits_on_the_node(world: BrokerWorld) -> None:
    world.publish((0, 1, _near(1)), (0, 1, b"anywhere"))
    reply = world.publish((1, 1, _near(2)))
    assert (reply.near, reply.tasks, reply.size) == (2, 3, 8 + 2 * (1000 + len(_near())))
    world.take(5)
    reply = world[5].step(Commit())
    assert (reply.near, reply.tasks) == (1, 2)
    reply = world.publish((1, 1, _near(3)), rank=3)
    assert (reply.near, reply.tasks) == (1, 3)
    assert world[0].observe(alive=False).lines == {0: 1, 1: 1}
    world.take(4, [1])
    assert (world[4].step(Commit()).near, world[5].step(Commit()).near) == (0, 1)
    assert world[0].observe(alive=False).lines == {0: 1}
    assert world[4].step(Commit(), Ask(availability=Availability.IN_CALL)).waiting == {0: 1, 1: 1}


def a_reply_says_how_many_are_idle_on_the_node(world: BrokerWorld) -> None:
    for rank in (3, 5, 6):
        assert world.look_for(rank) is None
    assert [world[rank].step(Commit()).idle_here for rank in (4, 7)] == [1, 2]
    lends = world[2].step(Commit(), Ask([0], availability=Availability.LENDS))
    assert (lends.idle, lends.idle_here) == (4, 2)


def who_is_near_is_rung_before_who_is_elsewhere(world: BrokerWorld) -> None:
    for rank in (3, 4, 5, 6):
        assert world.look_for(rank) is None
    rings = []
    for number, rank in enumerate((4, 4, 4, 0)):
        world.publish((0, 1, _near(number)), rank=rank)
        rings += world.rung(3, 4, 5, 6)
    assert rings == [3, 4, 5, 6]
    for rank in (3, 4, 5, 6):
        assert world.look_for(rank, [1]) is None
    world.publish((0, 1, _near(5)), (0, 1, _near(6)), (0, 1, _near(7)))
    assert world.rung(3, 4, 5, 6) == [3, 5, 6]


def what_a_rank_elsewhere_has_looked_for_the_head_can_have_and_publish(world: BrokerWorld) -> None:
    world.publish((0, 1, _near(1)), (0, 1, _near(2)))
    world.quiet(0)
    assert world.look_for(4) is None
    assert world.hears(0)
    assert world[0].observe(alive=False).sought == world[0].step(Commit()).sought == 1
    task = _carried(world)
    assert (task.payload, world[5].step(Commit()).near) == (_near(1), 1)
    assert world[0].observe(alive=False).sought == 0
    assert world.rung(4) == []
    _publish_anywhere(world, task)
    assert world.rung(4) == [4]
    assert world.take(4).payload == b"carried"
    assert world.pending() == {0: 2}


def _carried(world: BrokerWorld) -> Task:
    """The one task that the head gets."""
    tasks = world[0].carry()
    assert len(tasks) == 1
    return tasks[0]


def _publish_anywhere(world: BrokerWorld, task: Task, porter: int = 0) -> None:
    again = Commit()
    again.done.append((task.element, task.id))
    again.publish.append(Publication(task.element, task.tuples, b"carried", task.attempts, task.progress))
    world[porter].step(again)


def what_lies_on_any_other_node_is_taken_there_or_carried_by_its_porter(world: BrokerWorld) -> None:
    porter = world[PORTER]
    world.publish((0, 1, _near(1)), (0, 1, _near(2)), rank=4)
    world.quiet(0, PORTER)
    assert world.look_for(5) is None
    assert world.rung(0, PORTER) == [PORTER]
    assert world[0].observe(alive=False).sought == 0
    assert world[0].carry() == []
    assert world.take(3).payload == _near(1)
    carried = porter.carry()
    assert [task.payload for task in carried] == [_near(2)]
    assert porter.carry() == []
    _publish_anywhere(world, carried[0], PORTER)
    assert world.take(5).payload == b"carried"


def the_head_looks_for_what_lies_on_other_nodes(world: BrokerWorld) -> None:
    world.publish((0, 1, _near()), rank=4)
    assert world.look_for(0) is None
    assert [task.payload for task in world[PORTER].carry()] == [_near()]


def the_head_has_what_a_porter_answers(world: BrokerWorld) -> None:
    assert world[0].fetch(PORTER, b"a") is None
    porter = world[PORTER]
    done = threading.Event()

    def answer(wanted: bytes) -> bytes:
        done.set()
        return b"answer to " + wanted

    def serve() -> None:
        while not done.is_set():
            porter.serve(answer)

    serving = threading.Thread(target=serve, daemon=True)
    porter.serve(answer)
    done.clear()
    serving.start()
    said = world[0].fetch(PORTER, b"b")
    done.set()
    serving.join()
    assert said == b"answer to b"


def each_rank_elsewhere_that_has_looked_has_one_task_carried(world: BrokerWorld) -> None:
    world.publish(*((0, 1, _near(i)) for i in range(4)))
    for rank in (3, 4, 4):
        assert world.look_for(rank) is None
    assert len(world[0].carry()) == 2
    assert world[0].carry() == []


def who_has_looked_for_what_is_gone_looks_again(world: BrokerWorld) -> None:
    world.publish((0, 1, _near(1)), (1, 1, _near(2)))
    assert world.look_for(4) is None
    world.quiet(4)
    assert world.take(5, [0]).element == 0
    assert world[0].carry() == []
    assert world.hears(4)
    assert world.look_for(4) is None
    assert [task.element for task in world[0].carry()] == [1]


def what_is_carried_keeps_what_was_committed_of_it_and_who_died_with_it(world: BrokerWorld) -> None:
    world.publish((0, 1, _near()))
    part = Commit(1)
    part.progress.append((0, world.take(5).id, (1, 20)))
    world[5].step(part)
    world[0].fence(5)
    assert world.look_for(4) is None
    task = _carried(world)
    assert (task.attempts, task.progress) == (1, (1, 20))
    _publish_anywhere(world, task)
    again = world.take(4)
    assert (again.payload, again.attempts, again.progress) == (b"carried", 1, (1, 20))


def what_an_owner_elsewhere_needs_is_carried(world: BrokerWorld) -> None:
    assert world[4].claim(0, Claim.REAL)
    world.publish((0, 1, _near()))
    assert world.look_for(5) is None
    assert world.look_for(4) is None
    assert [task.element for task in world[0].carry()] == [0]


def what_a_lost_rank_had_from_the_line_is_there_again(world: BrokerWorld) -> None:
    world.publish((0, 1, _near()))
    world.take(5)
    world[0].fence(5)
    assert world[0].step(Commit()).near == 1
    assert world.look_for(4) is None
    assert world.take(6).attempts == 1
    world.publish((1, 1, _near()), rank=3)
    world.take(4, [1])
    world[0].fence(4)
    assert world.look_for(6, [1]) is None
    assert world.take(3, [1]).attempts == 1


def a_rank_elsewhere_that_is_lost_looks_for_nothing(world: BrokerWorld) -> None:
    world.publish((0, 1, _near()))
    assert world.look_for(4) is None
    world[0].fence(4)
    assert world[0].observe(alive=False).sought == 0
    assert world[0].carry() == []
    assert world.look_for(3) is None
    assert world[0].observe(alive=False).sought == 1


def a_snapshot_has_what_lies_on_the_node(world: BrokerWorld) -> None:
    world.publish((0, 1, _near(1)), (1, 1, _near(2)), (1, 1, b"anywhere"))
    world.take(5, [0])
    seen = world[0].snapshot()
    assert [bytes(task.payload) for task in seen.tasks] == [_near(1), _near(2), b"anywhere"]
    world.publish((1, 1, _near(3)), (1, 1, _near(4)), rank=4)
    assert world.look_for(6, [1]) is not None
    assert world.look_for(6, [1]) is not None
    assert world.look_for(6, [1]) is None
    assert len(world[PORTER].carry()) == 1
    seen = world[0].snapshot()
    assert {bytes(task.payload) for task in seen.tasks} == {*map(_near, (1, 2, 3, 4)), b"anywhere"}
    assert len(seen.tasks) == 5


def marks_count_what_lies_on_the_node(world: BrokerWorld) -> None:
    world.publish(*((0, 1, _near(i)) for i in range(LOW[0] + 1)))
    world.quiet(0)
    world.take(5)
    assert world.hears(0)
