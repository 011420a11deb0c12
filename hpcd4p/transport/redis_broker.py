"""The broker on a Redis: one script call for each thing that must happen at once.

Owns the calls and their replies; decides nothing. The keys are documented in `wire.keys`, what the
scripts do in ``lua/``.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from hpcd4p.errors import BrokerLost
from hpcd4p.transport.broker import BELL, IDLE, IN_CALL, MAIL, REAL, SILENT
from hpcd4p.transport.resp import HEAD_PATIENCE_S, PATIENCE_S, RespConnection
from hpcd4p.transport.statistics import service_times
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.keys import GROUP, Keys
from hpcd4p.wire.messages import Commit, Observation, Order, Reply, Task

SHARED_TTL_S = 600
"""On a Redis that others share, what a killed head leaves behind vanishes after this time."""


HEAD_LIVES_S = 30.0
"""On a shared Redis, ranks that wait leave when the head has not been heard of for this long."""


def load_scripts(
    endpoint: Endpoint, run_id: str, elements: Sequence[int], shared: bool = False
) -> dict[str, str]:
    """Load the scripts and make the streams; returns name -> SHA1. Head only, once per run."""
    from importlib.resources import files

    keys = Keys(run_id)
    connection = RespConnection(endpoint, keys.prefix + "setup", HEAD_PATIENCE_S)
    shas = {}
    for name in ("step", "claim", "bury", "observe"):
        text = (files("hpcd4p.transport") / "lua" / f"{name}.lua").read_text()
        shas[name] = connection.call("SCRIPT", "LOAD", text).decode()
    for element in elements:
        connection.call("XGROUP", "CREATE", keys.tasks(element), GROUP, "0", "MKSTREAM")
    if shared:
        _say_head_lives(connection, keys)
    connection.close()
    return shas


def _say_head_lives(connection: RespConnection, keys: Keys) -> None:
    connection.call("HSET", keys.prefix + "head", "lives", 1)
    connection.call("EXPIRE", keys.prefix + "head", int(HEAD_LIVES_S))


class RedisBroker:
    """See `transport.broker.Broker`."""

    def __init__(
        self,
        endpoint: Endpoint,
        run_id: str,
        rank: int,
        shas: dict[str, str],
        streams: Sequence[int],
        low: tuple[int, int],
        max_attempts: int,
        shared: bool = False,
        size: int = 0,
    ) -> None:
        self.keys = Keys(run_id)
        self.rank = rank
        self._shas = shas
        self._streams = list(streams)
        self._low = low
        self._max_attempts = max_attempts
        self._ttl = SHARED_TTL_S if shared else 0
        self._shared = shared
        self._size = size
        self._head_said = 0.0
        patience = PATIENCE_S if rank else HEAD_PATIENCE_S
        self._calls = RespConnection(endpoint, self.keys.client(rank), patience)
        # from now on the head will miss this rank if it goes
        self._calls.call("HSETNX", self.keys.prefix + "com", rank, 0)
        # the bell has its own connection, so that a wait can be left and resumed at no cost; it
        # bears the same name: a rank lives as long as one of its connections does
        self._bell = RespConnection(endpoint, self.keys.client(rank), patience)
        self._bell.send("BLPOP", self.keys.bell(rank), 0)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._poll = select.poll()
        self._poll.register(self._bell.fileno(), select.POLLIN)
        self._poll.register(self._wake_read, select.POLLIN)

    def _script(self, name: str, *args: Any) -> Any:
        return self._calls.call("EVALSHA", self._shas[name], 1, self.keys.prefix, *args)

    def step(
        self,
        commit: Commit,
        take: Sequence[int] = (),
        ring: Sequence[int] = (),
        congest: Sequence[int] = (),
        relieve: Sequence[int] = (),
        want_service: bool = False,
        stand: int = IDLE,
    ) -> Reply:
        """See `Broker.step`."""
        args: list[Any] = [self.rank, commit.tx, *self._low, int(want_service), int(self._shared), stand]
        for plain in (ring, congest, relieve):
            args.append(len(plain))
            args.extend(plain)
        for rows in (commit.done, commit.progress, commit.counts.items(), commit.publish):
            args.append(len(rows))
            for row in rows:
                args.extend(row)
        args.append(len(commit.dead))
        args.extend(commit.dead)
        args.append(len(commit.stats))
        for pair in commit.stats.items():
            args.extend(pair)
        args.append(len(take))
        args.extend(take)
        return _reply(self._script("step", *args), stand != IN_CALL)

    def claim(self, element: int, word: str = REAL, digest: str = "") -> bool:
        """See `Broker.claim`."""
        return bool(self._script("claim", self.rank, element, word, digest))

    def wait(self, seconds: float | None) -> int:
        """See `Broker.wait`."""
        if seconds is None and self._shared:
            seconds = HEAD_LIVES_S / 3
            if self.rank and not self._calls.call("HGET", self.keys.prefix + "head", "lives"):
                self.erase(self._size)
                raise BrokerLost("the head of the run is gone; its Redis, which is shared, is not")
        if seconds is not None and seconds < 0.001:  # poll() counts in milliseconds
            time.sleep(seconds)
            seconds = 0
        heard = SILENT
        for descriptor, _ in self._poll.poll(None if seconds is None else seconds * 1000):
            if descriptor == self._wake_read:
                os.read(self._wake_read, 4096)
                heard = BELL
            else:
                _, token = self._bell.receive()
                self._bell.send("BLPOP", self.keys.bell(self.rank), 0)
                heard = max(heard, MAIL if token == b"m" else BELL)
        return heard

    def wake(self) -> None:
        """See `Broker.wake`."""
        with suppress(BlockingIOError):  # the pipe is full: it will wake
            os.write(self._wake_write, b"!")

    def order(self, ranks: Sequence[int], order: Order) -> None:
        """See `Broker.order`."""
        for rank in ranks:
            self._calls.send("RPUSH", f"{self.keys.prefix}orders:{rank}", order.text())
            self._calls.send("RPUSH", self.keys.bell(rank), 1)
        for _ in range(2 * len(ranks)):
            self._calls.receive()

    def observe(self, alive: bool, fetch: bool = True) -> Observation:
        """See `Broker.observe`."""
        if self._shared and time.monotonic() - self._head_said > HEAD_LIVES_S / 6:
            self._head_said = time.monotonic()
            _say_head_lives(self._calls, self.keys)
        refresh: list[str] = []
        if self._ttl:
            refresh = [
                "pend",
                "ready",
                "idle",
                "wait",
                "parked",
                "com",
                "own",
                "firm",
                "fill",
                "lost",
                "cong",
                "stat",
                "dead",
                "prog",
                "final",
            ]
            refresh += [f"t:{e}" for e in self._streams]
        said = self._script("observe", self._ttl, int(fetch), *refresh)
        pend, stat, tasks, size, idle, dead, com, reports, waited, parked, own = said
        return Observation(
            pending={int(k): int(v) for k, v in _pairs(pend)},
            stats={k.decode(): int(v) for k, v in _pairs(stat)},
            tasks=tasks,
            size=size,
            idle=frozenset(map(int, idle)),
            dead=dead,
            alive=self._alive() if alive else None,
            committed={int(k): int(v) for k, v in _pairs(com)},
            reports=reports,
            waited_us=int(waited),
            parked=frozenset(map(int, parked)),
            owners={int(k): int(v) for k, v in _pairs(own)},
        )

    def _alive(self) -> frozenset[int]:
        """Ranks that have a connection: the kernel closes a dead rank's sockets at once."""
        mark = f" name={self.keys.prefix}".encode()
        listing: bytes = self._calls.call("CLIENT", "LIST", "TYPE", "NORMAL")
        names = [line.split(mark, 1)[1].split(b" ", 1)[0] for line in listing.splitlines() if mark in line]
        return frozenset(int(name) for name in names if name.isdigit())

    def bury(self, rank: int) -> tuple[int, list[Task]]:
        """See `Broker.bury`."""
        committed, given_up = self._script("bury", rank, self._max_attempts, *self._streams)
        return committed, [_task(*row) for row in given_up]

    def report(self, figures: bytes) -> None:
        """See `Broker.report`."""
        with suppress(BrokerLost):  # the head may have read it, and gone, before we hear of it
            self._calls.send("RPUSH", self.keys.prefix + "final", figures)
            self._calls.send("RPUSH", self.keys.bell(0), 1)
            self._calls.receive()
            self._calls.receive()

    def erase(self, size: int) -> None:
        """Remove every key of the run, on a Redis that others share.

        By the head, last of all, or by a rank that finds the head gone.
        """
        names = [
            "head",
            "pend",
            "ready",
            "idle",
            "wait",
            "parked",
            "com",
            "own",
            "firm",
            "fill",
            "lost",
            "cong",
            "stat",
            "dead",
            "prog",
            "final",
        ]
        names += [f"t:{e}" for e in self._streams]
        names += [f"{kind}:{rank}" for kind in ("bell", "orders") for rank in range(size)]
        for start in range(0, len(names), 1000):
            self._calls.call("UNLINK", *(self.keys.prefix + n for n in names[start : start + 1000]))

    def close(self) -> None:
        """See `Broker.close`."""
        self._calls.close()
        self._bell.close()
        os.close(self._wake_read)
        os.close(self._wake_write)


