"""The loop of a rank: receive, work, commit, wait. The same for pool, stateful group and head.

Owns the order in which a rank does things, and its waits. The rules that it follows are in
`control`, the two sides of a transaction in `runtime.transaction` and `runtime.inbox`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.control.granularity import COMMIT_S, Granularity
from hpcd4p.errors import RankLost
from hpcd4p.plan.model import Plan, Role, Route
from hpcd4p.runtime import clock
from hpcd4p.runtime.account import RankAccount
from hpcd4p.runtime.flow import Flow
from hpcd4p.runtime.garbage import breathe
from hpcd4p.runtime.inbox import Inbox
from hpcd4p.runtime.instance import Instance
from hpcd4p.runtime.marks import high_marks
from hpcd4p.runtime.setup import copy_element
from hpcd4p.runtime.totals import totals
from hpcd4p.runtime.transaction import RING_AFTER_S, Outbox, Sealer, Window
from hpcd4p.transport.broker import MAIL, Broker, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Arrival, Commit, Notice, Order, Reply
from hpcd4p.workflow.elements import GenericPE

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.record.summary import DeadLetter

LINGER_S_PER_RANK = 4 * COMMIT_S
"""What a rank that holds partitions has finished waits this long, times the number of such ranks, for
more to commit with it: so all of them together take a quarter of the Redis server's core at most."""

STATS_S = (0.001, 0.05)
"""Statistics go out with the first commit after this time (first, doubled each time, at most): the sizes
of tasks follow from them, and the first sizes are guesses."""

AWAKE_S = 0.003
"""A rank that holds partitions looks for messages for this long before it sleeps on its bell."""

BACKOFF_S = (0.00005, 0.0005)
"""Between two looks for something that is on its way (first, at most)."""

BLOCKED_S = 0.01
"""Between two looks whether congestion further down is over."""

LAST_WORDS_S = 0.5
"""What a dead rank had delivered is fetched in this time, however large; more of it never comes."""

SEND_TUPLES = 4096
"""So many tuples for partitions make a message, also in the middle of a transaction: they are pickled
while they are in the cache, and their owner can begin to receive."""

PARTIAL_TUPLES = 50_000
"""A transaction that holds more than this in the middle of a call commits what it has."""

HEAVY_BYTES = (1 << 20, 16 << 20)
"""The same in bytes: between these, and no more than all ranks together may put into Redis."""

WINDOW_BYTES = 16 << 20
"""No more is begun while this much is under way: what waits at its owner in megabytes is in no cache when its
turn comes (with 72 MiB on their way to a rank, arrays took it a third more time than with 36)."""

EASE_S = 0.5
"""In the middle of a call a rank waits no longer than this for congestion to pass: others may be
waiting for it."""


