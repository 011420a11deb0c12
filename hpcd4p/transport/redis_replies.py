"""Replies of the scripts, as messages. Pure; raises `ValueError` for what no run has written."""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct, error
from typing import TYPE_CHECKING, Any

from hpcd4p.transport.held import Held
from hpcd4p.wire.messages import Books, Observation, Publication, Reply, Snapshot, Task
from hpcd4p.wire.orders import parse
from hpcd4p.wire.statistics import Statistics

if TYPE_CHECKING:
    from hpcd4p.wire.place import Lane, Place

NO_STATE = bytes(88)
"""The packed numbers of a run in which nothing has happened (``lua/state.lua``)."""

_WAITS = Struct("<qqqqq")
"""The first of them."""

_HERE = Struct("<qq")
"""Behind them, where there are several nodes: ranks of this one that are idle, tasks in its line."""


def observation(
    said: list[Any], alive: frozenset[int] | None, streams: Sequence[int], orders: Sequence[int]
) -> Observation:
    """The observation in a reply of ``observe.lua``, with the ranks that are connected."""
    pending, stats, state, idle, dead, committed, reports, waited, parked, owners, books, lines = said
    tasks, size, _, _, sought = _waits(state)
    return Observation(
        pending={int(k): int(v) for k, v in _pairs(pending)},
        stats=Statistics.read(_pairs(stats)),
        tasks=tasks,
        size=size,
        idle=frozenset(map(int, idle)),
        dead=dead,
        alive=alive,
        committed=_committed(committed),
        reports=reports,
        waited_us=int(waited),
        parked=frozenset(map(int, parked)),
        owners={int(k): int(v) for k, v in _pairs(owners)},
        books=_books(books, tasks, size, streams, orders) if books else None,
        sought=sought,
        lines={int(k): int(v) for k, v in _pairs(lines) if v != b"0"},
    )


def snapshot(said: list[Any]) -> Snapshot:
    """The snapshot in a reply of ``snapshot.lua``."""
    from hpcd4p.wire.nodes import PORTERS  # the head alone needs it

    pending, tasks, committed, dead, stats, owners = said
    return Snapshot(
        pending={int(k): int(v) for k, v in _pairs(pending) if v != b"0"},
        tasks=list(map(_publication, tasks)),
        committed={r: tx for r, tx in _committed(committed).items() if r < PORTERS},
        dead=dead,
        stats=Statistics.read(_pairs(stats)),
        owners={int(k): int(v) for k, v in _pairs(owners)},
    )


def _committed(state: list[Any]) -> dict[int, int]:
    return {int(k): int(v) for k, v in _pairs(state) if k != b"s"}


def _publication(entry: bytes) -> Publication:
    line, _, payload = entry.partition(b"\n")
    element, tuples, died, *progress = line.split()
    attempts, beside, place = _deaths(died)
    return Publication(int(element), int(tuples), payload, attempts, tuple(map(int, progress)), beside, place)


def _deaths(word: bytes) -> tuple[int, str, Place | None]:
    """How many have died with a task, and who beside a rank; and its place, if it has one."""
    first, _, beside = word.partition(b"/")
    attempts, _, place = first.partition(b"@")
    return int(attempts), beside.decode().replace("_", " "), _place(place.decode()) if place else None


def _place(word: str) -> Place:
    from hpcd4p.wire.place import read  # few runs have places

    return read(word)


def _pairs(flat: list[bytes]) -> zip[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def task_of(entry: bytes, held: Held) -> Task:
    """The task in an entry of a queue, as ``step.lua`` and ``fence.lua`` give it; it is noted in `held`."""
    end = entry.index(b"\n")
    payload = memoryview(entry)[end + 1 :]  # no copy: it may be large
    element, tuples, died, *progress = entry[:end].split()
    done = tuple(map(int, progress)) if progress else ()
    e = int(element)
    attempts, beside, place = (int(died), "", None) if died.isdigit() else _deaths(died)
    return Task(e, held.take(e), int(tuples), payload, attempts, done, beside, place)


def _books(said: list[Any], tasks: int, size: int, streams: Sequence[int], ranks: Sequence[int]) -> Books:
    accounts, waiting, leased, letters, congested, lost, fills, orders, head = said
    pairs = [pair.split(b":") for pair in congested]
    filled = {int(e): text.split(b" ", 1) for e, text in _pairs(fills)}
    return Books(
        accounts={int(rank): account for rank, account in _pairs(accounts)},
        tasks=tasks,
        size=size,
        waiting=dict(zip(streams, waiting, strict=True)),
        leased={int(rank): int(count) for rank, count in _pairs(leased)},
        letters=letters,
        congested=frozenset((int(e), int(rank)) for e, rank in pairs),
        lost=frozenset(map(int, lost)),
        fills={e: (int(rank), digest.decode()) for e, (rank, digest) in filled.items()},
        orders=dict(zip(ranks, orders, strict=True)),
        head=bool(head),
    )


def _waits(state: bytes) -> tuple[int, int, int, int, int]:
    """Tasks and bytes that wait; ranks that are idle; tasks on nodes, and ranks that look for the head's."""
    try:
        return _WAITS.unpack_from(state)
    except (error, TypeError) as wrong:
        raise ValueError(f"{state!r} is no state of a run") from wrong


def connected(listing: bytes, prefix: str) -> frozenset[int]:
    """The ranks and porters that have a connection, in a reply of ``CLIENT LIST``."""
    mark = f" name={prefix}".encode()
    names = [line.split(mark, 1)[1].split(b" ", 1)[0] for line in listing.splitlines() if mark in line]
    return frozenset(int(name) for name in names if name.isdigit())


def is_step(raw: Any) -> bool:
    """Whether this is a reply of ``step.lua`` that has accepted the step."""
    return isinstance(raw, list) and isinstance(raw[0], bytes) and len(raw[0]) >= len(NO_STATE)


def reply_of(raw: list[Any], held: Held, watch: Sequence[Lane] = ()) -> Reply:
    """The reply of ``step.lua``; `held` is what it was before, and is now what the rank has.

    `watch`: see `OrderAsk`.
    """
    state, found = raw[0], raw[1]
    if state is None:
        refused = Reply(accepted=False)
        refused.spoiled = found.decode()
        return refused
    tasks, size, idle, _, sought = _waits(state)
    held.settle()
    reply = Reply(True, None, idle, tasks, size)
    reply.sought = sought
    if len(state) > len(NO_STATE):
        reply.idle_here, reply.near = _HERE.unpack_from(state, len(NO_STATE))
    if found:
        reply.task = task_of(found, held)
    if len(raw) > 2:
        _read_more(reply, *raw[2:7])
        if len(raw) > 7:
            from hpcd4p.transport.place_words import read_places

            read_places(reply, watch, *raw[7:])
    return reply


def _read_more(
    reply: Reply,
    congested: list[bytes],
    orders: list[bytes],
    owners: list[bytes],
    stats: list[bytes],
    waiting: Any,
) -> None:
    """Add what seldom belongs to a reply."""
    if orders:
        read = [parse(order.decode()) for order in orders]
        reply.orders, reply.marks = [order for order, _ in read], [mark for _, mark in read]
    reply.congested = frozenset(int(c.split(b":", 1)[0]) for c in congested)
    reply.owners = {int(k): int(v) for k, v in _pairs(owners)}
    if stats:
        sums = Statistics.read(_pairs(stats))
        reply.service_us, reply.core_share = sums.service_us(), sums.core_share()
    reply.waiting = {int(e): count for e, count in zip(waiting[::2], waiting[1::2], strict=True) if count}
