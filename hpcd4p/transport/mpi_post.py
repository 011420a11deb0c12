"""Small messages between the ranks on MPI, and how long to wait between two looks for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from hpcd4p.transport.mpi import MPI as MPI
from hpcd4p.transport.mpi import Watch, duplicate

COMMIT, REPORT, KNOWN, ORDER, CONGESTION = range(1, 6)
"""MPI tags on the communicator of the broker."""

TAGS = 8
"""Of each incarnation of a run."""

PAUSE_S = (0.0001, 0.02)
"""Between two looks (first, at most). A look takes up to 80 µs: every 20 ms, 0.4 % of a core."""

PAUSE_SHARE = 1 / 16
"""The pause as a part of the time since a message last came."""

MOST_UNDER_WAY = 1000
"""A rank waits while so many of its messages are not received by the head. The head never waits: it has at
most two messages for each rank under way, and its orders."""

SWEEP_AFTER = 32
"""Messages after which the buffers of delivered ones are released."""


class Post:
    """Small messages, on a communicator of their own. Collective to make, if there is none `before`.

    Parameters
    ----------
    before
        That of an earlier incarnation, whose communicator serves again; what it has sent is thrown away.
    incarnation
        See `Setup`.
    """

    def __init__(self, watch: Watch | None, before: Post | None = None, incarnation: int = 0) -> None:
        self._comm: Any = duplicate(watch) if before is None else before._comm
        self._base = incarnation * TAGS
        self._before = before  # MPI may still read what it has sent
        self._status = MPI.Status()
        self._under_way: list[tuple[Any, bytes]] = []
        self._coming: list[tuple[Any, int, int, bytearray]] = []
        self._sweep_at = SWEEP_AFTER
        self.rank = int(self._comm.rank)
        self.size = int(self._comm.size)

    def send(self, dest: int, tag: int, data: bytes) -> Any:
        """Start to send `data`, which is kept until it is delivered."""
        request = self._comm.Issend([data, MPI.BYTE], dest, self._base + tag)
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
        """(source, tag, data) of each message that has come. Never waits."""
        status = self._status
        while (message := self._comm.Improbe(MPI.ANY_SOURCE, MPI.ANY_TAG, status)) is not None:
            data = bytearray(status.Get_count(MPI.BYTE))
            request = message.Irecv([data, MPI.BYTE])
            self._coming.append((request, status.source, status.tag - self._base, data))
        if self._coming:
            yield from self._complete()

    def _complete(self) -> list[tuple[int, int, bytearray]]:
        """What is here as a whole, of each sender in order: one that died may have sent the half of it."""
        here, coming = [], []
        late: set[int] = set()
        for each in self._coming:
            request, source, tag, data = each
            if source in late or not request.Test():
                late.add(source)
                coming.append(each)
            elif tag > 0:
                here.append((source, tag, data))
        self._coming = coming
        return here


class Patience:
    """Pauses between looks: short after a message, then longer and longer."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def reset(self) -> None:
        """Note that something has come."""
        self._since = time.monotonic()

    def pause(self, left: float | None) -> float:
        """Seconds to the next look, `left` at most."""
        pause = min(max((time.monotonic() - self._since) * PAUSE_SHARE, PAUSE_S[0]), PAUSE_S[1])
        return pause if left is None else min(pause, left)
