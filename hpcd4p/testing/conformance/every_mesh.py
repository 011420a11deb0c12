"""What every mesh keeps: messages come whole and once, and what is called sent has been matched."""

from __future__ import annotations

from typing import Any

from hpcd4p.testing.conformance.worlds import PAUSE_S, MeshWorld
from hpcd4p.wire.messages import Arrival, Notice

LARGE = 1 << 18
"""More bytes than MPI sends along with the envelope."""

LOOKS = 20
"""Of a sender at a message that its receiver has not looked at."""


def _plain(messages: list[Arrival | Notice]) -> list[tuple[int, int, list[bytes]]]:
    """(source, tx, frames) of messages that must all be with data."""
    plain = []
    for each in messages:
        assert isinstance(each, Arrival), each
        plain.append((each.source, each.tx, [bytes(frame) for frame in each.frames]))
    return plain


def a_message_arrives_as_it_was_sent(world: MeshWorld) -> None:
    frames: list[Any] = [b"head", bytearray(b"x" * LARGE), memoryview(b"y" * 10)]
    ticket = world[1].send(0, 7, frames)
    assert _plain(world.hear(0, 1)) == [(1, 7, [bytes(frame) for frame in frames])]
    world.settle(1, [ticket])
    assert not world[0].receiving


def a_message_arrives_once(world: MeshWorld) -> None:
    tickets = [world[1].send(0, tx, [b"head"]) for tx in (1, 2)]
    assert _plain(world.hear(0, 2)) == [(1, 1, [b"head"]), (1, 2, [b"head"])]
    world.settle(1, tickets)
    for _ in range(LOOKS):
        world.pass_time(PAUSE_S)
        assert world[0].poll() == []


def buffers_may_be_written_to(world: MeshWorld) -> None:
    ticket = world[1].send(0, 1, [b"head", b"\0" * LARGE])
    (arrival,) = world.hear(0, 1)
    assert isinstance(arrival, Arrival)
    assert not memoryview(arrival.frames[1]).readonly
    world.settle(1, [ticket])


def what_the_sender_does_to_a_buffer_that_was_sent_is_not_seen(world: MeshWorld) -> None:
    buffer = bytearray(b"before" * LARGE)
    ticket = world[1].send(0, 1, [b"head", buffer])
    (arrival,) = world.hear(0, 1)
    assert isinstance(arrival, Arrival)
    world.settle(1, [ticket])
    buffer[:] = bytes(len(buffer))
    assert bytes(arrival.frames[1]) == b"before" * LARGE


def a_message_is_sent_when_its_receiver_has_looked_and_not_before(world: MeshWorld) -> None:
    ticket = world[1].send(0, 1, [b"small"])
    for _ in range(LOOKS):
        world[1].poll()
        assert not world[1].sent(ticket)
        world.pass_time(PAUSE_S)
    world.hear(0, 1)
    world.settle(1, [ticket])


def no_message_of_a_sender_is_lost_among_its_others(world: MeshWorld) -> None:
    sizes = {tx: LARGE if tx % 3 == 2 else 10 for tx in range(1, 13)}
    tickets = [world[1].send(0, tx, [b"head", bytes(size)]) for tx, size in sizes.items()]
    heard = _plain(world.hear(0, len(sizes)))
    assert sorted((tx, len(frames[1])) for _, tx, frames in heard) == sorted(sizes.items())
    world.settle(1, tickets)


def messages_of_one_sender_keep_their_order_whatever_their_size(world: MeshWorld) -> None:
    sizes = [10 * LARGE if tx % 4 == 1 else 10 for tx in range(1, 17)]
    tickets = [world[1].send(0, tx, [b"head", bytes(size)]) for tx, size in enumerate(sizes, 1)]
    assert [tx for _, tx, _ in _plain(world.hear(0, 16))] == list(range(1, 17))
    world.settle(1, tickets)


