"""The sending side of a rank: what it writes, how that is committed, and what it hears in return.

Owns the outbox, the window of transactions that are under way, and every call of the broker's `step`.
When it sends and what it does with what it gets, `runtime.rank.rank` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.backoff import Backoff
from hpcd4p.control.granularity import Granularity
from hpcd4p.errors import RankLost, TupleTooLargeError
from hpcd4p.plan.model import Plan, Role, Route, as_written
from hpcd4p.runtime import clock
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.commit.transaction import RING_AFTER_S, Outbox, Sealer, Window
from hpcd4p.runtime.execute import at_work
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance, show_error
from hpcd4p.runtime.execute.totals import Increase
from hpcd4p.transport.broker import IDLE, IN_CALL, Broker, Mesh
from hpcd4p.transport.statistics import stats_s
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.keys import Cause
from hpcd4p.wire.messages import Commit, Order, Reply

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.execute.letters import Failure

STATS_S = (0.001, 0.05)
"""Statistics go out with the first commit after this time (first, doubled each time, at most): the sizes
of tasks follow from them, and the first sizes are guesses."""

BACKOFF_S = (0.00005, 0.0005)
"""Between two looks for something that is on its way (first, at most)."""

URGENT_RING_S = 0.0001
"""While a rank waits for its commit and does nothing else, it rings for its messages after this time."""

SEND_TUPLES = 4096
"""So many tuples for partitions make a message, also in the middle of a transaction: they are pickled
while they are in the cache, and their owner can begin to receive."""

PARTIAL_TUPLES = 50_000
"""A transaction that holds more than this in the middle of a call commits what it has."""

HEAVY_BYTES = (1 << 20, 16 << 20)
"""The same in bytes: between these, and no more than all ranks together may put into Redis."""

WINDOW_BYTES = 16 << 20
"""No more is begun while this much is under way: what waits at its owner in megabytes is in no cache when its
turn comes (of 1 MiB arrays 72 on their way to a rank cost it 5 % more of its core than 36)."""


class Sender:
    """What a rank has written, on its way. `Rank` is the rest of it.

    Attributes
    ----------
    owners
        Rank by pool element that only this rank may run, as the broker said last.
    hungry, waiting, waiting_tasks, waiting_bytes
        What the broker said last: pool ranks without a task, tasks that wait by element, all of them, and
        their bytes.
    """

    def __init__(
        self,
        plan: Plan,
        settings: EngineSettings,
        broker: Broker,
        mesh: Mesh,
        codec: Codec,
        inbox: Inbox,
        started: float | None,
    ) -> None:
        self.plan = plan
        self.rank = mesh.rank
        self.settings = settings
        self.broker = broker
        self.mesh = mesh
        self.codec = codec
        self.inbox = inbox
        self.started = clock.now() if started is None else started
        self.granularity = Granularity(settings, max(1, len(plan.pool_ranks)))
        self.flow = Flow(plan, self.rank, self.fail, self.started)
        self.outbox = Outbox()
        self.window = Window(mesh)
        self.sealer = Sealer(
            plan, self.rank, mesh, codec, self.granularity, self.untravelled, settings.max_task_bytes
        )
        self.hungry = 0
        self.waiting: dict[int, int] = {}
        self.waiting_tasks = 0
        self.waiting_bytes = 0
        share = settings.high_bytes // (2 * max(1, len(plan.pool_ranks)))
        self._heavy_bytes = max(HEAVY_BYTES[0], min(HEAVY_BYTES[1], share))
        self._congested: frozenset[int] = frozenset()
        self._increase = Increase()
        self._flushed_at = self.started
        self._count_s = stats_s(len(plan.elements))
        self._flush = Backoff(STATS_S[0], max(STATS_S[1], self._count_s))
        self.owners: dict[int, int] = {}
        self._sealed_at = self.started
        self._slept = self._alert = False

    # ---- what `Rank` does about it

    def instances(self) -> list[Instance]:
        """All instances that this rank runs."""
        return []

    def receive(self) -> bool:
        """Take in what other ranks have sent; whether there was anything."""
        return False

    def woken(self) -> None:
        """Called whenever the bell has rung, also in the middle of a call: remember that it has."""

    def obey(self, order: Order) -> None:
        """Carry out an order of the head."""

    # ---- what has been written

    def route(self, element: int, out: list[tuple[str, list[Any]]]) -> None:
        """Put what `element` has written where its edges lead."""
        for delivery in self.flow.spread(element, out):
            self.deliver(*delivery)

    def deliver(self, route: Route, partition: int, values: list[Any]) -> None:
        """Put tuples where `route` leads."""
        if self.plan.elements[route.target].role is Role.POOL:
            self.outbox.to_pool(route, values)
        else:
            self.outbox.to_partition(route, partition, values)
            if self.outbox.unsent >= SEND_TUPLES:
                self.sealer.send(self.outbox)

    @property
    def heavy(self) -> bool:
        """Whether the transaction at hand holds as much as it may."""
        return self.outbox.tuples > PARTIAL_TUPLES or self.outbox.bytes > self._heavy_bytes

    @property
    def busy(self) -> bool:
        """Whether this rank has something to do while its messages are not matched."""
        return False

    @property
    def ring_after_s(self) -> float:
        """A message that is not matched by then goes to a rank that is asleep, or busy: ring its bell.

        The first that is sent after a sleep most likely goes to one that sleeps, too.
        """
        if self._alert:
            return 0.0
        return RING_AFTER_S if self.busy else URGENT_RING_S

    @property
    def window_full(self) -> bool:
        """Whether as much is under way as may be."""
        waiting = len(self.window)
        return waiting >= self.settings.window or (waiting > 0 and self.window.bytes > WINDOW_BYTES)

    def fail(self, failure: Failure) -> None:
        """Tuples that failed become part of the transaction at hand, which takes them off the count."""
        self.outbox.fail(failure)

    def untravelled(self, element: int, route: Route | None, value: Any, error: Exception) -> None:
        """Make a dead letter of a tuple that cannot be sent to `element`."""
        name = self.plan.elements[element].name
        what = f"a {type(value).__name__} on its way to {name}"
        cause, place = Cause.OTHER, f"on its way to {name}"
        if route is not None:
            output, value = as_written(route.output, value)
            element, cause, place = route.source, Cause.UNSENT, f"output {output!r}"
            name = self.plan.elements[element].name
            what = f"{name} wrote a {type(value).__name__} on {output!r}"
        if isinstance(error, TupleTooLargeError):
            text = f"{what} that is too large: {error}"
        else:
            text = f"{what} that cannot be pickled, so it cannot travel to another rank: {show_error(error)}"
        self.flow.bury(element, cause, "", value, error, place, text)

    # ---- committing

    def seal(self) -> None:
        """Prepare what has been written so far."""
        if self.outbox:
            # what cannot travel is found now, and fails in this outbox
            self.window.add(self.sealer.seal(self.outbox))
            self.outbox = Outbox()
            self._sealed_at = clock.now()
            self._alert, self._slept = self._slept, False

    def commit(self, ring: bool = False) -> None:
        """Commit what has been delivered, if anything has."""
        commit, notify, local = self.window.ready()
        if commit:
            self._committed(self.exchange(commit), commit, notify, local)
        elif len(self.window):
            sleepers = self.window.to_ring(clock.now(), self.ring_after_s)
            if sleepers:
                self.exchange(Commit(), ring=sleepers)

    def _committed(self, reply: Reply, commit: Commit, notify: list[int], local: list[Any]) -> None:
        for owner in notify:
            self.mesh.notice(owner, commit.tx)
        if local:
            self.inbox.admit(local)

    def exchange(
        self,
        commit: Commit,
        take: list[int] | None = None,
        ring: list[int] | None = None,
        stand: int = IDLE,
    ) -> Reply:
        """One step with the broker: the only way in which this rank talks to it."""
        now = clock.now()
        self.flow.log.post(commit, self.codec, now)
        want = now - self._flushed_at > self._flush.now_s
        if want:
            self._flushed_at = now
            self._flush.next()
        if want or commit.dead:  # who judges failures must know what they are failures of
            commit.stats |= self.new_stats()
        worse, better = self.inbox.congestion()
        reply = self.broker.step(commit, take or (), ring or (), worse, better, want, stand)
        at_work.well()
        if not reply.accepted:
            raise RankLost(f"rank {self.rank} has left: the head took it for lost, or is gone itself")
        self.hungry = reply.idle
        if stand == IN_CALL:
            self.waiting = reply.waiting
        self.waiting_tasks, self.waiting_bytes = reply.tasks, reply.size
        self._congested = reply.congested
        if reply.owners or self.owners:
            self.owners.clear()
            self.owners.update(reply.owners)
        if reply.service_us:
            self.granularity.learn(reply.service_us)
        for order in reply.orders:
            self.obey(order)
        return reply

    def settle(self, most: int) -> None:
        """Wait until at most `most` prepared transactions are left, receiving meanwhile."""
        pause = Backoff(*BACKOFF_S)
        self.commit()
        while len(self.window) > most:
            self.receive()
            if self.broker.wait(pause.next()):
                self.woken()
            self.commit(ring=True)

    def new_stats(self) -> dict[str, int]:
        """Statistics since the last call, for the broker."""
        return self._increase.of(self.instances())
