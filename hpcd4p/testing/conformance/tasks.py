"""What the pool's broker keeps of tasks: their order, who gets them, what is told of those that wait."""

from __future__ import annotations

from hpcd4p.testing.conformance.worlds import LOW, MANY, SECRET, STREAMS, BrokerWorld
from hpcd4p.transport.broker import Claim
from hpcd4p.wire.ask import Ask, Availability
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit, Task
from hpcd4p.wire.orders import Finish


def a_task_comes_as_it_was_published(world: BrokerWorld) -> None:
    world.publish((1, 3, b"\x00payload\xff\r\n"))
    task = world.take(4)
    assert task == Task(1, task.id, 3, b"\x00payload\xff\r\n", 0, ())


def tasks_of_an_element_come_in_the_order_in_which_they_were_published(world: BrokerWorld) -> None:
    world.publish((0, 1, b"a"), (0, 1, b"b"))
    world.publish((0, 1, b"c"))
    assert [world.take(4).payload for _ in "abc"] == [b"a", b"b", b"c"]


def the_element_that_is_named_first_comes_first(world: BrokerWorld) -> None:
    world.publish((0, 1, b"zero"), (1, 1, b"one"), (2, 1, b"two"))
    assert [world.take(4, [2, 0, 1]).payload for _ in range(3)] == [b"two", b"zero", b"one"]


def an_element_that_is_not_named_is_not_taken(world: BrokerWorld) -> None:
    world.publish((0, 1, b"a"))
    assert world.look_for(4, [1, 2]) is None
    assert world.take(4, [0]).payload == b"a"


def a_task_is_leased_to_one_rank_only(world: BrokerWorld) -> None:
    world.publish((0, 1, b"a"))
    assert world.take(4).payload == b"a"
    assert world.look_for(5) is None
    assert world.look_for(4) is None


def one_call_commits_and_takes_what_it_has_committed(world: BrokerWorld) -> None:
    task = world.publish((1, 1, b"a"), rank=4, ask=Ask(take=STREAMS)).task
    assert task is not None
    assert task.payload == b"a"


def a_finished_task_does_not_come_back(world: BrokerWorld) -> None:
    world.publish((0, 2, b"a"))
    world.finish(4, world.take(4))
    world[0].fence(4)
    assert world.look_for(5) is None
    assert world.pending() == {}


# ---- many elements


def among_many_elements_the_first_in_line_comes_first(world: BrokerWorld) -> None:
    _most_wanted_first(world, list(MANY))


def among_many_elements_the_last_in_line_comes_first_if_it_is_wanted_most(world: BrokerWorld) -> None:
    _most_wanted_first(world, list(MANY[::-1]))


def _most_wanted_first(world: BrokerWorld, wanted: list[int]) -> None:
    world.publish(*((e, 1, b"it") for e in (31, 7, 8, 20)))
    assert [world.take(4, wanted).element for _ in range(4)] == sorted([31, 7, 8, 20], key=wanted.index)
    assert world.look_for(4, wanted) is None
    assert world.rung(4) == []
    world.publish((9, 1, b"another"))
    assert world.rung(4) == [4]
    assert world.take(4, wanted).element == 9


def of_many_elements_none_is_taken_that_is_not_wanted(world: BrokerWorld) -> None:
    wanted = [*range(30, 10, -1), 8, 6, *range(36, 40)]
    world.publish(*((e, 1, b"it") for e in (7, 9, 31, 5)))
    assert world.look_for(4, wanted) is None
    world.publish(*((e, 1, b"it") for e in (38, 6, 8, 11, 37)))
    assert [world.take(4, wanted).element for _ in range(5)] == [11, 8, 6, 37, 38]
    assert world.look_for(4, wanted) is None


def of_many_elements_one_that_is_owned_is_its_owners(world: BrokerWorld) -> None:
    assert world[5].claim(12, Claim.REAL)
    world.publish((12, 1, b"owned"), (13, 1, b"free"))
    assert world.take(4, MANY).element == 13
    assert world.look_for(4, MANY) is None
    assert world.take(5, MANY).element == 12


def of_many_elements_a_task_of_a_lost_rank_comes_again(world: BrokerWorld) -> None:
    world.publish((12, 1, b"it"))
    world.take(4, MANY)
    world[0].fence(4)
    assert world.take(5, MANY).payload == b"it"


