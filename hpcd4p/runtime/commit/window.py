"""Transactions whose messages are on their way, until they can commit."""

from __future__ import annotations

from collections import deque

from hpcd4p.control.sealing import rings
from hpcd4p.runtime.commit.outbox import Outbox, Own
from hpcd4p.transport.broker import Mesh
from hpcd4p.wire.messages import Commit


class Prepared:
    """A sealed transaction whose messages are on their way."""

    __slots__ = ("bytes", "commit", "local", "rung", "sealed", "tickets")

    def __init__(self, commit: Commit, outbox: Outbox, now: float) -> None:
        self.commit = commit
        self.tickets = outbox.tickets
        self.local = outbox.local
        self.bytes = outbox.bytes
        self.sealed = now
        self.rung = 0.0


class Window:
    """Prepared transactions of this rank, oldest first; they commit in this order."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self._queue: deque[Prepared] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, prepared: Prepared) -> None:
        """Put the newest at the end."""
        self._queue.append(prepared)

    def take_ready(self) -> tuple[Commit, list[int], list[Own]]:
        """Take out what can commit: (the commits joined, ranks to give notice to, own segments)."""
        commit = Commit()
        notify: list[int] = []
        local: list[Own] = []
        while self._queue:
            first = self._queue[0]
            if not all(self._mesh.sent(ticket) for _, ticket in first.tickets):
                break
            self._queue.popleft()
            commit.add(first.commit)
            notify.extend(owner for owner, _ in first.tickets if owner not in notify)
            local += first.local
        return commit, notify, local

    @property
    def bytes(self) -> float:
        """About how much is under way."""
        return sum(prepared.bytes for prepared in self._queue)

    def age(self, now: float) -> float:
        """Seconds since the oldest was sealed; 0 if there is none."""
        return now - self._queue[0].sealed if self._queue else 0.0

    def choose_to_ring(self, now: float, after_s: float) -> list[int]:
        """Ranks that have not matched a message for `after_s`: they are asleep or busy."""
        ranks: list[int] = []
        for prepared in self._queue:
            if not rings(now, prepared.sealed, prepared.rung, after_s):
                continue
            prepared.rung = now
            ranks.extend(
                owner
                for owner, ticket in prepared.tickets
                if owner not in ranks and not self._mesh.sent(ticket)
            )
        return ranks
