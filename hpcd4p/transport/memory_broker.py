"""The broker's twin in memory, in one process.

The simulated cluster (`hpcd4p.testing`) runs the real loops on it; `testing.conformance` holds it to what the
real ones do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpcd4p.transport.broker import Claim, Heard
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.ask import NOTHING_ASKED, Ask, Availability, Awaited
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.messages import Commit, Entry, Observation, Publication, Reply, Snapshot, Task
from hpcd4p.wire.nodes import PORTERS
from hpcd4p.wire.orders import Order
from hpcd4p.wire.statistics import Statistics, add

KEYS = Keys("memory")
"""Their words are those of a Redis."""


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
        oldest = () if ask.order is None else ask.order.oldest
        if ask.take or oldest:
            reply.task = self._take(ask.take, oldest, bool(ask.take) and not in_call and not reply.orders)
        self._note(ask.availability)
        reply.idle, reply.tasks, reply.size = len(s.idle), s.tasks, s.bytes
        reply.sought, reply.idle_here = s.sought_on(0), s.idle_here(self.rank)
        node = s.node(self.rank)
        reply.near = 0 if node is None else s.lines().get(node, 0)
        if in_call:
            reply.waiting = {e: count for e, count in s.waiting().items() if count}
        if ask.order is not None:
            for missed in s.places.answer(self.rank, ask.order, s.streams, s.progress_of, reply):
                if not s.ring_owner(missed):
                    s.ring_idle(1)
        reply.owners = dict(s.owners)
        reply.congested = frozenset(e for e, _ in s.congested)
        if ask.want_service:
            sums = Statistics(s.stats)
            reply.service_us, reply.core_share = sums.service_us(), sums.core_share()
        return reply

    def _note(self, availability: Availability) -> None:
        s = self.store
        if availability in (Availability.PARKS, Availability.PASSES):
            if self.rank not in s.idle:
                s.ring_idle(1)  # its bell was rung for a task, which another rank must take now
            s.idle.discard(self.rank)
        if availability is Availability.PARKS:
            s.parked.add(self.rank)
        elif availability in (Availability.WAKES, Availability.LENDS):
            s.parked.discard(self.rank)
        if availability is Availability.LENDS:
            s.lending.add(self.rank)

    def _refused(self, entry: Entry | None) -> Reply | None:
        s = self.store
        refused = Reply(accepted=False)
        if self.rank in s.lost:
            return refused
        if entry is not None:
            if s.ordered.get(self.rank, 0) != entry.orders:
                refused.spoiled = KEYS.word_of(KEYS.orders(self.rank))
                return refused
            s.accounts[self.rank] = entry.account
        return None

    def _commit(self, commit: Commit) -> None:
        s = self.store
        s.committed[self.rank] = commit.tx or s.committed.get(self.rank, 0)
        for done in commit.done:
            for held in s.leases.values():  # the head finishes what is given up
                held.pop(done, None)
            s.progress.pop(done, None)
        for element, id_, progress in commit.progress:
            s.progress[element, id_] = progress
        for element, delta in commit.counts.items():
            s.pending[element] = s.pending.get(element, 0) + delta
            if s.pending[element] == 0:
                s.bells[0] = Heard.BELL
        for publication in commit.publish:
            element, tuples, payload, attempts, progress, beside, place = publication
            near = s.put(Task(element, "", tuples, payload, attempts, (), beside, place), self.rank)
            if progress:
                s.progress[element, str(s.entries)] = progress
            if not s.ring_owner(element):
                s.ring_idle(1, s.node(self.rank) if near else None)
        for rank in s.places.take(commit):
            s.bells[rank] = Heard.BELL
        s.dead += commit.dead
        s.bytes += sum(map(len, commit.dead))
        if commit.dead:
            s.bells[0] = Heard.BELL
        add(s.stats, commit.stats)

    def _take(self, wanted: Sequence[int], oldest: Sequence[int], idle: bool) -> Task | None:
        s = self.store
        mine, late = ([e for e in es if s.owners.get(e, self.rank) == self.rank] for es in (wanted, oldest))
        lines = [(s.line(e, self.rank), None) for e in mine]
        for stream, chosen in [*lines, *((s.streams[e], each) for e in late if (each := s.missed(e)))]:
            if not stream:
                continue
            before = s.bytes
            task = s.lease(stream, self.rank, chosen)
            if s.tasks == s.low[0] or (s.bytes < s.low[1] <= before):
                s.bells[0] = Heard.BELL
            s.idle.discard(self.rank)
            return task
        s.seek(mine, self.rank)
        if idle:
            s.idle.add(self.rank)
        return None

    def carry(self) -> list[Task]:
        """See `Broker.carry`."""
        return self.store.carry(self.rank)

    def fetch(self, porter: int, wanted: bytes) -> bytes | None:
        """See `Broker.fetch`."""
        answer = self.store.porters.get(porter)
        return None if answer is None else answer(wanted)

    def serve(self, answer: Callable[[bytes], bytes]) -> None:
        """See `Broker.serve`; from now on it answers at once."""
        self.store.porters[self.rank] = answer

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
        if claim is Claim.SAME:
            return owner is None and s.fills.get(element, (0, ""))[1] == digest
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
        """See `Broker.wait`; notes for the simulation how long it may wait."""
        self.waiting = seconds
        return self.store.bells.pop(self.rank, Heard.SILENT)

    def wake(self) -> None:
        """See `Broker.wake`."""
        self.store.bells[self.rank] = Heard.BELL

    def listen(self, ear: int | None) -> None:
        """See `Broker.listen`: there is no descriptor here."""

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
            s.sought_on(0),
            s.lines(),
        )

    def fence(self, rank: int) -> tuple[int, list[Task]]:
        """See `Broker.fence`."""
        s = self.store
        s.count_waiting()
        s.lost.add(rank)
        s.idle.discard(rank)
        s.parked.discard(rank)
        s.sought.pop(rank, None)
        s.bells.pop(rank, None)
        s.orders.pop(rank, None)
        given_up = []
        leased = s.leases.pop(rank, {})
        for (element, id_), task in leased.items():
            done = s.progress.get((element, id_), ())
            again = task._replace(attempts=task.attempts + 1, progress=done)
            if again.attempts >= s.max_attempts:
                given_up.append(again)
                s.leases.setdefault(rank, {})[element, id_] = task  # until the head has finished it
                continue
            s.put(again, rank)
            if (element, id_) in s.progress:
                s.progress[element, str(s.entries)] = s.progress.pop((element, id_))
        # all that wait, not only those of the lost rank: a bell may have been meant for one of them
        s.ring_idle(s.tasks)
        for element in s.owners:
            s.ring_owner(element)
        return s.committed.get(rank, 0), given_up

    def snapshot(self) -> Snapshot:
        """See `Broker.snapshot`."""
        s = self.store
        return Snapshot(
            {e: tuples for e, tuples in s.pending.items() if tuples},
            [
                Publication(t.element, t.tuples, t.payload, t.attempts, s.progress_of(t), t.beside, t.place)
                for _, t in s.all_tasks()
            ],
            {rank: tx for rank, tx in s.committed.items() if rank < PORTERS},
            list(s.dead),
            Statistics(dict(s.stats)),
            dict(s.owners),
        )

    def awaited(self) -> list[Awaited]:
        """See `Broker.awaited`."""
        return self.store.awaited()

    def report(self, sealed: bytes) -> None:
        """See `Broker.report`."""
        self.store.reports.append(sealed)
        self.store.bells[0] = Heard.BELL

    def close(self) -> None:
        """See `Broker.close`: the rank is no longer connected."""
        self.store.alive.discard(self.rank)