class Rank:
    """One rank, its transports given from outside.

    Parameters
    ----------
    elements
        The user's objects, by index in the plan.
    started
        `clock.now()` at the start of the run, for the times in dead letters.
    """

    def __init__(
        self,
        plan: Plan,
        elements: list[GenericPE],
        settings: EngineSettings,
        broker: Broker,
        mesh: Mesh,
        codec: Codec,
        started: float | None = None,
    ) -> None:
        self.plan = plan
        self.rank = mesh.rank
        self.settings = settings
        self.broker = broker
        self.mesh = mesh
        self.codec = codec
        self.started = clock.now() if started is None else started
        self.in_pool = self.rank in plan.pool_ranks
        self.granularity = Granularity(settings, len(plan.pool_ranks))
        self.flow = Flow(plan, self.rank, self.deliver, self._dead, self.started)
        self.outbox = Outbox()
        self.window = Window(mesh)
        self.sealer = Sealer(
            plan, self.rank, mesh, codec, self.granularity, self._unpicklable, settings.max_task_bytes
        )
        self.elements = elements
        hosted = plan.hosted(self.rank)
        share = settings.high_bytes // (2 * len(plan.pool_ranks))
        self._heavy_bytes = max(HEAVY_BYTES[0], min(HEAVY_BYTES[1], share))
        self.inbox = Inbox(
            sorted({e for e, _ in hosted}, reverse=True),
            settings.inbox_high_tuples,
            settings.inbox_high_bytes,
        )
        self.hosted: dict[tuple[int, int], Instance] = {}
        self.account = RankAccount(self.rank, self._role(), self.started)
        self.stopped: Order | None = None
        self._feeds = [plan.feeds(e.index) for e in plan.elements]
        self._to_pool = [
            any(plan.elements[r.target].role is Role.POOL for r in plan.routes if r.source == e.index)
            for e in plan.elements
        ]
        self._congested: frozenset[int] = frozenset()
        self._flushed: dict[str, int] = {}
        self._flushed_at = self.started
        self._flush_s = STATS_S[0]
        self._linger_s = LINGER_S_PER_RANK * (1 + len(plan.stateful_ranks))
        self._active_at = self.started
        self._backoff = BACKOFF_S[0]
        self._failed: dict[int, int] = {}
        self.hungry = 0
        self.waiting_tasks = 0
        self.waiting_bytes = 0

    def _role(self) -> str:
        roles = []
        if self.rank == 0:
            roles.append("head")
        if self.rank in self.plan.stateful_ranks:
            roles.append("stateful")
        if self.in_pool:
            roles.append("pool")
        return "+".join(roles)

    # ---- start and end

    def start(self) -> None:
        """Start the instances that this rank hosts. An exception of `preprocess` comes through."""
        for e, partition in self.plan.hosted(self.rank):
            element = self.plan.elements[e]
            if element.role is Role.STATE:
                pe = copy_element(self.elements[e], element.partitions)
                instance = self.flow.instance(element, pe, partition)
                instance.on_overflow = self.overflow
                instance.start()
                self.hosted[e, partition] = instance

    def run(self) -> Order:
        """Work until the head says stop."""
        while self.stopped is None:
            pause = self.tick()
            if self.stopped is None and pause != 0:
                self.rest(pause)
        return self.stopped

    def leave(self) -> None:
        """Give the last statistics; nothing else of this rank is outstanding when it is told to stop."""
        self._flushed_at = 0.0
        self.exchange(Commit())

    def rest(self, pause: float | None) -> None:
        """Wait for the bell, or for `pause` seconds."""
        heard = self.broker.wait(pause)
        if heard:
            self._backoff = BACKOFF_S[0]
            self.woken()
            if heard != MAIL:
                self.rung()

    def woken(self) -> None:
        """Called whenever the bell has rung, also in the middle of a call: remember that it has."""

    def rung(self) -> None:
        """Called when the bell has rung for more than a message, and nothing is under way: fetch orders."""
        self.exchange(Commit())

    def tick(self) -> float | None:
        """Do one thing; how long nothing will be to do (0: there is more, None: until the bell)."""
        self.receive()
        worked = self.work()
        breathe()
        now = clock.now()
        if worked:
            self._active_at = now
            self._backoff = BACKOFF_S[0]
        patience = self.settings.slice_s if worked else self._linger_s
        if self.outbox and (self.heavy or now - self.outbox.began > patience):
            self.seal()
        if not self.commits_with_take():
            self.commit()
        if self.inbox.has_news:
            self.exchange(Commit())
        return 0.0 if worked else self.pause()

    def commits_with_take(self) -> bool:
        """Whether what is ready is committed by the call that takes the next task, a moment from now."""
        return False

    # ---- receiving and working

    def receive(self) -> bool:
        """Take in what other ranks have sent; whether there was anything."""
        if not self.inbox.lines:
            return False
        messages = self.mesh.poll()
        for message in messages:
            if isinstance(message, Arrival):
                self.inbox.arrived(message)
            else:
                self.inbox.noticed(message)
        if messages:
            self._active_at = clock.now()
            self._backoff = BACKOFF_S[0]
        return bool(messages)

    def work(self) -> bool:
        """Run what is in line for the partitions of this rank, for one slice; whether there was any."""
        if self.window_full:
            return False
        for element, tuples in self.inbox.tuples.items():
            if tuples and not self.blocked(element):
                self._work_line(element)
                return True
        return False

    def _work_line(self, element: int) -> None:
        line = self.inbox.lines[element]
        end = clock.now() + self.settings.task_s
        while self.inbox.tuples[element]:
            if not line:
                self._unseal()
                continue
            instance = self.hosted[element, line[0][0]]
            most = min(instance.chunk_tuples, self.settings.max_task_tuples)
            _, port, values = self.inbox.next(element, most)
            if not values:
                continue
            spent = -instance.busy_s
            instance.run(port, values)
            self.forward(instance)
            self.account.busy_s += spent + instance.busy_s
            self.account.tuples += len(values)
            # the outbox may have been sealed in the middle of a call
            self.outbox.count(element, -len(values))
            if clock.now() > end or self.heavy:
                break

    def _unseal(self) -> None:
        broken = self.inbox.open()
        if broken is not None:
            counts, error = broken
            for element, count in counts.items():
                self.bury_batch(element, "a message", count, error)

    def bury_batch(self, element: int, what: str, count: int, error: Exception) -> None:
        """Count `count` tuples as failed that cannot be unpickled; one dead letter tells of all of them."""
        text = f"{type(error).__name__}: {error}"
        where = f"reading {what} of {count} tuples for {self.plan.elements[element].name}"
        self.flow.bury(element, "", f"{what} of {count} tuples", text, f"{where}: {text}")
        self._failed[element] += count - 1
        self.outbox.count(element, -count)

    def blocked(self, element: int) -> bool:
        """Whether what `element` writes would only pile up further down."""
        if self._congested and self._feeds[element] & self._congested:
            return True
        return self._to_pool[element] and self.full

    @property
    def full(self) -> bool:
        """Whether as many tasks wait as may."""
        tasks, size = high_marks(self.plan, self.settings)
        return self.waiting_bytes > size or self.waiting_tasks > tasks

    def finish(self, element: int) -> None:
        """Post-process every instance of `element` that this rank hosts."""
        for (e, _), instance in self.hosted.items():
            if e == element:
                spent = -instance.busy_s
                instance.finish()
                self.forward(instance)
                self.account.busy_s += spent + instance.busy_s
                self.outbox.count(element, -1)

    # ---- what instances write

    def forward(self, instance: Instance) -> None:
        """Send on what `instance` has written."""
        out = instance.take()
        if out:
            self.flow.route(instance.plan.index, out)

    def deliver(self, route: Route, partition: int, values: list[Any]) -> None:
        """Put tuples where `route` leads."""
        if self.plan.elements[route.target].role is Role.POOL:
            self.outbox.to_pool(route, values)
        else:
            self.outbox.to_partition(route, partition, values)
            if self.outbox.unsent >= SEND_TUPLES:
                self.sealer.send(self.outbox)

    def overflow(self, instance: Instance) -> None:
        """Send on what a call has written so far: it writes more than should be held."""
        began = clock.now()
        self.forward(instance)
        if self.heavy:
            self.seal()
            self.settle(self.settings.window - 1)
            self.ease(instance.plan.index)
        # that time is not the element's
        instance.busy_s -= clock.now() - began

    @property
    def heavy(self) -> bool:
        """Whether the transaction at hand holds as much as it may."""
        return self.outbox.tuples > PARTIAL_TUPLES or self.outbox.bytes > self._heavy_bytes

    @property
    def ring_after_s(self) -> float:
        """A message that is not matched by then goes to a rank that is asleep, or busy: ring its bell."""
        return RING_AFTER_S

    @property
    def window_full(self) -> bool:
        """Whether as much is under way as may be."""
        waiting = len(self.window)
        return waiting >= self.settings.window or (waiting > 0 and self.window.bytes > WINDOW_BYTES)

    def settle(self, most: int) -> None:
        """Wait until at most `most` prepared transactions are left, receiving meanwhile."""
        pause = BACKOFF_S[0]
        self.commit()
        while len(self.window) > most:
            self.receive()
            if self.broker.wait(pause):
                self.woken()
            pause = min(2 * pause, BACKOFF_S[1])
            self.commit(ring=True)

    def ease(self, element: int) -> None:
        """In the middle of a call of `element`, give what is congested a little time."""
        end = clock.now() + EASE_S
        while self.blocked(element) and clock.now() < end:
            self.receive()
            if self.broker.wait(BLOCKED_S):
                self.woken()
            self.exchange(Commit())

    def _dead(self, element: int, letter: DeadLetter) -> None:
        self._failed[element] = self._failed.get(element, 0) + 1
        self.outbox.dead.append(self.codec.seal(tuple(letter)))
        if not self.outbox.began:
            self.outbox.began = clock.now()

    def _unpicklable(self, route: Route, value: Any, error: Exception) -> None:
        name = self.plan.elements[route.source].name
        text = (
            f"{name} wrote a {type(value).__name__} on {route.output!r} that cannot be pickled, "
            f"so it cannot travel to another rank: {type(error).__name__}: {error}"
        )
        self.flow.bury(route.source, "", value, text, text)

    # ---- committing

    def seal(self) -> None:
        """Prepare what has been written so far."""
        if self.outbox:
            # letters of what cannot be pickled are found now, and belong to this transaction
            self.window.add(self.sealer.seal(self.outbox))
            self.outbox = Outbox()

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

    def exchange(self, commit: Commit, take: list[int] | None = None, ring: list[int] | None = None) -> Reply:
        """One step with the broker: the only way in which this rank talks to it."""
        now = clock.now()
        want = False
        if commit.dead or now - self._flushed_at > self._flush_s:
            want = True
            self._flushed_at = now
            self._flush_s = min(2 * self._flush_s, STATS_S[1])
            commit.stats = self.new_stats()
        worse, better = self.inbox.congestion()
        reply = self.broker.step(commit, take or (), ring or (), worse, better, want)
        if not reply.accepted:
            raise RankLost(f"rank {self.rank} has left: the head took it for lost, or is gone itself")
        self.hungry = reply.idle
        self.waiting_tasks, self.waiting_bytes = reply.tasks, reply.size
        self._congested = reply.congested
        if reply.service_us:
            self.granularity.learn(reply.service_us)
        for order in reply.orders:
            self.obey(order)
        return reply

    def obey(self, order: Order) -> None:
        """Carry out an order of the head."""
        if order.word == "finish":
            self.finish(order.args[0])
            self.seal()  # the others wait for it
        elif order.word == "lost":
            rank, committed = order.args
            end = clock.now() + LAST_WORDS_S
            self.receive()
            while self.mesh.receiving and clock.now() < end:  # it may be its last committed message
                self.receive()
            self.inbox.noticed(Notice(rank, committed))
            self.inbox.drop(rank)
            self.mesh.forget(rank)
        elif order.word == "stop":
            self.stopped = order

    # ---- accounts

    def instances(self) -> list[Instance]:
        """All instances that this rank runs."""
        return list(self.hosted.values())

    def new_stats(self) -> dict[str, int]:
        """Statistics since the last call, for the broker."""
        total = totals(self.instances(), self._failed)
        new = {k: v - self._flushed.get(k, 0) for k, v in total.items() if v != self._flushed.get(k, 0)}
        self._flushed = total
        return new

    def pause(self) -> float | None:
        """How long this rank may wait now."""
        now = clock.now()
        if self.mesh.receiving:
            return BACKOFF_S[0]  # the rest comes in pieces, each fetched by a look
        if len(self.window) or self.outbox or self.inbox.uncommitted:
            pause = self._backoff
            self._backoff = min(2 * pause, BACKOFF_S[1])
            return pause
        waiting = [e for e, tuples in self.inbox.tuples.items() if tuples]
        if waiting:
            if not all(map(self.blocked, waiting)):
                return 0.0  # the commit just made put it there
            self.exchange(Commit())  # nobody rings a rank of the stateful group when congestion has passed
            return BLOCKED_S
        if self._flushed_at < self._active_at and now - self._active_at > self._linger_s:
            self._flushed_at = 0.0
            self.exchange(Commit())
            return 0.0  # it may have brought orders
        if self.inbox.lines and now - self._active_at < AWAKE_S:
            return 3 * BACKOFF_S[0]
        return None
