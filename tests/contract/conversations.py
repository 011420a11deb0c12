"""What every mesh does, as conversations. Told from above: on MPI each rank plays its own part of it.

A `World` gives `act(rank)`, the mesh of that rank if this process plays it, else None; and
`settle(condition)`, which lets time pass until the condition holds here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from hpcd4p.transport.broker import Mesh
from hpcd4p.wire.messages import Arrival, Notice

LARGE = 1 << 18
"""More bytes than MPI sends along with the envelope."""


class World(Protocol):
    heard: dict[int, list[Arrival | Notice]]
    """By rank, what it has got so far."""

    def act(self, rank: int) -> Mesh | None: ...

    def settle(self, condition: Callable[[], bool]) -> None:
        """Poll nobody; return when `condition` holds; raise when it takes too long."""

    def meet(self) -> None:
        """Return when all ranks have come here."""


def hear(world: World, rank: int, count: int) -> list[Any] | None:
    """All that `rank` has got, once it is `count` messages: (source, tx, frames) or notices."""
    mesh = world.act(rank)
    if mesh is None:
        return None

    def enough() -> bool:
        world.heard[rank] += mesh.poll()
        return len(world.heard[rank]) >= count

    world.settle(enough)
    return [
        each if isinstance(each, Notice) else (each.source, each.tx, [bytes(f) for f in each.frames])
        for each in world.heard[rank]
    ]


def a_message_arrives_as_it_was_sent(world: World) -> None:
    frames = [b"head", bytearray(b"x" * LARGE), memoryview(b"y" * 10)]
    sender = world.act(1)
    ticket = sender.send(0, 7, frames) if sender else None
    got = hear(world, 0, 1)
    if got is not None:
        assert got == [(1, 7, [bytes(f) for f in frames])]
    if sender:
        world.settle(lambda: sender.sent(ticket))


def buffers_may_be_written_to(world: World) -> None:
    sender = world.act(1)
    ticket = sender.send(0, 1, [b"head", b"\0" * LARGE]) if sender else None
    if hear(world, 0, 1) is not None:
        (arrival,) = world.heard[0]
        assert isinstance(arrival, Arrival)
        arrival.frames[1][0] = 1
    if sender:
        world.settle(lambda: sender.sent(ticket))


def a_message_is_sent_when_its_receiver_has_looked_and_not_before(world: World) -> None:
    sender = world.act(1)
    ticket = sender.send(0, 1, [b"small"]) if sender else None
    if sender:
        for _ in range(100):
            sender.poll()
            assert not sender.sent(ticket)
    world.meet()
    hear(world, 0, 1)
    if sender:
        world.settle(lambda: sender.sent(ticket))


def messages_of_one_sender_come_in_order_with_their_notices(world: World) -> None:
    sender = world.act(1)
    tickets = []
    if sender:
        for tx in range(1, 6):
            size = LARGE if tx == 2 else 10
            tickets.append(sender.send(0, tx, [b"head", bytes(size)]))
    got = hear(world, 0, 5)
    if got is not None:
        assert sorted(tx for _, tx, _ in got) == [1, 2, 3, 4, 5]
    if sender:
        world.settle(lambda: all(sender.sent(t) for t in tickets))
        sender.notice(0, 5)
    got = hear(world, 0, 6)
    if got is not None:
        assert got[-1] == Notice(1, 5)


def a_notice_alone_arrives(world: World) -> None:
    sender = world.act(1)
    if sender:
        sender.notice(0, 1 << 40)
    got = hear(world, 0, 1)
    if got is not None:
        assert got == [Notice(1, 1 << 40)]


def two_ranks_that_send_to_each_other_both_get_it(world: World) -> None:
    tickets = {}
    for rank, other in ((0, 1), (1, 0)):
        mesh = world.act(rank)
        if mesh:
            tickets[rank] = [mesh.send(other, tx, [b"head", bytes(LARGE)]) for tx in range(1, 5)]
    for rank in (0, 1):
        mesh = world.act(rank)
        got = hear(world, rank, 4)
        if mesh and got is not None:
            assert {source for source, _, _ in got} == {1 - rank}
    for rank, mine in tickets.items():
        mesh = world.act(rank)
        world.settle(lambda mesh=mesh, mine=mine: all(mesh.sent(t) for t in mine))  # type: ignore[misc]


def many_buffers_belong_to_their_message(world: World) -> None:
    sender = world.act(1)
    parts = {tx: [bytes([tx, i]) * 10_000 for i in range(40)] for tx in (1, 2, 3)}
    tickets = [sender.send(0, tx, [b"head", *p]) for tx, p in parts.items()] if sender else []
    got = hear(world, 0, 3)
    if got is not None:
        assert {tx: frames[1:] for _, tx, frames in got} == parts
    if sender:
        world.settle(lambda: all(sender.sent(t) for t in tickets))


def nobody_waits_for_a_rank_that_was_forgotten(world: World) -> None:
    sender = world.act(1)
    if sender:
        ticket = sender.send(0, 1, [b"head"])
        sender.forget(0)
        world.settle(lambda: sender.sent(ticket))
    world.meet()
    hear(world, 0, 1)  # and so that nothing is on its way when the mesh goes


CONVERSATIONS = [
    a_message_arrives_as_it_was_sent,
    buffers_may_be_written_to,
    a_message_is_sent_when_its_receiver_has_looked_and_not_before,
    messages_of_one_sender_come_in_order_with_their_notices,
    a_notice_alone_arrives,
    two_ranks_that_send_to_each_other_both_get_it,
    many_buffers_belong_to_their_message,
    nobody_waits_for_a_rank_that_was_forgotten,
]
