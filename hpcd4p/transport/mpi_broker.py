"""The broker of the static mapping: MPI only. What a Redis would hold is in the memory of the head.

The others *tell* the head what they have committed and do not wait for an answer; the head tells them
orders and congestion as they arise. That is enough where no tasks are handed out and no rank can be spared:
messages of one rank arrive in order, so counters that say that nothing is pending upstream have all that
upstream wrote.
Whoever waits looks for messages with growing pauses, for a rank in a blocking MPI call burns a core.
"""

from __future__ import annotations

import os
import pickle
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from hpcd4p import descriptors
from hpcd4p.errors import BrokerLost
from hpcd4p.transport.broker import Claim, Heard
from hpcd4p.transport.memory import MemoryBroker, MemoryStore
from hpcd4p.transport.mpi import MPI as MPI
from hpcd4p.transport.mpi import MpiMesh, Watch, duplicate
from hpcd4p.wire.ask import NOTHING_ASKED, Ask
from hpcd4p.wire.messages import Commit, Entry, Observation, Reply
from hpcd4p.wire.orders import Order, parse, text

COMMIT, REPORT, KNOWN, ORDER, CONGESTION = range(1, 6)
"""MPI tags on the communicator of the broker."""

PAUSE_S = (0.0001, 0.02)
"""Between two looks (first, at most). A look takes up to 80 µs: every 20 ms, 0.4 % of a core."""

PAUSE_SHARE = 1 / 16
"""... and such a part of the time that nothing has come for."""

MOST_UNDER_WAY = 1000
"""Messages of one rank that the head has not received; then it waits. The head, which waits for nobody, has
two for each rank at most, and its orders."""

SWEEP_AFTER = 32
"""Messages after which those that have gone are let go of."""

REPORT_S = 2.0
"""For the head to match a report: it looks all the time, unless it is gone."""

HEAD_S = 1.0
"""Between two looks whether the head lives."""


class _Post:
    """Small messages, on a communicator of their own. Collective to make."""

    def __init__(self, watch: Watch | None) -> None:
        self._comm = duplicate(watch)
        self._status = MPI.Status()
        self._under_way: list[tuple[Any, bytes]] = []
        self._sweep_at = SWEEP_AFTER
        self.rank = int(self._comm.rank)
        self.size = int(self._comm.size)

    def send(self, dest: int, tag: int, data: bytes) -> Any:
        """Start to send; `data` is kept until it has gone."""
        request = self._comm.Issend([data, MPI.BYTE], dest, tag)
        self._under_way.append((request, data))
        if len(self._under_way) > self._sweep_at:
            self._sweep()
            while dest == 0 and len(self._under_way) > MOST_UNDER_WAY:
                time.sleep(PAUSE_S[0])
                self._sweep()
        return request

    def _sweep(self) -> None:
        self._under_way = [pair for pair in self._under_way if not pair[0].Test()]
        self._sweep_at = len(self._under_way) + SWEEP_AFTER

    def fetch(self) -> Iterator[tuple[int, int, bytearray]]:
        """(source, tag, data) of what has come. Never waits."""
        status = self._status
        while True:
            message = self._comm.Improbe(MPI.ANY_SOURCE, MPI.ANY_TAG, status)
            if message is None:
                return
            source, tag = status.source, status.tag
            data = bytearray(status.Get_count(MPI.BYTE))
            message.Recv([data, MPI.BYTE])  # it is small, and its sender lives, or nobody goes on
            yield source, tag, data


