"""Twins of the broker and the mesh in one process: no sockets, no threads, no clock.

The simulated cluster (`hpcd4p.testing`) runs the real loops on them; the conformance suite holds
them to what the real ones do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpcd4p.transport.broker import Claim, Heard
from hpcd4p.wire.ask import NOTHING_ASKED, Ask, Availability
from hpcd4p.wire.messages import (
    Arrival,
    Books,
    Commit,
    Entry,
    Notice,
    Observation,
    Reply,
    Stream,
    Task,
)
from hpcd4p.wire.orders import Order
from hpcd4p.wire.statistics import Statistics, add


@dataclass
class MemoryStore:
    """What the Redis of a run would hold."""

    low: tuple[int, int] = (16, 1 << 24)
    max_attempts: int = 4
    streams: dict[int, deque[Task]] = field(default_factory=dict)
    leases: dict[int, dict[tuple[int, str], Task]] = field(default_factory=dict)
    pending: dict[int, int] = field(default_factory=dict)
    committed: dict[int, int] = field(default_factory=dict)
    stats: dict[str, int] = field(default_factory=dict)
    progress: dict[tuple[int, str], tuple[int, ...]] = field(default_factory=dict)
    idle: set[int] = field(default_factory=set)
    parked: set[int] = field(default_factory=set)
    bells: dict[int, Heard] = field(default_factory=dict)
    orders: dict[int, list[tuple[Order, int]]] = field(default_factory=dict)
    owners: dict[int, int] = field(default_factory=dict)
    firm: set[int] = field(default_factory=set)
    fills: dict[int, tuple[int, str]] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)
    congested: set[tuple[int, int]] = field(default_factory=set)
    dead: list[bytes] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)
    alive: set[int] = field(default_factory=set)
    accounts: dict[int, bytes] = field(default_factory=dict)
    ordered: dict[int, int] = field(default_factory=dict)
    """Orders that a rank has had."""
    tasks: int = 0
    bytes: int = 0
    entries: int = 0
    clock: Callable[[], float] = lambda: 0.0
    waited_us: int = 0
    _counted: float = 0.0

    def count_waiting(self) -> None:
        """Add the waiting since the last call; whatever changes `idle` calls this first."""
        now = self.clock()
        self.waited_us += int(len(self.idle) * (now - self._counted) * 1e6)
        self._counted = now

    def ring_idle(self, most: int) -> None:
        """Ring the bells of up to `most` idle ranks, lowest first."""
        for rank in sorted(self.idle)[:most]:
            self.idle.discard(rank)
            self.bells[rank] = Heard.BELL

    def ring_owner(self, element: int) -> bool:
        """Ring the only rank that gets tasks of `element`, if there is such a one."""
        owner = self.owners.get(element)
        if owner is None:
            return False
        self.idle.discard(owner)
        self.bells[owner] = Heard.BELL
        return True

    def books(self, orders: Sequence[int]) -> Books:
        """See `Books`."""
        leased = [(str(rank), e) for rank, mine in self.leases.items() for e, _ in mine]
        streams = {}
        for e in {*self.streams, *(e for _, e in leased)}:
            holders = [rank for rank, other in leased if other == e]
            waiting = len(self.streams.get(e, ()))
            streams[e] = Stream(waiting + len(holders), len(holders), frozenset(holders))
        ready = {str(e): len(stream) for e, stream in self.streams.items()}
        return Books(
            dict(self.accounts),
            streams,
            {**ready, "t": self.tasks, "b": self.bytes},
            len(self.dead),
            frozenset(self.congested),
            frozenset(self.lost),
            dict(self.fills),
            {r: self.ordered.get(r, 0) + len(self.orders.get(r, ())) for r in orders},
        )

    def put(self, task: Task) -> None:
        """Add a task to its stream under a new id."""
        self.entries += 1
        self.streams.setdefault(task.element, deque()).append(task._replace(id=str(self.entries)))
        self.tasks += 1
        self.bytes += len(task.payload)


class MemoryBroker:
    """See `transport.broker.Broker`. `wait` returns at once: the simulation decides who runs next."""

    def __init__(self, store: MemoryStore, rank: int) -> None:
        self.store = store
        self.rank = rank
        self.waiting: float | None = 0.0
        store.alive.add(rank)
        store.committed.setdefault(rank, 0)

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """See `Broker.step`."""
        s = self.store
        refused = self._refused(entry)
        if refused is not None:
            return refused
        s.count_waiting()
        for each in ask.ring:
            s.bells.setdefault(each, Heard.MAIL)
        s.congested.update((e, self.rank) for e in ask.congest)
        s.congested.difference_update((e, self.rank) for e in ask.relieve)
        if ask.relieve:
            s.ring_idle(len(s.idle))
            s.bells[0] = Heard.BELL
        self._commit(commit)
        reply = Reply(accepted=True)
        for order, mark in s.orders.pop(self.rank, ()):
            reply.orders.append(order)
            reply.marks.append(mark)
        if reply.orders:
            s.ordered[self.rank] = s.ordered.get(self.rank, 0) + len(reply.orders)
        in_call = ask.availability is Availability.IN_CALL
        if ask.take:
            reply.task = self._take(ask.take, not in_call and not reply.orders)
        if ask.availability is Availability.PARKS:
            if self.rank not in s.idle:
                s.ring_idle(1)  # somebody has rung it for a task, which is now for another
            s.idle.discard(self.rank)
            s.parked.add(self.rank)
        elif ask.availability is Availability.WAKES:
            s.parked.discard(self.rank)
        reply.idle, reply.tasks, reply.size = len(s.idle), s.tasks, s.bytes
        if in_call:
            reply.waiting = {e: len(stream) for e, stream in s.streams.items() if stream}
        reply.owners = dict(s.owners)
        reply.congested = frozenset(e for e, _ in s.congested)
        if ask.want_service:
            reply.service_us = Statistics(s.stats).service_us()
        return reply

    def _refused(self, entry: Entry | None) -> Reply | None:
        s = self.store
        refused = Reply(accepted=False)
        if self.rank in s.lost:
            return refused
        if entry is not None:
            if s.ordered.get(self.rank, 0) != entry.orders:
                refused.spoiled = f"orders:{self.rank}"
                return refused
            s.accounts[self.rank] = entry.account
        return None

    def _commit(self, commit: Commit) -> None:
        s = self.store
        s.committed[self.rank] = commit.tx or s.committed.get(self.rank, 0)
        mine = s.leases.setdefault(self.rank, {})
        for done in commit.done:
            mine.pop(done, None)
            s.progress.pop(done, None)
        for element, id_, text in commit.progress:
            s.progress[element, id_] = tuple(map(int, text.split()))
        for element, delta in commit.counts.items():
            s.pending[element] = s.pending.get(element, 0) + delta
            if s.pending[element] == 0:
                s.bells[0] = Heard.BELL
        for publication in commit.publish:
            element, tuples, payload, attempts = publication
            s.put(Task(element, "", tuples, payload, attempts, ()))
        s.ring_idle(sum(not s.ring_owner(publication.element) for publication in commit.publish))
        s.dead += commit.dead
        s.bytes += sum(map(len, commit.dead))
        if commit.dead:
            s.bells[0] = Heard.BELL
        add(s.stats, commit.stats)

    def _take(self, wanted: Sequence[int], idle: bool) -> Task | None:
        s = self.store
        for element in wanted:
            stream = s.streams.get(element)
            if not stream or s.owners.get(element, self.rank) != self.rank:
                continue
            task = stream.popleft()
            task = task._replace(progress=s.progress.get((element, task.id), ()))
            s.leases.setdefault(self.rank, {})[element, task.id] = task
            before = s.bytes
            s.tasks -= 1
            s.bytes -= len(task.payload)
            if s.tasks == s.low[0] or (s.bytes < s.low[1] <= before):
                s.bells[0] = Heard.BELL
            s.idle.discard(self.rank)
            return task
        if idle:
            s.idle.add(self.rank)
        return None

    def claim(
        self, element: int, claim: Claim = Claim.REAL, digest: str = "", entry: Entry | None = None
    ) -> bool:
        """See `Broker.claim`."""
        s = self.store
        s.count_waiting()
        owner = s.owners.get(element)
        if self.rank in s.lost:
            return False
        if entry is not None:
            s.accounts[self.rank] = entry.account
        if claim is Claim.RELEASE:
            if owner != self.rank or element in s.firm:
                return False
            del s.owners[element]
            s.fills[element] = self.rank, digest
            s.ring_idle(len(s.idle))
            return True
        if owner is not None:
            if claim is Claim.REAL:
                s.firm.add(element)
            return owner == self.rank
        first, known = s.fills.get(element, (None, None))
        if claim is Claim.FILL and known == digest:
            return True
        s.owners[element] = self.rank if first is None else first
        if claim is Claim.REAL or first is not None:
            s.firm.add(element)
        if s.owners[element] == self.rank:
            return True
        s.ring_owner(element)
        return False

    def wait(self, seconds: float | None) -> Heard:
        """See `Broker.wait`; remembers for the simulation how long it may be."""
        self.waiting = seconds
        return self.store.bells.pop(self.rank, Heard.SILENT)

    def wake(self) -> None:
        """See `Broker.wake`."""
        self.store.bells[self.rank] = Heard.BELL

    def order(self, ranks: Sequence[int], order: Order, mark: int = 0) -> None:
        """See `Broker.order`."""
        for rank in ranks:
            self.store.orders.setdefault(rank, []).append((order, mark))
            self.store.bells[rank] = Heard.BELL

    def observe(
        self, alive: bool, fetch: bool = True, stats: bool = True, orders: Sequence[int] | None = None
    ) -> Observation:
        """See `Broker.observe`."""
        s = self.store
        s.count_waiting()
        dead: list[bytes] = []
        reports: list[bytes] = []
        if fetch:
            dead, s.dead = s.dead[:200], s.dead[200:]
            s.bytes -= sum(map(len, dead))
            reports, s.reports = s.reports, []
        return Observation(
            {e: tuples for e, tuples in s.pending.items() if tuples},
            Statistics(dict(s.stats) if stats else {}),
            s.tasks,
            s.bytes,
            frozenset(s.idle),
            dead,
            frozenset(s.alive) if alive else None,
            dict(s.committed),
            reports,
            s.waited_us,
            frozenset(s.parked),
            dict(s.owners),
            None if orders is None else s.books(orders),
        )

    def bury(self, rank: int) -> tuple[int, list[Task]]:
        """See `Broker.bury`."""
        s = self.store
        s.count_waiting()
        s.lost.add(rank)
        s.idle.discard(rank)
        s.parked.discard(rank)
        s.bells.pop(rank, None)
        s.orders.pop(rank, None)
        given_up = []
        for (element, id_), task in s.leases.pop(rank, {}).items():
            done = s.progress.get((element, id_), ())
            again = task._replace(attempts=task.attempts + 1, progress=done)
            if again.attempts >= s.max_attempts:
                given_up.append(again)
                continue
            s.put(again)
            if (element, id_) in s.progress:
                s.progress[element, str(s.entries)] = s.progress.pop((element, id_))
        # all that wait, not only those of the lost rank: a bell may have been meant for one of them
        s.ring_idle(s.tasks)
        for element in s.owners:
            s.ring_owner(element)
        return s.committed.get(rank, 0), given_up

    def report(self, sealed: bytes) -> None:
        """See `Broker.report`."""
        self.store.reports.append(sealed)
        self.store.bells[0] = Heard.BELL

    def close(self) -> None:
        """See `Broker.close`: the rank is no longer connected."""
        self.store.alive.discard(self.rank)


class MemoryMesh:
    """See `transport.broker.Mesh`. A message is matched when its receiver polls."""

    def __init__(self, rank: int, boxes: list[deque[tuple[Any, list[bool]]]]) -> None:
        self.rank = rank
        self.size = len(boxes)
        self._boxes = boxes
        self._gone: set[int] = set()

    @property
    def receiving(self) -> bool:
        """See `Mesh.receiving`: here a message comes as a whole."""
        return False

    def send(self, dest: int, tx: int, frames: list[Any]) -> Any:
        """See `Mesh.send`."""
        # copied as a wire would: what the sender does to it later must not be seen
        copies = [bytes(frames[0]), *(bytearray(f) for f in frames[1:])]
        ticket = [False]
        self._boxes[dest].append((Arrival(self.rank, tx, copies), ticket))
        return dest, ticket

    def sent(self, ticket: Any) -> bool:
        """See `Mesh.sent`."""
        dest, matched = ticket
        return matched[0] or dest in self._gone

    def notice(self, dest: int, tx: int) -> None:
        """See `Mesh.notice`."""
        self._boxes[dest].append((Notice(self.rank, tx), [False]))

    def poll(self) -> list[Arrival | Notice]:
        """See `Mesh.poll`."""
        found = []
        box = self._boxes[self.rank]
        while box:
            message, ticket = box.popleft()
            ticket[0] = True
            if message.source not in self._gone:
                found.append(message)
        return found

    def forget(self, rank: int) -> None:
        """See `Mesh.forget`."""
        self._gone.add(rank)
