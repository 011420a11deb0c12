"""The loop of a rank: receive, work, commit, wait. The same for pool, stateful group and head.

Owns the order in which a rank does things, and its waits. The rules that it follows are in
`control`, the two sides of a transaction in `runtime.commit.transaction` and `runtime.commit.inbox`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcd4p.backoff import Backoff
from hpcd4p.control.granularity import COMMIT_S
from hpcd4p.control.marks import Marks
from hpcd4p.plan.model import Plan
from hpcd4p.runtime import clock
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.execute.garbage import breathe
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.rank.sender import BACKOFF_S, Sender
from hpcd4p.runtime.rank.timeline import bins_for
from hpcd4p.transport.broker import IN_CALL, MAIL, Broker, Mesh
from hpcd4p.wire.codec import REPORT, Codec, about
from hpcd4p.wire.messages import Arrival, Commit, Notice, Order
from hpcd4p.workflow.elements import GenericPE

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.execute.salvage import Lost
    from hpcd4p.runtime.rank.account import Life

LINGER_S_PER_RANK = 4 * COMMIT_S
"""A rank that holds partitions commits what it has finished this long, times the number of such ranks, after
its last commit at the earliest: so all of them together take a quarter of the Redis server's core at most."""

AWAKE_S = 0.003
"""A rank that holds partitions looks for messages for this long before it sleeps on its bell; also when that
has rung, for MPI may not show a message to the first look."""

BLOCKED_S = 0.01
"""Between two looks whether congestion further down is over."""

DEEP_CALLS = 16
"""So many calls wait for room in their middle, each begun by one that waits; a further one goes on. Each is
a dozen of the thousand calls that Python allows. (It takes as many elements in a row that write more than may
wait, in one call each.)"""

LAST_WORDS_S = 0.5
"""What a dead rank had delivered is fetched in this time, however large; more of it never comes."""