def _pairs(flat: list[bytes]) -> zip[tuple[bytes, bytes]]:
    return zip(flat[::2], flat[1::2], strict=True)


def _task(
    e: bytes, id_: bytes, n: bytes, attempts: bytes | int, payload: bytes, progress: bytes | None
) -> Task:
    done = tuple(map(int, progress.split())) if progress else ()
    return Task(int(e), id_.decode(), int(n), payload, int(attempts), done)


def _reply(raw: list[Any], totals_only: bool) -> Reply:
    if raw[0] == 0:
        return Reply(accepted=False)
    _, idle, ready, congested, orders, task, stat, own = raw
    reply = Reply(True, None, idle)
    if totals_only:
        reply.tasks, reply.size = (int(n or 0) for n in ready)
    else:
        waiting = {k: int(v) for k, v in _pairs(ready)}
        reply.tasks, reply.size = waiting.pop(b"t", 0), waiting.pop(b"b", 0)
        reply.waiting = {int(e): count for e, count in waiting.items() if count}
    if task:
        reply.task = _task(*task)
    if orders:
        reply.orders = [Order.parse(o.decode()) for o in orders]
    if congested:
        reply.congested = frozenset(int(c.split(b":", 1)[0]) for c in congested)
    if own:
        reply.owners = {int(k): int(v) for k, v in _pairs(own)}
    if stat:
        reply.service_us = service_times(_pairs(stat))
    return reply
