"""Runs a task on its rank, with what follows from it; the results go into the current transaction.

Local first: what a task writes for another pool element is run here at once, depth first, while the task is
young and no rank lacks work; otherwise it is published for others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hpcd4p.control.local import gives_back
from hpcd4p.control.sealing import TEND_S, commits_within
from hpcd4p.plan.model import Role, Route
from hpcd4p.runtime.commit.lease import Lease, Leases
from hpcd4p.runtime.execute.flow import Flow
from hpcd4p.runtime.execute.instance import Instance
from hpcd4p.runtime.execute.probation import Abandoned, Probation
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.rank.committer import Committer
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.local_first import LocalFirst
from hpcd4p.runtime.rank.pump import Pump
from hpcd4p.wire.codec import TASK, Unreadable, about, block_of
from hpcd4p.wire.messages import Commit, Publication, Task

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.salvage import UnreadTuples
    from hpcd4p.runtime.rank.cpu import CpuAccount


class Tasks:
    """The pool elements that one rank runs, and the tasks that it is running.

    Attributes
    ----------
    tended_at
        When it looked last, inside a task or at its begin, whether an earlier transaction can commit.
    cpu
        The CPU account; only if this rank has a thread of its own.
    """

    def __init__(
        self,
        given: Given,
        flow: Flow,
        committer: Committer,
        probation: Probation,
        account: RankAccount,
        pump: Pump,
        leases: Leases,
    ) -> None:
        self.tended_at = 0.0
        self.cpu: CpuAccount | None = None
        self._plan = given.plan
        self._elements = given.elements
        self._settings = given.settings
        self._codec = given.codec
        self._fetch = None if given.blocks is None else given.blocks.open
        self._flow = flow
        self._committer = committer
        self._link = committer.link
        self._outgoing = committer.outgoing
        self._probation = probation
        self._account = account
        self._pump = pump
        self._leases = leases
        self._clock = given.clock
        self._instances: dict[int, Instance] = {}
        self._local_first = LocalFirst(given, self._instances, self._link, probation)
        self._abandoned = False
        self._depth = 0
        """Batches that are running, each inside the one before."""

    def instances(self) -> list[Instance]:
        """All instances that have run here."""
        return list(self._instances.values())

    # ---- one task

    def run(self, task: Task) -> None:
        """Run `task`; its results are sealed, or it is given back."""
        unread: list[UnreadTuples] = []
        try:
            port, values = self._codec.open(task.payload, about(TASK, task.element, task.tuples), self._fetch)
        except Unreadable as unreadable:
            from hpcd4p.runtime.execute.salvage import read_task

            port, values, unread = read_task(unreadable, task)
        began = self._clock.now()
        instance = self._instance(task.element, None)  # the first time, with its `preprocess`
        lease = self.begin(task, instance)
        try:
            rest = self._drive(lease, instance, port, values) if len(values) else values
            self._vouch(lease, self._ran())
        except Abandoned:
            self._account.worked(lease.began, self._clock.now())
            self._abandon(lease)
            return
        finally:
            self._account.worked(began, lease.began)
        if len(rest):
            self._outgoing.outbox.rest.append((task.element, port, rest))
        self.finish(lease, len(values) - len(rest), unread)

    def begin(self, task: Task, instance: Instance) -> Lease:
        """Begin `task`, which `instance` runs."""
        lease = Lease(task, instance, self._clock.now())
        self._account.begins()
        self._leases.lend(task.element, lease)
        self.tended_at = lease.began
        return lease

    def drop(self, lease: Lease) -> None:
        """Give up a lease of which nothing was run."""
        self._leases.end(lease)

    def finish(self, lease: Lease, run: int, unread: Sequence[UnreadTuples] = ()) -> None:
        """End a task of which `run` tuples are done; `unread` cannot be read, the rest was given back."""
        task = lease.task
        spent = self._account.lent if lease.lent else self._account.worked
        spent(lease.began, self._clock.now())
        self._account.tasks += 1
        self._account.ends()
        self._account.tuples += run
        self._outgoing.outbox.done.append((task.element, task.id))
        self._outgoing.outbox.of(lease.numbers, lease.born)
        block = block_of(task.payload)
        if block is not None:
            self._outgoing.outbox.spent.append(block)
        self._outgoing.outbox.count(task.element, -run)
        self._leases.end(lease)
        # not before: if only a part was committed, the rank that runs the task again would fail them again
        for each in unread:
            self._outgoing.give_up(each)
        self._outgoing.seal()

    def tend(self, now: float) -> None:
        """Inside a task: receive, and commit an earlier transaction if the next task will be taken late."""
        self.tended_at = now
        self._committer.receive()
        if commits_within(self._outgoing.window.age(now), self._settings.task_s):
            self._committer.commit()
        self._committer.on_wait()

    # ---- batches

    def _instance(self, element: int, lease: Lease | None) -> Instance:
        """The instance of a pool element on this rank, made when its first tuples come."""
        instance = self._instances.get(element)
        if lease is not None:
            self._leases.lend(element, lease)
        if instance is None:
            instance = self._flow.instance(self._plan.elements[element], self._elements[element])
            instance.on_overflow = self._overflow
            instance.start()
            self._instances[element] = instance
            if self.cpu is not None:
                self.cpu.begins()
            self._probation.begin(instance)
        return instance

    def _drive(self, lease: Lease, instance: Instance, port: str, values: Any) -> Any:
        """Run `values` in chunks; gives what is left when the time slice is over (never all of it)."""
        at, total = 0, len(values)
        most = self._settings.max_task_tuples
        own = instance is lease.instance
        self._outgoing.outbox.runs(instance)
        while True:
            part = values[at : at + min(instance.chunk_tuples, most)]
            instance.run(port, part)
            at += len(part)
            if self._abandoned:
                raise Abandoned
            if self._probation.due(instance):
                self._vouch(lease, [instance])
            self._forward(lease, instance)
            if at >= total:
                return values[total:]
            now = self._clock.now()
            if now - self.tended_at > TEND_S:
                self.tend(now)
            late, heavy = self._local_first.late(lease, now), self._outgoing.heavy
            if gives_back(late, total - at, instance.service_s, heavy, own and lease.repeating):
                return values[at:]

    def _forward(self, lease: Lease, instance: Instance) -> None:
        """Send on what `instance` has written, without what an earlier holder of the task has committed."""
        out = instance.take()
        if not out:
            return
        if lease.repeating and instance is lease.instance:
            out = lease.skip_committed(out)
        self._outgoing.outbox.of(lease.numbers, lease.born)
        for route, partition, values in self._flow.spread(instance.plan.index, out):
            pooled = self._plan.elements[route.target].role is Role.POOL
            if pooled and self._local_first.allows(lease, route, values, self._depth):
                self._run_here(lease, route, values)
            else:
                self._outgoing.deliver(route, partition, values)

    def forward_apart(self, lease: Lease) -> None:
        """The same for a task that runs apart: none of its results may run here."""
        out = lease.instance.take()
        if not out:
            return
        if lease.repeating:
            out = lease.skip_committed(out)
        if lease.task.attempts:
            self._outgoing.outbox.suspect = True
            self._outgoing.outbox.beside = lease.task.beside
        self._outgoing.outbox.of(lease.numbers, lease.born)
        self._outgoing.route(lease.task.element, out)

    def _run_here(self, lease: Lease, route: Route, values: list[Any]) -> None:
        instance = self._instance(route.target, lease)
        self._depth += 1
        try:
            rest = self._drive(lease, instance, route.input, values)
        finally:
            self._depth -= 1
        if rest:
            self._outgoing.outbox.of(lease.numbers, lease.born)
            self._outgoing.deliver(route, 0, rest)

    # ---- calls that write more than should be held

    def _overflow(self, instance: Instance) -> None:
        """Send on what it has written in the middle of a call, for it holds as much as it may."""
        if self._abandoned:
            raise Abandoned
        self._pump.aside(instance, lambda: self._spill(instance))

    def _spill(self, instance: Instance) -> None:
        element = instance.plan.index
        lease = self._leases.of(element)
        assert lease is not None  # no element of the pool writes but in a task
        self._forward(lease, instance)
        if instance is not lease.instance:
            # inside another element's task its part could not be told from the rest
            self._local_first.bar(element)
        else:
            self.part_if_heavy(lease)

    def part_if_heavy(self, lease: Lease) -> None:
        """Commit a part of a task if it is as much as may be held; that part is never done again."""
        if self._outgoing.heavy:
            self.part(lease)

    def part(self, lease: Lease) -> None:
        """Commit what there is of a task; that part is never done again."""
        task = lease.task
        if not lease.apart:  # what runs apart changes nothing here
            self._vouch(lease, [lease.instance, *self._ran()])
        lease.parted = True
        self._outgoing.outbox.progress.append((task.element, task.id, lease.progress()))
        self._outgoing.outbox.of(lease.numbers, lease.born)
        if lease.lent:
            self._outgoing.seal()  # its rank does not wait for room: it stops listening
            return
        self._pump.relieve(task.element, lease.numbers)
        if not lease.apart:
            self._outgoing.outbox.runs(lease.instance)

    # ---- state that nobody declared

    def _ran(self) -> list[Instance]:
        return [instance for instance, _ in self._outgoing.outbox.ran.values()]

    def _vouch(self, lease: Lease, ran: list[Instance]) -> None:
        """Make sure that what `ran` did may be committed; raises `Abandoned` if not."""

        def can_forget(mine: set[int]) -> bool:
            """Whether the current transaction can be forgotten: nothing was sent, or kept by an element."""
            outbox = self._outgoing.outbox
            return not (lease.parted or outbox.tickets or mine & outbox.ran.keys())

        try:
            self._probation.vouch(ran, can_forget)
        except Abandoned:
            self._abandoned = True  # user code may swallow the exception
            raise

    def _abandon(self, lease: Lease) -> None:
        """Forget what is not committed, and give the task back, for another rank has to run it."""
        self._account.undoes(lease.began)
        self._abandoned = False
        self._leases.end(lease)
        for instance, mark in self._outgoing.outbox.ran.values():
            instance.go_back(mark)
        self._outgoing.forget()
        task = lease.task
        back = Commit()
        back.done.append((task.element, task.id))
        back.publish.append(
            Publication(task.element, task.tuples, task.payload, task.attempts, (), task.beside, task.place)
        )
        self._link.exchange(back)