# ---- what is told of those that wait


def a_reply_says_how_much_waits(world: BrokerWorld) -> None:
    reply = world.publish((0, 9, b"12345"), (1, 1, b"678"))
    assert (reply.tasks, reply.size, reply.idle) == (2, 8, 0)
    world.take(4)
    reply = world[5].step(Commit())
    assert (reply.tasks, reply.size) in {(1, 5), (1, 3)}
    seen = world[0].observe(alive=False)
    assert (seen.tasks, seen.size) == (reply.tasks, reply.size)


def the_bytes_of_buffers_that_lie_in_a_block_are_bytes_that_wait(world: BrokerWorld) -> None:
    frames: list[bytes | memoryview] = [b"pickle", b"buffer" * 1000]
    payload = Codec(SECRET).seal_frames(frames, block=Block(4, 1, 1, 1, False))
    assert len(payload) < 1000
    world.publish((0, 1, payload), (0, 1, b"abc"))
    assert world[5].step(Commit()).size == len(payload) + 6000 + 3
    task = world.take(4)
    assert (task.payload, world[5].step(Commit()).size) == (payload, 3)
    world[0].fence(4)
    assert world[5].step(Commit()).size == len(payload) + 6000 + 3


def a_rank_in_the_middle_of_a_call_is_told_what_waits_by_element(world: BrokerWorld) -> None:
    in_call = Ask(availability=Availability.IN_CALL)
    world.publish((1, 3, b"x"), (1, 3, b"y"), (2, 1, b"z"))
    assert world[4].step(Commit(), in_call).waiting == {1: 2, 2: 1}
    world.take(5, (2,))
    reply = world[4].step(Commit(), in_call)
    assert (reply.waiting, reply.tasks, reply.size) == ({1: 2}, 2, 2)


def dead_letters_are_bytes_that_wait_until_the_head_has_them(world: BrokerWorld) -> None:
    commit = Commit(1)
    commit.dead += [b"x" * 1000] * 250
    assert world[4].step(commit).size == 250_000
    world.publish((0, 2, b"abc"))
    seen = world[0].observe(alive=False)
    assert (len(seen.dead), seen.size) == (200, 50_003)
    assert world[0].observe(alive=False).size == 3
    assert world[5].step(Commit()).size == 3


def who_asks_is_told_how_long_a_tuple_takes(world: BrokerWorld) -> None:
    for rank in (4, 5):
        commit = Commit(1)
        commit.stats = {"n:1": 10, "u:1": 5000}
        reply = world[rank].step(commit, Ask(want_service=rank == 5))
        assert reply.service_us == ({1: 500.0} if rank == 5 else {})


def what_is_congested_is_in_the_very_next_reply(world: BrokerWorld) -> None:
    world[4].step(Commit(), Ask(congest=[1, 2]))
    assert world[6].step(Commit()).congested == {1, 2}
    world[4].step(Commit(), Ask(relieve=[2]))
    assert world[6].step(Commit()).congested == {1}


def an_order_bears_the_mark_that_it_was_given_with(world: BrokerWorld) -> None:
    world[0].order([4], Finish(1), 1 << 127)
    world[0].order([4], Finish(2))
    reply = world[4].step(Commit())
    assert (reply.orders, reply.marks) == ([Finish(1), Finish(2)], [1 << 127, 0])


# ---- marks


def the_head_is_rung_when_tasks_fall_to_the_low_mark(world: BrokerWorld) -> None:
    world.publish(*[(0, 1, b"a")] * (LOW[0] + 2))
    world.take(4)
    assert world.rung(0) == []
    world.take(4)  # LOW[0] are left
    assert world.hears(0)
    world.take(4)
    assert world.rung(0) == []


def the_head_is_rung_when_bytes_fall_below_the_low_mark(world: BrokerWorld) -> None:
    world.publish(*[(0, 1, b"x" * 600)] * 3, *[(1, 1, b"")] * 9)
    world.take(4, [0])
    assert world.rung(0) == []  # 1200 are left
    world.take(4, [0])
    assert world.hears(0)  # 600
    world.take(4, [0])
    assert world.rung(0) == []
