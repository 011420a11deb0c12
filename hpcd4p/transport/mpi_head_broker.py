"""The broker of the static mapping: MPI only. What a Redis would hold is in the memory of the head.

The others send the head what they have committed and do not wait for an answer; the head sends them orders
and congestion as they arise. That is enough where there are no tasks and every rank is needed: messages of
one rank arrive in order, so when the counters say that nothing is pending upstream, they have counted all
that was written there. A rank that waits looks for messages with growing pauses, for a blocking MPI call
burns a core.
"""

from __future__ import annotations

import pickle
import select
import time
from collections.abc import Callable, Sequence

from hpcd4p import descriptors
from hpcd4p.transport.broker import Heard
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.transport.mpi import Watch
from hpcd4p.transport.mpi_mesh import MpiMesh
from hpcd4p.transport.mpi_post import COMMIT, CONGESTION, ORDER, REPORT, Patience, Post
from hpcd4p.wire.ask import NOTHING_ASKED, Ask
from hpcd4p.wire.messages import Commit, Entry, Observation, Reply
from hpcd4p.wire.orders import Order, text


class HeadMpiBroker(MemoryBroker):
    """See `transport.broker.Broker`: the head's. Collective to make, as `RankMpiBroker` is.

    Parameters
    ----------
    alive
        Gives the ranks whose process exists, as far as this node can see.
    others
        The ranks that take part, this one apart.
    before, incarnation
        See `Post`.
    """

    def __init__(
        self,
        mesh: MpiMesh,
        alive: Callable[[], frozenset[int]],
        others: Sequence[int],
        watch: Watch | None = None,
        before: HeadMpiBroker | None = None,
        incarnation: int = 0,
    ) -> None:
        self._post: Post = Post(watch, None if before is None else before._post, incarnation)
        self._others = others
        super().__init__(MemoryStore(), 0)
        size = self._post.size
        self._twins = [self, *(MemoryBroker(self.store, rank) for rank in range(1, size))]
        self._mesh = mesh
        self._find_alive = alive
        self._patience = Patience()
        self._sent: list[frozenset[int]] = [frozenset()] * size
        self._heard = [True] * size
        self._waker = descriptors.Waker()

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
            readable, _, _ = select.select([self._waker.end], [], [], self._patience.pause(left))
            if readable:
                self._waker.empty()

    def wake(self) -> None:
        """See `Broker.wake`."""
        super().wake()
        self._waker.wake()

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
        """Take in what the others have sent."""
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
        """Send every rank what is congested; each gets the next message when it has received the last."""
        now = frozenset(e for e, _ in self.store.congested)
        for rank in self._others:
            if self._heard[rank] and self._sent[rank] != now:
                self._heard[rank] = False
                self._sent[rank] = now
                self._post.send(rank, CONGESTION, pickle.dumps(now))

    def close(self) -> None:
        """See `Broker.close`."""
        super().close()
        self._waker.close()
