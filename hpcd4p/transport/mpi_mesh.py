"""The mesh on MPI.

Nothing here blocks while it waits: a rank in a blocking MPI call burns a whole core. Every call comes from
the main thread.

Source: MPI 4.0, sections 3.5 (messages between two ranks do not overtake), 3.4 (a synchronous send completes
only when it is matched), 3.8 (matched probe).
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any, Protocol

from hpcd4p.errors import LauncherLost
from hpcd4p.transport.buffers import Buffers
from hpcd4p.transport.mpi import MPI as MPI
from hpcd4p.transport.mpi import Watch, duplicate
from hpcd4p.wire.block import PACKED_BYTES, Block
from hpcd4p.wire.codec import MOST_BUFFERS
from hpcd4p.wire.keys import TAG_BUFFER, TAG_DATA, TAG_NOTICE
from hpcd4p.wire.messages import Arrival, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    class Loans(Protocol):
        """What a rank lends others, and borrows of them: see `LentBlocks`."""

        def lend(self, reader: int, buffers: Sequence[bytes | memoryview]) -> Block | None:
            """See `LentBlocks.lend`."""

        def borrow(self, block: Block, sizes: Sequence[int]) -> list[Any]:
            """See `LentBlocks.borrow`."""

        def give_back(self) -> None:
            """See `LentBlocks.give_back`."""


_TX = struct.Struct("<Q")
_U32 = struct.Struct("<I")

IN_BLOCK = MOST_BUFFERS + 1
"""In the place of the number of buffers that follow: all of them lie in a block that the sender lends."""

TAGS = 4 * (IN_BLOCK + 1)
"""Tags of each incarnation of a run; so many fit into those of MPI that thousands of them have their own."""

LAUNCHER_LOST = (
    "the launcher of the ranks (mpirun, srun) has ended in the middle of the run, or was killed; Open MPI "
    "ends when half of the ranks have left with a status of their own (os._exit in an element). Start the "
    "run again"
)


class _Incoming:
    """A message that is being received: its first frame, and the buffers that follow it."""

    __slots__ = ("buffers", "expected", "first", "in_block", "number", "requests", "source")

    def __init__(self, source: int, expected: int, first: Any, number: int) -> None:
        self.number = number
        self.source = source
        self.in_block = expected == IN_BLOCK
        self.expected = 0 if self.in_block else expected
        self.first = first
        self.buffers: list[Any] = []
        self.requests: list[Any] = []


class _Old:
    """What the incarnations before have left on a communicator."""

    def __init__(self, mesh: MpiMesh | None) -> None:
        # MPI may still read from and write to what they hold
        self._mesh = mesh
        self._unread: list[Any] = []

    def throw_away(self, message: Any, data: Any) -> None:
        """Receive a message for nobody: its sender may wait for that."""
        self._unread = [pair for pair in self._unread if not pair[0].Test()]
        self._unread.append((message.Irecv([data, MPI.BYTE]), data))


class MpiMesh:
    """See `transport.broker.Mesh`. Has a communicator of its own; collective, when every rank has the setup.

    Parameters
    ----------
    before
        The mesh of an earlier incarnation of the run: its communicator serves again, and nothing is
        collective. What was sent on that mesh, and comes now, is thrown away.
    incarnation
        See `Setup`.

    Raises
    ------
    RankLost
        Ranks are missing. `watch` may raise another error.
    """

    def __init__(
        self,
        watch: Watch | None = None,
        loans: Loans | None = None,
        before: MpiMesh | None = None,
        incarnation: int = 0,
    ) -> None:
        self._comm: Any = duplicate(watch) if before is None else before._comm
        self._base = incarnation * TAGS
        self._old = _Old(before)
        self.rank = int(self._comm.rank)
        self.size = int(self._comm.size)
        self._status = MPI.Status()
        self._incoming: list[_Incoming] = []
        self.matched = 0
        """See `Mesh.matched`."""
        self._buffers = Buffers()
        self._loans = loans
        self._notices: list[tuple[Any, bytes]] = []
        self._gone: set[int] = set()
        self._launcher = os.getppid()

    def send(self, dest: int, tx: int, frames: list[Any]) -> Any:
        """See `Mesh.send`."""
        comm = self._comm
        buffers = frames[1:]
        block = self._loans.lend(dest, buffers) if buffers and self._loans is not None else None
        if block is not None:
            table = struct.pack(f"<I{len(buffers)}Q", len(buffers), *map(len, buffers))
            head = b"".join([_TX.pack(tx), block.pack(), table, frames[0]])
            tag = self._base + TAG_DATA + 4 * IN_BLOCK
            return dest, [comm.Issend([head, MPI.BYTE], dest, tag)], head, None
        tag = self._base + TAG_DATA + 4 * len(buffers)
        head = _TX.pack(tx) + frames[0]
        requests = [comm.Issend([head, MPI.BYTE], dest, tag)]
        requests += [comm.Issend([buffer, MPI.BYTE], dest, self._base + TAG_BUFFER) for buffer in buffers]
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
        self._notices.append((self._comm.Isend([data, MPI.BYTE], dest, self._base + TAG_NOTICE), data))

    def poll(self) -> list[Arrival | Notice]:
        """See `Mesh.poll`."""
        if os.getppid() != self._launcher:
            # 1 s after its mpirun is gone Open MPI ends a process that calls it: rank 0 closes its record
            # first
            raise LauncherLost(LAUNCHER_LOST)
        arrived: list[Arrival | Notice] = []
        status = self._status
        probe = self._comm.Improbe
        while True:
            message = probe(MPI.ANY_SOURCE, MPI.ANY_TAG, status)
            if message is None:
                break
            source, tag = status.source, status.tag - self._base
            data = self._buffers.take(status.Get_count(MPI.BYTE))
            if tag < 0:
                self._old.throw_away(message, data)
                continue
            if tag == TAG_NOTICE:
                message.Recv([data, MPI.BYTE])  # 8 bytes came with the envelope: this does not wait
                arrived.append(Notice(source, _TX.unpack(data)[0]))
                continue
            request = message.Irecv([data, MPI.BYTE])
            if tag == TAG_BUFFER:
                # messages of one sender do not overtake: it belongs to the oldest that lacks a buffer
                entry = next(e for e in self._incoming if e.source == source and len(e.buffers) < e.expected)
                entry.buffers.append(data)
            else:
                self.matched += 1
                entry = _Incoming(source, tag // 4, data, self.matched)
                self._incoming.append(entry)
            entry.requests.append(request)
        if self._loans is not None:
            self._loans.give_back()
        if self._incoming:
            # arrivals first: a notice that came at the same time may be about them
            arrived[:0] = self._complete()
        return arrived

    def waiting(self) -> bool:
        """Whether there is something to `poll`."""
        return bool(self._comm.Iprobe(MPI.ANY_SOURCE, MPI.ANY_TAG, self._status))

    def _complete(self) -> list[Arrival]:
        complete = []
        waiting = []
        late = set()
        """Senders of which an earlier message is not complete: those of each sender keep their order."""
        for entry in self._incoming:
            if entry.source in self._gone:
                continue
            entry.requests = [r for r in entry.requests if not r.Test()]
            if entry.source in late or entry.requests or len(entry.buffers) < entry.expected:
                late.add(entry.source)
                waiting.append(entry)
                continue
            (tx,) = _TX.unpack_from(entry.first)
            body = memoryview(entry.first)[8:]
            frames = [body, *entry.buffers] if not entry.in_block else self._borrow(body)
            complete.append(Arrival(entry.source, tx, frames))
        self._incoming = waiting
        return complete

    def _borrow(self, body: memoryview) -> list[Any]:
        """Frames of a message whose buffers lie in a block that its sender lends."""
        assert self._loans is not None  # or nobody lends this rank anything
        (count,) = _U32.unpack_from(body, PACKED_BYTES)
        at = PACKED_BYTES + 4
        sizes = struct.unpack_from(f"<{count}Q", body, at)
        return [body[at + 8 * count :], *self._loans.borrow(Block.unpack(body), sizes)]

    @property
    def whole(self) -> int:
        """See `Mesh.whole`."""
        return self._incoming[0].number - 1 if self._incoming else self.matched

    @property
    def receiving(self) -> bool:
        """Whether a message has come in part."""
        return bool(self._incoming)

    def forget(self, rank: int) -> None:
        """See `Mesh.forget`."""
        self._gone.add(rank)
