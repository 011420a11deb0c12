"""What rank 0 and the others say to each other between two incarnations of a run, when there is no broker.

On MPI's own communicator, which the engine uses for nothing else once the run has begun. Nothing here blocks:
the rank at the other end may have died.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from hpcd4p.transport.mpi import MPI as MPI

READY, NEXT = range(20_481, 20_483)
"""MPI tags: a rank waits for what comes next; what comes next."""

LOOK_S = 0.005


class HeadSide:
    """Rank 0's.

    Attributes
    ----------
    ready
        Ranks that wait.
    """

    def __init__(self) -> None:
        self.ready: set[int] = set()
        self._status = MPI.Status()
        self._under_way: list[tuple[Any, bytes]] = []

    def look(self) -> None:
        """Take in what the others have said."""
        while (message := MPI.COMM_WORLD.Improbe(MPI.ANY_SOURCE, READY, self._status)) is not None:
            self.ready.add(self._status.source)
            message.Recv([bytearray(0), MPI.BYTE])  # it has no body: this does not wait

    def send(self, ranks: Collection[int], data: bytes) -> None:
        """Tell ranks what comes next; nothing: the run is over."""
        self._under_way = [pair for pair in self._under_way if not pair[0].Test()]
        for rank in ranks:
            self._under_way.append((MPI.COMM_WORLD.Isend([data, MPI.BYTE], rank, NEXT), data))
            self.ready.discard(rank)


def wait_for_next(lives: Callable[[], bool], limit_s: float) -> bytes | None:
    """Tell rank 0 that this rank waits, and wait: what comes next, None if nobody is there who could tell.

    Parameters
    ----------
    lives
        Whether there is still somebody.
    """
    nothing = bytearray(0)
    ready = MPI.COMM_WORLD.Isend([nothing, MPI.BYTE], 0, READY)
    end = time.monotonic() + limit_s
    status = MPI.Status()
    while (message := MPI.COMM_WORLD.Improbe(0, NEXT, status)) is None:
        if time.monotonic() > end or not lives():
            return None
        ready.Test()
        time.sleep(LOOK_S)
    data = bytearray(status.Get_count(MPI.BYTE))
    request = message.Irecv([data, MPI.BYTE])
    while not request.Test():
        if not lives():
            return None
        time.sleep(LOOK_S)
    return bytes(data)
