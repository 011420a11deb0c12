"""A rank of the pool: takes tasks, runs them and what follows from them, commits them.

Local first: what a task writes for another pool element is run here at once, depth first, as long
as the task is young and nobody is hungry; otherwise it is published for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.control.taking import SETTLE_S, SLOW_S, takeable
from hpcd4p.plan.model import Role, Route
from hpcd4p.runtime import clock
from hpcd4p.runtime.commit.lease import Lease
from hpcd4p.runtime.commit.transaction import Outbox
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Abandoned
from hpcd4p.runtime.rank.cpu import CpuAccount
from hpcd4p.runtime.rank.parking import Parking
from hpcd4p.runtime.rank.rank import BLOCKED_S, Rank
from hpcd4p.runtime.rank.suspects import Suspects
from hpcd4p.transport.broker import IDLE, IN_CALL, PARKS
from hpcd4p.weight import weigh
from hpcd4p.wire.codec import TASK, Unreadable, about
from hpcd4p.wire.keys import Cause
from hpcd4p.wire.messages import Commit, Order, Publication, Task

if TYPE_CHECKING:
    from hpcd4p.record.summary import DeadLetter
    from hpcd4p.runtime.execute.letters import Failure
    from hpcd4p.runtime.execute.salvage import Lost

WORTH_S = 0.002
"""Work below this is done here rather than offered to a hungry rank: handing over costs 0.2 ms."""

LATE_WORTH_S = 0.001
"""The same when the transaction is past its time slice already."""

CARRY_S_PER_BYTE = 6e-9
"""What a byte costs on its way through Redis to another rank, with pickling: handing over what takes less
than that to run costs more than it saves, however late it is."""

TEND_S = 0.001
"""Between two looks, inside a task, whether an earlier transaction can commit."""

DEEP = 32
"""So many elements run inside each other; what the last of them writes is published. Each takes up to a dozen
of the thousand calls that Python allows, and the elements need some, too."""

TAIL_TASKS = 4
"""While fewer tasks wait for each rank than this, memory is no concern: those go first that have the
longest way to go, so that the end does not wait for them (Graham, SIAM J. Appl. Math. 17:416, 1969)."""


class PoolRank(Rank):
    """A rank that takes tasks; it may hold partitions as well (with few ranks)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # nearest the sinks first, so that memory drains
        self._wanted = self.plan.streams[::-1]
        self._instances: dict[int, Instance] = {}
        self._never_local: set[int] = set()
        self._idle = False
        self._held_off = False
        self._held_at = 0
        """Transactions that were under way when nothing could be begun before one of them is committed."""
        self._slow: frozenset[int] = frozenset()
        self._slow_since = -1
        self._seen: dict[int, int] = {}
        """Tasks that wait by element, if the last look asked for quick elements only."""
        self._lease: Lease | None = None
        self._tended = 0.0
        self._letters = 0
        self._ran: dict[int, tuple[Instance, tuple[Any, ...]]] = {}
        self._abandoned = False
        self._depth = 0
        """Batches that are in their middle, each inside the one before."""
        self.parking = Parking()
        self.suspects = Suspects(self)
        self.cpu: CpuAccount | None = None
        """Set where there is a thread of its own for this rank."""

    def instances(self) -> list[Instance]:
        """See `Rank.instances`."""
        return [*super().instances(), *self._instances.values(), *self.suspects.instances()]

    def woken(self) -> None:
        """See `Rank.woken`: there may be a task."""
        self._idle = False

    def rung(self) -> None:
        """See `Rank.rung`: orders come with the look for a task, if there is one."""
        if not self.in_pool or self.parking.parked:
            super().rung()

    def obey(self, order: Order) -> None:
        """See `Rank.obey`."""
        super().obey(order)
        if order.word == "park":
            self.parking.ask()
        elif order.word == "careful":
            self.suspects.careful = bool(order.args[0])
        elif order.word in ("wake", "stop"):
            since = self.parking.wake()
            if since is not None:
                self.account.parked(since, clock.now())
            self._idle = False

    def work(self) -> bool:
        """See `Rank.work`: partitions first, for their senders wait for them; then a task."""
        if super().work():
            return True
        return self.in_pool and (self._park() if self.parking.asked else self._look())

    def _park(self) -> bool:
        """Commit all that is outstanding, say so, and take no more tasks; whether that was to do."""
        if self.parking.parked or self.stopped is not None:
            return False
        self.seal()
        self.settle(0)
        if self.parking.asked:  # still: orders come with commits
            self._flushed_at = 0.0  # with the statistics
            self.exchange(Commit(), stand=PARKS)
            self.parking.park(clock.now())
        return True

    def commits_with_take(self) -> bool:
        """See `Rank.commits_with_take`: one round trip for each task."""
        return self.in_pool and not self._idle and self._may_begin()

    def help(self, element: int) -> bool:
        """See `Rank.help`: with tasks, too. Nothing of it belongs to the task at hand."""
        outer, self._lease = self._lease, None
        try:
            return super().help(element) or (self.in_pool and self._help_pool(element))
        finally:
            self._lease = outer

    def _help_pool(self, element: int) -> bool:
        wanted = [e for e in self.probation.here(self._wanted) if e > element and e in self.waiting]
        wanted = [e for e in wanted if not self.crowded(e)]
        reply = self.exchange(Commit(), take=wanted, stand=IN_CALL)
        if reply.task is None or self.stopped is not None:
            return False
        self._run_task(reply.task)
        self.settle(0)
        self.exchange(Commit(), stand=IN_CALL)
        return True

    def _look(self) -> bool:
        """Commit what is ready, take a task and run it; whether there was one."""
        if self._idle or not self._may_begin():
            return False
        wanted, before, full = self.probation.here(self._wanted), self._congested, self.full
        if self.waiting_tasks < TAIL_TASKS * len(self.plan.pool_ranks):
            wanted = wanted[::-1]
        # where too much waits, what is congested may itself be waiting for room: then take anything
        if before and not full:
            wanted = [e for e in wanted if not self.marks.feeds[e] & before]
        self.seal()
        commit, notify, local = self.window.ready()
        sleepers = self.window.to_ring(clock.now(), self.ring_after_s)
        stand = self.parking.stand()
        wary = stand == IDLE and self._wary()
        if wary:
            wanted, stand = takeable(wanted, self._maybe_slow(), self._seen), IN_CALL
        reply = self.exchange(commit, take=wanted, ring=sleepers, stand=stand)
        self._seen = reply.waiting
        if commit:
            self._committed(reply, commit, notify, local)
        self._held_at = len(self.window) if wary and reply.task is None else 0
        if reply.task is None:
            # congestion that passed since our last look rings nobody's bell: look again
            self._held_off = not wary and (reply.congested != before or self.full != full or not wanted)
            # with orders the broker does not count this rank as idle
            self._idle = not (wary or self._held_off or reply.orders)
            return bool(commit)
        self._held_off = False
        self._run_task(reply.task)
        return True

    def _may_begin(self) -> bool:
        if self.stopped is not None or self.parking.asked or self.window_full:
            return False
        return not self._held_at or len(self.window) < self._held_at or self._waited_long()

    def _wary(self) -> bool:
        """Whether nothing slow may be begun now: a commit is outstanding."""
        if not len(self.window) or self._waited_long():
            return False
        return bool(self._maybe_slow())

    def _waited_long(self) -> bool:
        return clock.now() - self._tended > SETTLE_S

    @property
    def busy(self) -> bool:
        """See `Sender.busy`."""
        return super().busy or (self.in_pool and not self._idle and self._may_begin())

    def _maybe_slow(self) -> frozenset[int]:
        if self._slow_since != self.granularity.lessons:
            self._slow_since = self.granularity.lessons
            self._slow = frozenset(filter(self._may_be_slow, self._wanted))
        return self._slow

    def _may_be_slow(self, element: int) -> bool:
        g = self.granularity
        if g.known(element):
            return g.service_s(element) > SLOW_S
        # a root whose calls are not known yet has not come to the pool
        return self.plan.elements[element].role is not Role.ROOT

    def new_stats(self) -> dict[str, int]:
        """See `Sender.new_stats`: with what the cores have given."""
        new = super().new_stats()
        if self.cpu is not None and self.in_pool:
            new.update(self.cpu.new())
        return new

    # ---- one task

    def _run_task(self, task: Task) -> None:
        if self.suspects.takes(task):
            return
        lost: list[Lost] = []
        try:
            port, values = self.codec.open(task.payload, about(TASK, task.element, task.tuples))
        except Unreadable as found:
            from hpcd4p.runtime.execute.salvage import read_task

            port, values, lost = read_task(found, task)
        began = clock.now()
        instance = self._instance(task.element)  # the first time, with its `preprocess`
        lease = self.take_lease(task, instance)
        try:
            rest = self._drive(instance, port, values, None) if len(values) else values
            self._vouch([each for each, _ in self._ran.values()])
        except Abandoned:
            self.account.worked(lease.began, clock.now())
            self._abandon(task)
            return
        finally:
            self.account.worked(began, lease.began)
        if len(rest):
            self.outbox.rest.append((task.element, port, rest))
        self.finish_lease(len(values) - len(rest), lost)

    def take_lease(self, task: Task, instance: Instance) -> Lease:
        """Begin `task`; `instance` has what comes of it."""
        self._lease = Lease(task, instance, self._letters, clock.now())
        self._tended = self._lease.began
        return self._lease

    def drop_lease(self) -> None:
        """Nothing of the task was run."""
        self._lease = None

    def finish_lease(self, run: int, lost: Sequence[Lost] = ()) -> None:
        """`run` of its tuples are done; `lost` cannot be read, the rest has been given back."""
        lease = self._lease
        assert lease is not None
        task = lease.task
        self.account.worked(lease.began, clock.now())
        self.account.tasks += 1
        self.account.tuples += run
        self.outbox.done.append((task.element, task.id))
        self.outbox.count(task.element, -run)
        self._lease = None
        # not before: when a part is committed, whoever runs the task again would find them again
        for each in lost:
            self.give_up(each)
        self.seal()

    def pause_at_work(self) -> float | None:
        """See `Rank.pause_at_work`."""
        pause = super().pause_at_work()
        if self.parking.asked:
            return pause if self.parking.parked else 0.0
        if pause is None and self.in_pool and not self._idle and self._wanted:
            # all that there is would feed what is congested; or the commit just made lets it look again
            return BLOCKED_S if self._held_off else 0.0
        return pause

    def _instance(self, element: int) -> Instance:
        """The instance of a pool element on this rank, made when its first task comes."""
        instance = self._instances.get(element)
        if instance is None:
            plan = self.plan.elements[element]
            instance = self.flow.instance(plan, self.elements[element])
            instance.on_overflow = self.overflow
            instance.start()
            self._instances[element] = instance
            if self.cpu is not None:
                self.cpu.begins()
            self.probation.begin(instance)
        return instance

    # ---- state that nobody declared

    def seal(self) -> None:
        """See `Sender.seal`."""
        super().seal()
        self._ran = {}

    def _vouch(self, ran: list[Instance]) -> None:
        try:
            self.probation.vouch(ran, self._can_forget)
        except Abandoned:
            self._abandoned = True  # the user's code may keep what is raised through it
            raise

    def _can_forget(self, mine: set[int]) -> bool:
        """Whether the transaction at hand can be forgotten: nothing of it is out, or kept by an element."""
        lease = self._lease
        return not (lease is None or lease.parted or self.outbox.tickets or mine & self._ran.keys())

    def _abandon(self, task: Task) -> None:
        """Forget what is not committed, and give the task back: it is another rank's to do."""
        self._abandoned = False
        self._lease = None
        for instance, mark in self._ran.values():
            instance.go_back(mark)
        self.outbox = Outbox()
        self._ran = {}
        back = Commit()
        back.done.append((task.element, task.id))
        back.publish.append(Publication(task.element, task.tuples, task.payload, task.attempts))
        self.exchange(back)

    def _drive(self, instance: Instance, port: str, values: Any, route: Route | None) -> Any:
        """Run `values` in chunks; what is left when the slice is over (never all of it)."""
        at, total = 0, len(values)
        most = self.settings.max_task_tuples
        if instance.plan.index not in self._ran:
            self._ran[instance.plan.index] = instance, instance.mark()
        while True:
            part = values[at : at + min(instance.chunk_tuples, most)]
            instance.run(port, part)
            at += len(part)
            if self._abandoned:
                raise Abandoned
            if self.probation.due(instance):
                self._vouch([instance])
            self.forward(instance)
            if at >= total:
                return values[total:]
            now = clock.now()
            if now - self._tended > TEND_S:
                self.tend(now)
            skipping = route is None and self._lease is not None and self._lease.repeating
            late = self._over(now) and (total - at) * instance.service_s > LATE_WORTH_S
            if (late or self.heavy) and not skipping:
                return values[at:]

    def _over(self, now: float) -> bool:
        return self._lease is not None and now - self._lease.began > self.granularity.slice_s

    def tend(self, now: float) -> None:
        """Inside a task: receive; commit an earlier transaction if the next take will be long in coming."""
        self._tended = now
        self.receive()
        if self.window.age(now) > self.settings.task_s:
            self.commit()

    def deliver(self, route: Route, partition: int, values: list[Any]) -> None:
        """See `Rank.deliver`: local first."""
        target = self.plan.elements[route.target]
        lease = self._lease
        if (
            target.role is not Role.POOL
            or lease is None
            or lease.apart
            or not self._local(route.target, values)
        ):
            if lease is not None and lease.apart and lease.task.attempts:
                self.outbox.suspect = True
            super().deliver(route, partition, values)
            return
        instance = self._instance(route.target)
        self._depth += 1
        try:
            rest = self._drive(instance, route.input, values, route)
        finally:
            self._depth -= 1
        if rest:
            self.outbox.to_pool(route, rest)

    def _local(self, element: int, values: list[Any]) -> bool:
        if self._depth >= DEEP or element in self._never_local or self.probation.elsewhere(element):
            return False
        if self.probation.alone(element):
            return False
        if self.waiting_bytes > self.settings.high_bytes / 2:
            return True  # memory before balance: what is run here does not wait in Redis
        instance = self._instances.get(element)
        known = instance is not None and instance.tuples > 0
        expected = len(values) * (
            instance.service_s if known and instance else self.granularity.service_s(element)
        )
        if self._over(clock.now()):
            return known and expected < LATE_WORTH_S + self._carry_s(values)
        if self.hungry:
            known = known or self.granularity.known(element)
            return known and expected < WORTH_S + self._carry_s(values)
        return True

    def _carry_s(self, values: list[Any]) -> float:
        return len(values) * weigh(values) * CARRY_S_PER_BYTE

    # ---- calls that write more than should be held

    def forward(self, instance: Instance) -> None:
        """See `Rank.forward`: leaves out what an earlier holder of the task has committed."""
        out = instance.take()
        if not out:
            return
        lease = self._lease
        if lease is not None and lease.repeating and instance is lease.instance:
            out = lease.unskipped(out)
        self.route(instance.plan.index, out)

    def overflow(self, instance: Instance) -> None:
        """See `Rank.overflow`; a task commits in part, so that nobody must do that part again."""
        if self._abandoned:
            raise Abandoned
        lease = self._lease
        if lease is None or instance.plan.role.fixed:
            super().overflow(instance)
            return
        began = clock.now()
        if instance is not lease.instance:
            # inside another element's task its part could not be told from the rest
            self._never_local.add(instance.plan.index)
            self.forward(instance)
        else:
            self.forward(instance)
            if self.heavy:
                self._commit_part(lease)
        now = clock.now()
        instance.busy_s -= now - began
        self.account.waited(began, now)  # what the rank did meanwhile for others has counted itself

    def _commit_part(self, lease: Lease) -> None:
        task = lease.task
        if not lease.apart:  # what runs apart changes nothing here
            self._vouch([lease.instance, *(each for each, _ in self._ran.values())])
        lease.parted = True
        self.outbox.progress.append((task.element, task.id, lease.progress(self._letters)))
        self.seal()
        self.settle(0)
        self.ease(task.element)
        if not lease.apart:
            self._ran[task.element] = lease.instance, lease.instance.mark()

    def part_if_heavy(self, lease: Lease) -> None:
        """Commit what there is of a task, if it is as much as may be held."""
        if self.heavy:
            self._commit_part(lease)

    def bury_letter(self, element: int, letter: DeadLetter, tuples: int = 1) -> None:
        """Put a dead letter, which tells of so many tuples, into the transaction at hand."""
        from hpcd4p.record.summary import kind_of
        from hpcd4p.runtime.execute.letters import Failure

        self.fail(Failure(element, Cause.RAISED, kind_of(letter), tuples, letter))

    def untravelled(self, element: int, route: Route | None, value: Any, error: Exception) -> None:
        """See `Sender.untravelled`."""
        # found anew only where it is written anew: not one of the letters that a repeated task skips
        lease, self._lease = self._lease, None
        super().untravelled(element, route, value, error)
        self._lease = lease

    def fail(self, failure: Failure) -> None:
        """See `Sender.fail`: leaves out what an earlier holder of the task has committed."""
        lease = self._lease
        if lease is not None and failure.element == lease.task.element:
            self._letters += 1
            if lease.skips_letter():
                return
        super().fail(failure)