class Rank(Sender):
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
        hosted = plan.hosted(mesh.rank)
        inbox = Inbox({e for e, _ in hosted}, settings.inbox_high_tuples, settings.inbox_high_bytes)
        super().__init__(plan, settings, broker, mesh, codec, inbox, started)
        self.in_pool = self.rank in plan.pool_ranks
        self.elements = elements
        self.hosted: dict[tuple[int, int], Instance] = {}
        self.account = RankAccount(self.rank, self._role(), self.started, bins=bins_for(plan.size))
        self.stopped: Order | None = None
        self.probation = Probation(plan, elements, self.rank, broker, self.tell, self.owners)
        self.marks = Marks(plan, settings)
        self.flow.on_undeclared = lambda element: self.marks.feeds_collector(element, plan.collector)
        self._linger_s = LINGER_S_PER_RANK * (1 + len(plan.stateful_ranks))
        self._active_at = self._heard_at = self.started
        self._backoff = Backoff(*BACKOFF_S)
        self._eased = 0
        """Calls that wait in their middle, each begun by the help of the one before."""

    def _role(self) -> str:
        roles = []
        if self.rank == 0:
            roles.append("head")
        if self.rank in self.plan.stateful_ranks:
            roles.append("stateful" if self.plan.holds_state(self.rank) else "stateless")
        if self.in_pool:
            roles.append("pool")
        return "+".join(roles)

    # ---- start and end

    def start(self) -> None:
        """Start the instances that this rank hosts; raises `ElementFailed` if `preprocess` of one raises."""
        for e, partition in self.plan.hosted(self.rank):
            element = self.plan.elements[e]
            if element.role.fixed:
                pe = copy_element(self.elements[e], element.partitions)
                instance = self.flow.instance(element, pe, partition)
                instance.on_overflow = self.overflow
                instance.start()
                self.hosted[e, partition] = instance
                self.probation.begin_fixed(instance)
        for instance in self.hosted.values():
            self.forward(instance)  # what `preprocess` has written

    def run(self) -> Order:
        """Work until the head says stop."""
        while self.stopped is None:
            pause = self.tick()
            if self.stopped is None and pause != 0:
                self.rest(pause)
        return self.stopped

    def leave(self) -> None:
        """Give the last statistics, and what elements have said; nothing else is outstanding at the end."""
        commit = Commit()
        commit.stats = self.new_stats()
        self.flow.log.post(commit, self.codec)
        if commit.stats or commit.dead:
            self.broker.step(commit)

    def report(self) -> tuple[dict[str, Any], list[tuple[int, str]], Life]:
        """What the head is told in the end; `runtime.rank.reports` reads it."""
        return self.account.figures(), self.probation.end(self.instances()), self.account.life()

    def rest(self, pause: float | None) -> None:
        """Wait for the bell, or for `pause` seconds."""
        heard = self.broker.wait(pause)
        if heard:
            self._backoff.reset()
            self._heard_at = clock.now()
            self._slept = True
            self.woken()
            if heard != MAIL:
                self.rung()

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
            self._backoff.reset()
        if self.outbox and (self.heavy or self._due(worked, now)):
            self.seal()
        if not self.commits_with_take():
            self.commit()
        if self.inbox.has_news:
            self.exchange(Commit())
        return 0.0 if worked else self.pause()

    def _due(self, worked: bool, now: float) -> bool:
        """Whether to seal what is finished. The first after a silence is not kept waiting for a second.

        Of many such ranks, none must commit more often because it is busy.
        """
        if worked:
            return now - self.outbox.began > max(self.settings.slice_s, self._linger_s)
        return now - self._sealed_at > self._linger_s

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
            self._backoff.reset()
        return bool(messages)

    def work(self) -> bool:
        """Run what is in line for the partitions of this rank, for one slice; whether there was any."""
        if self.window_full:
            return False
        for element in self.inbox.waiting():
            if not self.blocked(element):
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
            began = clock.now()
            instance.run(port, values)
            self.account.worked(began, clock.now())
            self.probation.inspect(instance)
            self.forward(instance)
            self.account.tuples += len(values)
            # the outbox may have been sealed in the middle of a call
            self.outbox.count(element, -len(values))
            if clock.now() > end or self.heavy:
                break

    def _unseal(self) -> None:
        for lost in self.inbox.open():
            self.give_up(lost)

    def give_up(self, lost: Lost) -> None:
        """Make dead letters of tuples that cannot be unpickled."""
        self.flow.give_up(lost)
        self.outbox.count(lost.element, -lost.tuples)

    def tell(self, kind: str, element: int, what: str) -> None:
        """For the head, at once: something about an element."""
        self.broker.report(self.codec.seal((kind, self.rank, (element, what)), about(REPORT)))

    @property
    def busy(self) -> bool:
        """See `Sender.busy`."""
        return bool(self.inbox.tuples)

    def blocked(self, element: int) -> bool:
        """Whether what `element` writes would only pile up further down."""
        return self.marks.blocked(element, self._congested, self.full)

    @property
    def full(self) -> bool:
        """Whether as many tasks wait as may."""
        return self.marks.full(self.waiting_tasks, self.waiting_bytes)

    def finish(self, element: int) -> None:
        """Post-process every instance of `element` that this rank hosts."""
        for partition in range(self.plan.elements[element].partitions):
            instance = self.hosted.get((element, partition))
            if instance is not None:
                began = clock.now()
                instance.finish()
                self.account.worked(began, clock.now())
                self.forward(instance)
                self.outbox.count(element, -1)

    # ---- what instances write

    def forward(self, instance: Instance) -> None:
        """Send on what `instance` has written."""
        out = instance.take()
        if out:
            self.route(instance.plan.index, out)

    def overflow(self, instance: Instance) -> None:
        """Send on what a call has written so far: it writes more than should be held."""
        began = clock.now()
        self.forward(instance)
        if self.heavy:
            self.seal()
            self.settle(0)  # what is not committed cannot be worked on, and others may wait for it
            self.ease(instance.plan.index)
        # that time is not the element's
        now = clock.now()
        instance.busy_s -= now - began
        self.account.waited(began, now)

    def ease(self, element: int) -> None:
        """In the middle of a call of `element`, wait until what it has written is not in the way any more.

        Others may be waiting for this rank, so meanwhile it helps.
        """
        self.exchange(Commit(), stand=IN_CALL)
        if self._eased >= DEEP_CALLS:
            return
        self._eased += 1
        try:
            self._help_until_eased(element)
        finally:
            self._eased -= 1

    def _help_until_eased(self, element: int) -> None:
        while self.stopped is None and self.crowded(element):
            self.receive()
            if not self.help(element):
                if self.broker.wait(BLOCKED_S):
                    self.woken()
                self.exchange(Commit(), stand=IN_CALL)

    def crowded(self, element: int) -> bool:
        """Whether as much as may waits further down than `element`."""
        return self.marks.crowded(element, self._congested, self.waiting, self.waiting_bytes)

    def help(self, element: int) -> bool:
        """Do some work of an element behind `element`, which is in a call; whether there was any.

        *Behind* in the order of the plan, which follows the edges. So what is in the middle of a call
        on one rank, from the outer call to the inner, is in that order too, and no two ranks can wait
        for each other: of all that is crowded, the last in the order can always be worked on.
        """
        for e in self.inbox.waiting():
            if e > element and not self.crowded(e):
                self._work_line(e)
                self.seal()
                self.settle(0)
                self.exchange(Commit(), stand=IN_CALL)
                return True
        return False

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
        """See `Sender.instances`."""
        return list(self.hosted.values())

    def pause(self) -> float | None:
        """How long this rank may wait now."""
        pause = self.pause_at_work()
        return self._until_said() if pause is None else pause

    def pause_at_work(self) -> float | None:
        """How long it may wait with work that is on its way, or held back; None: there is none."""
        if self.mesh.receiving:
            return BACKOFF_S[0]  # the rest comes in pieces, each fetched by a look
        if len(self.window) or self.outbox or self.inbox.uncommitted:
            return self._backoff.next()
        if self.inbox.tuples:
            if not all(map(self.blocked, self.inbox.tuples)):
                return 0.0  # the commit just made put it there
            self.exchange(Commit())  # nobody rings a rank of the stateful group when congestion has passed
            return BLOCKED_S
        if self.inbox.lines and clock.now() - max(self._active_at, self._heard_at) < AWAKE_S:
            return self._backoff.next(3 * BACKOFF_S[0])
        return None

    def _until_said(self) -> float | None:
        """How long to wait with nothing to do: until the statistics are due, if there are any to give."""
        if self._flushed_at >= self._active_at:
            return None
        due = max(self._active_at + self._linger_s, self._flushed_at + max(self._flush.now_s, self._count_s))
        left = due - clock.now()
        if left <= 0:
            self._flushed_at = 0.0
            self.exchange(Commit())
            return 0.0  # it may have brought orders
        return left
