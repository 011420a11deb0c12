"""Small messages between the ranks on MPI, and how long to wait between two looks for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from hpcd4p.transport.mpi import MPI as MPI
from hpcd4p.transport.mpi import Watch, duplicate

COMMIT, REPORT, KNOWN, ORDER, CONGESTION = range(1, 6)
"""MPI tags on the communicator of the broker."""

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
    """Small messages, on a communicator of their own. Collective to make."""

    def __init__(self, watch: Watch | None) -> None:
        self._comm = duplicate(watch)
        self._status = MPI.Status()
        self._under_way: list[tuple[Any, bytes]] = []
        self._sweep_at = SWEEP_AFTER
        self.rank = int(self._comm.rank)
        self.size = int(self._comm.size)

    def send(self, dest: int, tag: int, data: bytes) -> Any:
        """Start to send `data`, which is kept until it is delivered."""
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
        """(source, tag, data) of each message that has come. Never waits."""
        status = self._status
        while True:
            message = self._comm.Improbe(MPI.ANY_SOURCE, MPI.ANY_TAG, status)
            if message is None:
                return
            source, tag = status.source, status.tag
            data = bytearray(status.Get_count(MPI.BYTE))
            message.Recv([data, MPI.BYTE])  # it is small; and if its sender died, the run ends anyway
            yield source, tag, data


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
