"""The suite with one process for each rank.

Every process goes through the same promise. Each call is made by the process whose rank it is, and the others
get to know what it gave; so all of them see the same, and fail together.
"""

from __future__ import annotations

import os
import pickle
import struct
import time
from collections.abc import Callable
from typing import Any, cast

from hpcd4p.transport.broker import Broker, Mesh
from hpcd4p.wire.messages import Arrival, Notice

Share = Callable[[int, bytes | None], bytes]
"""Gives to all processes what the one of a rank has (the others have None). Collective."""

_LENGTH = struct.Struct("<Q")

LIMIT_S = 60.0
"""Whoever has not come by then has failed."""

EAGER_S = 0.002
"""A process looks so long without a pause for what the others share; then with one."""


class Relay:
    """Calls of which each is made by one process, and known to all.

    Parameters
    ----------
    rank
        Of this process.
    """

    def __init__(self, rank: int, share: Share) -> None:
        self.rank = rank
        self._share = share

    def broker(self, rank: int, own: Broker | None) -> Broker:
        """The broker of `rank`, which is `own` if that is the rank of this process."""
        return cast(Broker, _RelayedBroker(self, rank, own))

    def mesh(self, rank: int, own: Mesh) -> Mesh:
        """The mesh of `rank`; of `own` the others ask for its size."""
        return _RelayedMesh(self, rank, own)

    def call(self, rank: int, do: Callable[[], Any]) -> Any:
        """What `do` gives, or raises, in the process of `rank`."""
        mine = None
        if rank == self.rank:
            try:
                mine = pickle.dumps((True, do()))
            except Exception as error:  # noqa: BLE001  # it is raised in every process
                mine = pickle.dumps((False, f"{type(error).__name__}: {error}"))
        worked, given = pickle.loads(self._share(rank, mine))
        assert worked, f"rank {rank}: {given}"
        return given


class _RelayedBroker:
    def __init__(self, relay: Relay, rank: int, own: Broker | None) -> None:
        self._relay = relay
        self._rank = rank
        self._own = own

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def ask(*args: Any, **kwargs: Any) -> Any:
            return self._relay.call(self._rank, lambda: getattr(self._own, method)(*args, **kwargs))

        return ask


class _RelayedMesh:
    """Tickets stay where they were made; the others know their numbers."""

    def __init__(self, relay: Relay, rank: int, own: Mesh) -> None:
        self.rank = rank
        self.size = own.size
        self._relay = relay
        self._own = own
        self._tickets: list[Any] = []

    @property
    def receiving(self) -> bool:
        return bool(self._relay.call(self.rank, lambda: self._own.receiving))

    @property
    def matched(self) -> int:
        return int(self._relay.call(self.rank, lambda: self._own.matched))

    @property
    def whole(self) -> int:
        return int(self._relay.call(self.rank, lambda: self._own.whole))

    def send(self, dest: int, tx: int, frames: list[Any]) -> Any:
        return self._relay.call(self.rank, lambda: self._send(dest, tx, frames))

    def _send(self, dest: int, tx: int, frames: list[Any]) -> int:
        self._tickets.append(self._own.send(dest, tx, frames))
        return len(self._tickets) - 1

    def sent(self, ticket: Any) -> bool:
        return bool(self._relay.call(self.rank, lambda: self._own.sent(self._tickets[ticket])))

    def notice(self, dest: int, tx: int) -> None:
        self._relay.call(self.rank, lambda: self._own.notice(dest, tx))

    def poll(self) -> list[Arrival | Notice]:
        messages: list[Arrival | Notice] = self._relay.call(self.rank, self._poll)
        return messages

    def _poll(self) -> list[Arrival | Notice]:
        return [
            each if isinstance(each, Notice) else each._replace(frames=list(map(_copy, each.frames)))
            for each in self._own.poll()
        ]

    def forget(self, rank: int) -> None:
        self._relay.call(self.rank, lambda: self._own.forget(rank))


def _copy(frame: Any) -> bytes | bytearray:
    """A copy that can be pickled and, as its original, be written to or not."""
    return bytes(frame) if memoryview(frame).readonly else bytearray(frame)


class MpiShare:
    """A `Share` among the ranks of MPI. Collective to make.

    Parameters
    ----------
    serve
        Called while this process waits for another: whatever the transport needs to go on.
    """

    def __init__(self, serve: Callable[[], object]) -> None:
        from hpcd4p.transport.mpi import MPI, duplicate

        self._mpi = MPI
        self._comm = duplicate(None)
        self._serve = serve

    def __call__(self, rank: int, mine: bytes | None) -> bytes:
        """What the process of `rank` has."""
        length = bytearray(_LENGTH.pack(len(mine or b"")))
        self._finish(self._comm.Ibcast([length, self._mpi.BYTE], rank))
        data = bytearray(mine or _LENGTH.unpack(length)[0])
        self._finish(self._comm.Ibcast([data, self._mpi.BYTE], rank))
        return bytes(data)

    def meet(self) -> None:
        """Return when all ranks have come here."""
        self._finish(self._comm.Ibarrier())

    def _finish(self, request: Any) -> None:
        began = time.monotonic()
        while not request.Test():
            self._serve()
            waited = time.monotonic() - began
            assert waited < LIMIT_S, "another rank has not come here"
            if waited < EAGER_S:
                os.sched_yield()
            else:
                time.sleep(EAGER_S / 4)
