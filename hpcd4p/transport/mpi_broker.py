"""The broker of the static mapping on every rank but the head. See `transport.mpi_head_broker`."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

from hpcd4p.errors import BrokerLost
from hpcd4p.transport.broker import Claim, Heard
from hpcd4p.transport.mpi_mesh import MpiMesh
from hpcd4p.transport.mpi_post import COMMIT, KNOWN, ORDER, PAUSE_S, REPORT, Patience, Post
from hpcd4p.wire.ask import NOTHING_ASKED, Ask
from hpcd4p.wire.messages import Commit, Entry, Observation, Reply
from hpcd4p.wire.orders import Order, parse

REPORT_S = 2.0
"""Time for the head to match a report: it looks often, unless it is gone."""

HEAD_S = 1.0
"""Between two looks whether the head is alive."""


class RankMpiBroker:
    """See `transport.broker.Broker`: for any rank but the head. There are no tasks and no bells.

    Parameters
    ----------
    head
        Process of the head, if it is on this node.
    before, incarnation
        See `Post`.
    """

    def __init__(
        self, mesh: MpiMesh, head: int | None, before: RankMpiBroker | None = None, incarnation: int = 0
    ) -> None:
        self._post: Post = Post(None, None if before is None else before._post, incarnation)
        self.rank = self._post.rank
        self._mesh = mesh
        self._head = head
        self._looked = time.monotonic()
        self._orders: list[Order] = []
        self._congested: frozenset[int] = frozenset()
        self._patience = Patience()

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
        """See `Broker.wait`; the sender of a message need not ring.

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
        """Take in what the head has sent; whether there was anything."""
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

    def listen(self, ear: int | None) -> None:
        """See `Broker.listen`: there is no pool to which a rank could lend itself."""

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

    def fence(self, rank: int) -> tuple[int, list[Any]]:
        """See `Broker.fence`: for the head."""
        raise NotImplementedError

    def carry(self) -> list[Any]:
        """See `Broker.carry`: there are no tasks."""
        raise NotImplementedError

    def fetch(self, porter: int, wanted: bytes) -> bytes | None:
        """See `Broker.fetch`: for the head."""
        raise NotImplementedError

    def serve(self, answer: Callable[[bytes], bytes]) -> None:
        """See `Broker.serve`: there are no tasks."""
        raise NotImplementedError

    def awaited(self) -> list[Any]:
        """See `Broker.awaited`: for the head."""
        raise NotImplementedError

    def snapshot(self) -> Any:
        """See `Broker.snapshot`: for the head."""
        raise NotImplementedError

    def close(self) -> None:
        """See `Broker.close`: there is nothing to give up."""