def what_was_matched_is_whole_once_it_was_given(world: MeshWorld) -> None:
    before = world[0].matched
    tickets = [world[rank].send(0, 1, [b"head", bytes(LARGE)]) for rank in (1, 2)]
    tickets.append(world[1].send(0, 2, [b"head"]))
    given = 0

    def all_given() -> bool:
        nonlocal given
        given += len(world[0].poll())
        # what is matched and not whole has not been given
        assert world[0].matched - world[0].whole <= 3 - given
        return given == 3

    world.until(all_given)
    assert world[0].whole == world[0].matched >= before
    world.settle(1, [tickets[0], tickets[2]])
    world.settle(2, [tickets[1]])


def small_messages_of_one_sender_come_in_its_order(world: MeshWorld) -> None:
    tickets = [world[1].send(0, tx, [b"head", b"body"]) for tx in range(1, 21)]
    assert [tx for _, tx, _ in _plain(world.hear(0, 20))] == list(range(1, 21))
    world.settle(1, tickets)


def a_notice_comes_after_the_messages_of_its_transaction(world: MeshWorld) -> None:
    heard: list[Arrival | Notice] = []
    tickets = [world[1].send(0, tx, [b"head", bytes(LARGE if tx == 2 else 10)]) for tx in range(1, 6)]

    def matched() -> bool:
        heard.extend(world[0].poll())
        return all(world[1].sent(ticket) for ticket in tickets)

    world.until(matched)
    world[1].notice(0, 5)
    heard += world.hear(0, 6 - len(heard))
    assert heard[-1] == Notice(1, 5)
    assert sorted(tx for _, tx, _ in _plain(heard[:-1])) == [1, 2, 3, 4, 5]


def a_notice_alone_arrives(world: MeshWorld) -> None:
    world[1].notice(0, 1 << 40)
    assert world.hear(0, 1) == [Notice(1, 1 << 40)]


def two_ranks_that_send_to_each_other_both_get_it(world: MeshWorld) -> None:
    tickets = {
        rank: [world[rank].send(1 - rank, tx, [b"head", bytes(LARGE)]) for tx in range(1, 5)]
        for rank in (0, 1)
    }
    for rank in (0, 1):
        assert {source for source, _, _ in _plain(world.hear(rank, 4))} == {1 - rank}
    for rank in (0, 1):
        world.settle(rank, tickets[rank])


def a_message_is_for_nobody_else(world: MeshWorld) -> None:
    tickets = [world[0].send(1, 1, [b"one"]), world[0].send(2, 1, [b"two"])]
    assert _plain(world.hear(2, 1)) == [(0, 1, [b"two"])]
    assert _plain(world.hear(1, 1)) == [(0, 1, [b"one"])]
    world.settle(0, tickets)


def messages_of_several_senders_say_whose_they_are(world: MeshWorld) -> None:
    tickets = {rank: [world[rank].send(0, tx, [b"%d" % rank]) for tx in (1, 2)] for rank in (1, 2)}
    heard = _plain(world.hear(0, 4))
    assert sorted(heard) == [(rank, tx, [b"%d" % rank]) for rank in (1, 2) for tx in (1, 2)]
    for rank in (1, 2):
        world.settle(rank, tickets[rank])


def many_buffers_belong_to_their_message(world: MeshWorld) -> None:
    parts = {tx: [bytes([tx, i]) * 10_000 for i in range(40)] for tx in (1, 2, 3)}
    tickets = [world[1].send(0, tx, [b"head", *buffers]) for tx, buffers in parts.items()]
    assert {tx: frames[1:] for _, tx, frames in _plain(world.hear(0, 3))} == parts
    world.settle(1, tickets)


def nobody_waits_for_a_rank_that_was_forgotten(world: MeshWorld) -> None:
    ticket = world[1].send(0, 1, [b"head"])
    assert not world[1].sent(ticket)
    world[1].forget(0)
    world.settle(1, [ticket])
    world.hear(0, 1)  # so that nothing is on its way when the mesh goes


def nothing_comes_any_more_of_a_rank_that_was_forgotten(world: MeshWorld) -> None:
    world[0].forget(1)
    world[1].send(0, 1, [b"of the dead"])
    ticket = world[2].send(0, 1, [b"of the living"])
    assert _plain(world.hear(0, 1)) == [(2, 1, [b"of the living"])]
    world.settle(2, [ticket])
    for _ in range(LOOKS):
        world.pass_time(PAUSE_S)
        assert world[0].poll() == []
