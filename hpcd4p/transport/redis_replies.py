"""Replies of the scripts, as messages. Pure; raises `ValueError` for what no run has written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcd4p.wire.messages import Books, Observation, Reply, Stream, Task
from hpcd4p.wire.orders import parse
from hpcd4p.wire.statistics import Statistics


def observation(
    said: list[Any], alive: frozenset[int] | None, streams: Sequence[int], orders: Sequence[int]
) -> Observation:
    """The observation in a reply of ``observe.lua``, with the ranks that are connected."""
    pending, stats, tasks, size, idle, dead, committed, reports, waited, parked, owners, books = said
    return Observation(
        pending={int(k): int(v) for k, v in _pairs(pending)},
        stats=Statistics.read(_pairs(stats)),
        tasks=tasks,
        size=size,
        idle=frozenset(map(int, idle)),
        dead=dead,
        alive=alive,
        committed={int(k): int(v) for k, v in _pairs(committed)},
        reports=reports,
        waited_us=int(waited),
        parked=frozenset(map(int, parked)),
        owners={int(k): int(v) for k, v in _pairs(owners)},
        books=_books(books, streams, orders) if books else None,
    )


def _pairs(flat: list[bytes]) -> zip[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def task_of(
    e: bytes, id_: bytes, n: bytes, attempts: bytes | int, payload: bytes, progress: bytes | None
) -> Task:
    """One task of ``step.lua`` or ``fence.lua``."""
    done = tuple(map(int, progress.split())) if progress else ()
    return Task(int(e), id_.decode(), int(n), payload, int(attempts), done)


def _books(said: list[Any], streams: Sequence[int], ranks: Sequence[int]) -> Books:
    accounts, held, ready, letters, congested, lost, fills, orders, head = said
    pairs = [pair.split(b":") for pair in congested]
    filled = {int(e): text.split(b" ", 1) for e, text in _pairs(fills)}
    waiting = dict(_pairs(ready))
    tasks, size = int(waiting.pop(b"t", 0)), int(waiting.pop(b"b", 0))
    return Books(
        accounts={int(rank): account for rank, account in _pairs(accounts)},
        streams={
            e: Stream(tasks, leased, frozenset(holder.decode() for holder in holders))
            for e, (tasks, leased, holders) in zip(streams, held, strict=True)
        },
        tasks=tasks,
        size=size,
        ready={int(e): int(n) for e, n in waiting.items()},
        letters=letters,
        congested=frozenset((int(e), int(rank)) for e, rank in pairs),
        lost=frozenset(map(int, lost)),
        fills={e: (int(rank), digest.decode()) for e, (rank, digest) in filled.items()},
        orders=dict(zip(ranks, orders, strict=True)),
        head=bool(head),
    )


def reply_of(raw: list[Any], totals_only: bool) -> Reply:
    """The reply of ``step.lua``; `totals_only`: without the waiting tasks by element."""
    if raw[0] == 0:
        refused = Reply(accepted=False)
        refused.spoiled = raw[1].decode()
        return refused
    _, idle, ready, congested, orders, task, stats, owners = raw
    reply = Reply(True, None, idle)
    if totals_only:
        reply.tasks, reply.size = (int(n or 0) for n in ready)
    else:
        waiting = {k: int(v) for k, v in _pairs(ready)}
        reply.tasks, reply.size = waiting.pop(b"t", 0), waiting.pop(b"b", 0)
        reply.waiting = {int(e): count for e, count in waiting.items() if count}
    if task:
        reply.task = task_of(*task)
    if orders:
        read = [parse(order.decode()) for order in orders]
        reply.orders, reply.marks = [order for order, _ in read], [mark for _, mark in read]
    if congested:
        reply.congested = frozenset(int(c.split(b":", 1)[0]) for c in congested)
    if owners:
        reply.owners = {int(k): int(v) for k, v in _pairs(owners)}
    if stats:
        reply.service_us = Statistics.read(_pairs(stats)).service_us()
    return reply
