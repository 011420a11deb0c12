"""A broker on a Redis that others may write to: each rank vouches for what it sends, and the head compares.

It wraps any broker; a run with a Redis of its own does without. What the run has not written raises
`ForeignBytesError`: at once where the rank itself can see it (orders, owners), else at the next look of the
head, and always before the run ends (`transport.audit`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from hpcd4p.errors import BrokerLost, ForeignBytesError, foreign
from hpcd4p.transport.audit import Audit
from hpcd4p.transport.broker import Broker, Claim, Heard
from hpcd4p.wire.account import Ledger
from hpcd4p.wire.ask import NOTHING_ASKED, Ask, Awaited
from hpcd4p.wire.codec import ORDER, Codec, about
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.messages import Commit, Entry, Observation, Reply, Snapshot, Task
from hpcd4p.wire.orders import Order, Stop, text

NO_KEYS = Keys("")
"""Of a run in memory."""

AUDIT_SHARE = 1 / 20
"""Part of the head's time for comparing: with a thousand working ranks, that is about once a second."""


class GuardedBroker:
    """See `transport.broker.Broker`.

    Parameters
    ----------
    keys
        Of the run, for messages.
    now
        Clock of the head.
    """

    def __init__(
        self,
        broker: Broker,
        codec: Codec,
        rank: int,
        keys: Keys = NO_KEYS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rank = rank
        self._broker = broker
        self._codec = codec
        self._keys = keys
        self._ledger = Ledger(codec, rank)
        self._audit = Audit(codec, keys)
        self._orders = 0
        self._owned: set[int] = set()
        """Elements that this rank may own: its claims that were granted."""
        self._firm: set[int] = set()
        """Elements that it owns for good."""
        self._early: list[Order] = []
        """Orders that came with a report: the next step gives them."""
        self._spoiled = False
        self._now = now
        self._next = 0.0
        self._ending = False
        """Compare at every look from now on: the run is about to end."""

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """See `Broker.step`."""
        ledger = self._ledger
        ledger.book(commit, ask)
        reply = self._broker.step(commit, ask, entry or self._entry())
        if reply.spoiled:
            raise foreign(self._keys.named(reply.spoiled), f"is not as rank {self.rank} left it")
        if not reply.accepted:
            if not self.rank:
                raise foreign(self._keys.lost, "holds the head")
            return reply
        if reply.task is not None:
            ledger.take(reply.task)
        if reply.orders:
            self._check_orders(reply)
        reply.orders[:0], self._early = self._early, []
        if reply.owners or self._firm:
            self._check_owners(reply.owners)
        return reply

    def _entry(self) -> Entry:
        return Entry(self._ledger.next_sealed(), self._orders)

    def _check_orders(self, reply: Reply) -> None:
        """Raise unless the head has given these orders, in this order."""
        for order, mark in zip(reply.orders, reply.marks, strict=True):
            if mark != self._mark(self.rank, self._orders + 1, order):
                raise foreign(self._keys.orders(self.rank), f"held {text(order)!r}, which was not ordered")
            self._orders += 1

    def _mark(self, rank: int, number: int, order: Order) -> int:
        return self._codec.mark(about(ORDER, rank, number), text(order))

    def _check_owners(self, owners: dict[int, int]) -> None:
        wrong = [e for e in self._firm if owners.get(e) != self.rank]
        wrong += [e for e, rank in owners.items() if rank == self.rank and e not in self._owned]
        if wrong:
            raise foreign(self._keys.owners, f"is not as rank {self.rank} knows it")

    def claim(
        self, element: int, claim: Claim = Claim.REAL, digest: str = "", entry: Entry | None = None
    ) -> bool:
        """See `Broker.claim`."""
        if claim is Claim.SAME:
            return self._broker.claim(element, claim, digest, entry or self._entry())
        self._ledger.ask(element, digest)
        granted = self._broker.claim(element, claim, digest, entry or self._entry())
        if granted and claim is not Claim.RELEASE:
            self._owned.add(element)
        if granted and claim is Claim.REAL:
            self._firm.add(element)
        return granted

    def wait(self, seconds: float | None) -> Heard:
        """See `Broker.wait`."""
        return self._broker.wait(seconds)

    def wake(self) -> None:
        """See `Broker.wake`."""
        self._broker.wake()

    def listen(self, ear: int | None) -> None:
        """See `Broker.listen`."""
        self._broker.listen(ear)

    def order(self, ranks: Sequence[int], order: Order, mark: int = 0) -> None:
        """See `Broker.order`."""
        self._ending = self._ending or isinstance(order, Stop)
        for rank in ranks:
            number = self._audit.given[rank] = self._audit.given.get(rank, 0) + 1
            self._broker.order([rank], order, self._mark(rank, number, order))

    def observe(
        self, alive: bool, fetch: bool = True, stats: bool = True, orders: Sequence[int] | None = None
    ) -> Observation:
        """See `Broker.observe`."""
        began = self._now()
        due = began >= self._next or self._ending
        seen = self._broker.observe(alive, fetch, stats or due, self._audit.waits_for() if due else None)
        if self._spoiled:  # it was raised once; the run is ending already
            return seen
        try:
            self._audit.take_in(seen)
            if seen.books is not None:
                seen = seen._replace(untold=self._audit.look(seen, seen.books))
                now = self._now()
                self._next = now + (now - began) / AUDIT_SHARE
        except ForeignBytesError:
            self._spoiled = True
            raise
        return seen

    def fence(self, rank: int) -> tuple[int, list[Task]]:
        """See `Broker.fence`."""
        committed, given_up = self._broker.fence(rank)
        self._audit.note_fenced(rank, committed)
        for task in given_up:
            self._ledger.take(task)
        return committed, given_up

    def carry(self) -> list[Task]:
        """See `Broker.carry`."""
        tasks = self._broker.carry()
        for task in tasks:
            self._ledger.take(task)
        return tasks

    def fetch(self, porter: int, wanted: bytes) -> bytes | None:
        """See `Broker.fetch`; both are sealed."""
        return self._broker.fetch(porter, wanted)

    def serve(self, answer: Callable[[bytes], bytes]) -> None:
        """See `Broker.serve`."""
        self._broker.serve(answer)

    def snapshot(self) -> Snapshot:
        """See `Broker.snapshot`; payloads are checked by who opens them, counts at the next look."""
        return self._broker.snapshot()

    def awaited(self) -> list[Awaited]:
        """See `Broker.awaited`; nobody vouches for it."""
        return self._broker.awaited()

    def report(self, sealed: bytes) -> None:
        """See `Broker.report`."""
        self._ledger.announce()
        with suppress(BrokerLost, ForeignBytesError):  # this error may be the very thing to report
            self._early = self.step(Commit()).orders
        self._broker.report(sealed)

    def close(self) -> None:
        """See `Broker.close`."""
        self._broker.close()