class _Patience:
    """Pauses between looks: short after something has come, longer and longer then."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def reset(self) -> None:
        self._since = time.monotonic()

    def pause(self, left: float | None) -> float:
        pause = min(max((time.monotonic() - self._since) * PAUSE_SHARE, PAUSE_S[0]), PAUSE_S[1])
        return pause if left is None else min(pause, left)


class HeadMpiBroker(MemoryBroker):
    """See `transport.broker.Broker`: the head's. Collective to make, as `RankMpiBroker` is.

    Parameters
    ----------
    alive
        Gives the ranks whose process is there, as far as it can be seen from here.
    """

    def __init__(
        self, mesh: MpiMesh, alive: Callable[[], frozenset[int]], watch: Watch | None = None
    ) -> None:
        self._post = _Post(watch)
        super().__init__(MemoryStore(), 0)
        size = self._post.size
        self._twins = [self, *(MemoryBroker(self.store, rank) for rank in range(1, size))]
        self._mesh = mesh
        self._find_alive = alive
        self._patience = _Patience()
        self._told: list[frozenset[int]] = [frozenset()] * size
        self._heard = [True] * size
        self._wake_read, self._wake_write = map(descriptors.hold, os.pipe())
        os.set_blocking(self._wake_write, False)

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """See `Broker.step`."""
        self._serve()
        reply = super().step(commit, ask, entry)
        self._tell()
        return reply

    def wait(self, seconds: float | None) -> Heard:
        """See `Broker.wait`."""
        end = None if seconds is None else time.monotonic() + seconds
        while True:
            self._serve()
            heard = super().wait(seconds) or (Heard.MAIL if self._mesh.waiting() else Heard.SILENT)
            left = None if end is None else end - time.monotonic()
            if heard or (left is not None and left <= 0):
                return heard
            readable, _, _ = select.select([self._wake_read], [], [], self._patience.pause(left))
            if readable:
                os.read(self._wake_read, 4096)

    def wake(self) -> None:
        """See `Broker.wake`."""
        super().wake()
        # if user code has closed it, the main thread finds that out by itself
        if descriptors.ours(self._wake_write):
            with suppress(BlockingIOError):  # the pipe is full: it will wake
                os.write(self._wake_write, b"!")

    def order(self, ranks: Sequence[int], order: Order, mark: int = 0) -> None:
        """See `Broker.order`."""
        for rank in ranks:
            self._post.send(rank, ORDER, text(order, mark).encode())

    def observe(
        self, alive: bool, fetch: bool = True, stats: bool = True, orders: Sequence[int] | None = None
    ) -> Observation:
        """See `Broker.observe`."""
        self._serve()
        if alive:
            self.store.alive = set(self._find_alive())
        return super().observe(alive, fetch, stats, orders)

    def _serve(self) -> None:
        """Take in what the others have told."""
        for source, tag, data in self._post.fetch():
            self._patience.reset()
            if tag == COMMIT:
                commit, congest, relieve = pickle.loads(data)
                self._twins[source].step(commit, Ask(congest=congest, relieve=relieve))
                if congest or relieve:
                    self._tell()
            elif tag == REPORT:
                self._twins[source].report(bytes(data))
            else:
                self._heard[source] = True
                self._tell()

    def _tell(self) -> None:
        """Have every rank know what is congested; each gets the next word when it has heard the last."""
        now = frozenset(e for e, _ in self.store.congested)
        for rank in range(1, self._post.size):
            if self._heard[rank] and self._told[rank] != now:
                self._heard[rank] = False
                self._told[rank] = now
                self._post.send(rank, CONGESTION, pickle.dumps(now))

    def close(self) -> None:
        """See `Broker.close`."""
        super().close()
        descriptors.close(self._wake_read)
        descriptors.close(self._wake_write)


class RankMpiBroker:
    """See `transport.broker.Broker`: that of any other rank. There are no tasks to take, no ranks to ring.

    Parameters
    ----------
    head
        Process of the head, if it is on this node.
    """

    def __init__(self, mesh: MpiMesh, head: int | None) -> None:
        self._post = _Post(None)
        self.rank = self._post.rank
        self._mesh = mesh
        self._head = head
        self._looked = time.monotonic()
        self._orders: list[Order] = []
        self._congested: frozenset[int] = frozenset()
        self._patience = _Patience()

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """See `Broker.step`; raises `BrokerLost` as `wait` does."""
        if commit or ask.congest or ask.relieve:
            said = commit, list(ask.congest), list(ask.relieve)
            self._post.send(0, COMMIT, pickle.dumps(said, protocol=5))
        self._fetch()
        self._look_for_head()
        reply = Reply(accepted=True)
        reply.orders, self._orders = self._orders, []
        reply.congested = self._congested
        return reply

    def wait(self, seconds: float | None) -> Heard:
        """See `Broker.wait`; whoever sends a message need not ring.

        Raises
        ------
        BrokerLost
            The head is gone.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while True:
            if self._fetch() or self._orders:
                return Heard.BELL
            if self._mesh.waiting():
                self._patience.reset()
                return Heard.MAIL
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return Heard.SILENT
            time.sleep(self._patience.pause(left))
            self._look_for_head()

    def _fetch(self) -> bool:
        """Take in what the head has told; whether there was anything."""
        came = False
        for _, tag, data in self._post.fetch():
            came = True
            if tag == ORDER:
                self._orders.append(parse(data.decode())[0])
            else:
                self._congested = pickle.loads(data)
                self._post.send(0, KNOWN, b"")
        if came:
            self._patience.reset()
        return came

    def _look_for_head(self) -> None:
        now = time.monotonic()
        if self._head is not None and now - self._looked > HEAD_S:
            self._looked = now
            try:
                os.kill(self._head, 0)
            except ProcessLookupError:
                raise BrokerLost("the head of the run is gone") from None
            except PermissionError:
                pass  # it is there

    def wake(self) -> None:
        """See `Broker.wake`: nobody needs it here."""

    def report(self, sealed: bytes) -> None:
        """See `Broker.report`."""
        request = self._post.send(0, REPORT, sealed)
        end = time.monotonic() + REPORT_S
        while not request.Test() and time.monotonic() < end:
            time.sleep(PAUSE_S[0])

    def claim(
        self, element: int, claim: Claim = Claim.REAL, digest: str = "", entry: Entry | None = None
    ) -> bool:
        """See `Broker.claim`: there is no pool here."""
        raise NotImplementedError

    def order(self, ranks: Sequence[int], order: Order, mark: int = 0) -> None:
        """See `Broker.order`: for the head."""
        raise NotImplementedError

    def observe(
        self, alive: bool, fetch: bool = True, stats: bool = True, orders: Sequence[int] | None = None
    ) -> Observation:
        """See `Broker.observe`: for the head."""
        raise NotImplementedError

    def bury(self, rank: int) -> tuple[int, list[Any]]:
        """See `Broker.bury`: for the head."""
        raise NotImplementedError

    def close(self) -> None:
        """See `Broker.close`: there is nothing to give up."""
