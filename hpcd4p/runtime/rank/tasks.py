"""A task in the hands of a rank: run, with what follows from it, and made part of the transaction at hand.

Local first: what a task writes for another pool element is run here at once, depth first, as long as the task
is young and nobody is hungry; otherwise it is published for others.
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
from hpcd4p.wire.codec import TASK, Unreadable, about
from hpcd4p.wire.messages import Commit, Publication, Task

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.salvage import UnreadTuples
    from hpcd4p.runtime.rank.cpu import CpuAccount


class Tasks:
    """Of one rank: the pool elements that it runs, and the tasks that it is in the middle of.

    Attributes
    ----------
    tended_at
        When it looked last, inside a task or at its begin, whether an earlier transaction can commit.
    cpu
        Set where there is a thread of its own for this rank.
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
        """Batches that are in their middle, each inside the one before."""

    def instances(self) -> list[Instance]:
        """All instances that have run here."""
        return list(self._instances.values())

    # ---- one task

    def run(self, task: Task) -> None:
        """Run `task`; what comes of it is sealed, or it is given back."""
        lost: list[UnreadTuples] = []
        try:
            port, values = self._codec.open(task.payload, about(TASK, task.element, task.tuples))
        except Unreadable as unreadable:
            from hpcd4p.runtime.execute.salvage import read_task

            port, values, lost = read_task(unreadable, task)
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
        self.finish(lease, len(values) - len(rest), lost)

    def begin(self, task: Task, instance: Instance) -> Lease:
        """Begin `task`; `instance` has what comes of it."""
        lease = Lease(task, instance, self._clock.now())
        self._leases.lend(task.element, lease)
        self.tended_at = lease.began
        return lease

    def drop(self, lease: Lease) -> None:
        """Nothing of the task was run."""
        self._leases.end(lease)

    def finish(self, lease: Lease, run: int, lost: Sequence[UnreadTuples] = ()) -> None:
        """`run` tuples of the task are done; `lost` cannot be read, the rest has been given back."""
        task = lease.task
        self._account.worked(lease.began, self._clock.now())
        self._account.tasks += 1
        self._account.tuples += run
        self._outgoing.outbox.done.append((task.element, task.id))
        self._outgoing.outbox.count(task.element, -run)
        self._leases.end(lease)
        # not before: when a part is committed, whoever runs the task again would find them again
        for each in lost:
            self._outgoing.give_up(each)
        self._outgoing.seal()

    def tend(self, now: float) -> None:
        """Inside a task: receive; commit an earlier transaction if the next take will be long in coming."""
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
        """Run `values` in chunks; what is left when the slice is over (never all of it)."""
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
        """Send on what `instance` has written, but for what an earlier holder of the task has committed."""
        out = instance.take()
        if not out:
            return
        if lease.repeating and instance is lease.instance:
            out = lease.unskipped(out)
        for route, partition, values in self._flow.spread(instance.plan.index, out):
            pooled = self._plan.elements[route.target].role is Role.POOL
            if pooled and self._local_first.allows(lease, route.target, values, self._depth):
                self._run_here(lease, route, values)
            else:
                self._outgoing.deliver(route, partition, values)

    def forward_apart(self, lease: Lease) -> None:
        """The same for a task that runs apart: nothing that comes of it may run here."""
        out = lease.instance.take()
        if not out:
            return
        if lease.repeating:
            out = lease.unskipped(out)
        if lease.task.attempts:
            self._outgoing.outbox.suspect = True
        self._outgoing.route(lease.task.element, out)

    def _run_here(self, lease: Lease, route: Route, values: list[Any]) -> None:
        instance = self._instance(route.target, lease)
        self._depth += 1
        try:
            rest = self._drive(lease, instance, route.input, values)
        finally:
            self._depth -= 1
        if rest:
            self._outgoing.outbox.to_pool(route, rest)

    # ---- calls that write more than should be held

    def _overflow(self, instance: Instance) -> None:
        """In the middle of a call: send on what it has written, for it is as much as should be held."""
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
        """Commit what there is of a task, if it is as much as may be held: nobody must do that part again."""
        if not self._outgoing.heavy:
            return
        task = lease.task
        if not lease.apart:  # what runs apart changes nothing here
            self._vouch(lease, [lease.instance, *self._ran()])
        lease.parted = True
        self._outgoing.outbox.progress.append((task.element, task.id, lease.progress()))
        self._pump.relieve(task.element)
        if not lease.apart:
            self._outgoing.outbox.runs(lease.instance)

    # ---- state that nobody declared

    def _ran(self) -> list[Instance]:
        return [instance for instance, _ in self._outgoing.outbox.ran.values()]

    def _vouch(self, lease: Lease, ran: list[Instance]) -> None:
        """Make sure that what `ran` did may be committed; else `Abandoned` comes."""

        def can_forget(mine: set[int]) -> bool:
            """Whether the transaction at hand can be forgotten: nothing is out, or kept by an element."""
            outbox = self._outgoing.outbox
            return not (lease.parted or outbox.tickets or mine & outbox.ran.keys())

        try:
            self._probation.vouch(ran, can_forget)
        except Abandoned:
            self._abandoned = True  # the user's code may keep what is raised through it
            raise

    def _abandon(self, lease: Lease) -> None:
        """Forget what is not committed, and give the task back: it is another rank's to do."""
        self._abandoned = False
        self._leases.end(lease)
        for instance, mark in self._outgoing.outbox.ran.values():
            instance.go_back(mark)
        self._outgoing.forget()
        task = lease.task
        back = Commit()
        back.done.append((task.element, task.id))
        back.publish.append(Publication(task.element, task.tuples, task.payload, task.attempts))
        self._link.exchange(back)
