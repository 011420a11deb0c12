"""The part of a rank that is in the stateless pool: which task it takes next, and when it takes none.

How a task is run is in `tasks`; how one that may kill its rank is, in `suspects`.
"""

from __future__ import annotations

from hpcd4p.control.taking import (
    NoTask,
    is_wary,
    left_out,
    may_be_slow,
    may_begin,
    steps_aside,
    takeable,
    waited_long,
    wanted,
    why_no_task,
)
from hpcd4p.plan.model import Plan, Role
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.rank.account import RankAccount
from hpcd4p.runtime.rank.committer import Committer
from hpcd4p.runtime.rank.cpu import CpuAccount, CpuClock
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.parking import Parking
from hpcd4p.runtime.rank.pump import FurtherDown
from hpcd4p.runtime.rank.room import Room
from hpcd4p.runtime.rank.suspects import Suspects
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.wire.ask import Availability
from hpcd4p.wire.messages import Task
from hpcd4p.wire.orders import Order, Park, Stop, Wake
from hpcd4p.wire.statistics import count_duty


class PoolPart:
    """The pool's part of one rank.

    Attributes
    ----------
    parking
        Whether this rank takes tasks at all.
    suspects
        What may not run on this rank itself.
    """

    def __init__(
        self,
        given: Given,
        committer: Committer,
        room: Room,
        probation: Probation,
        tasks: Tasks,
        suspects: Suspects,
        account: RankAccount,
    ) -> None:
        self.parking = Parking()
        self.suspects = suspects
        self._plan = given.plan
        self._order = given.order.reach if given.order is not None else ()
        self._committer = committer
        self._link = committer.link
        self._outgoing = committer.outgoing
        self._room = room
        self._probation = probation
        self._tasks = tasks
        if given.measured:
            tasks.cpu = CpuAccount(CpuClock())
        self._account = account
        self._granularity = given.granularity
        self._clock = given.clock
        # nearest the sinks first, so that memory drains
        self._nearest = given.plan.streams[::-1]
        self._no_task: NoTask | None = None
        """Why the last look gave no task; None: it gave one."""
        self._aside = False
        """Whether it works for partitions, and the broker does not have it for idle."""
        # in runs of two ranks one of them does all, and nobody else is there to step aside for
        self._stateful = frozenset() if given.rank in self._plan.stateful_ranks else _stateful(self._plan)
        self._bells = 0
        """How often the bell had rung by then."""
        self._held_at = 0
        """Transactions that were under way when a new task had to wait for one of them to commit."""
        self._slow: frozenset[int] = frozenset()
        self._slow_since = -1
        self._seen: dict[int, int] = {}
        """Waiting tasks by element, if the last look asked for quick elements only."""

    # ---- what a rank of the pool does

    def work(self) -> bool:
        """Take a task and run it, or park; whether anything was done."""
        return self._park() if self.parking.asked else self._look()

    def obey(self, order: Order) -> None:
        """Carry out an order of the head."""
        if isinstance(order, Park):
            self.parking.ask()
        elif isinstance(order, Wake | Stop):
            self.look_again()
            since = self.parking.wake()
            if since is not None:
                self._account.parked(since, self._clock.now())

    def _park(self) -> bool:
        """Commit all that is outstanding, report it, and take no more tasks; whether anything was done."""
        if self.parking.parked:
            return False
        self._committer.settle()
        if not self._link.orders:  # it may be called back
            self._link.exchange(availability=Availability.PARKS, stats=True)
            self.parking.park(self._clock.now())
            self._account.parks()
        return True

    def _look(self) -> bool:
        """Commit what is ready, take a task and run it; whether there was a task."""
        if self.idle or not self._may_begin():
            return False
        self._aside = False
        before, full = self._link.congested, self._room.full
        take = wanted(
            self._probation.here(self._nearest),
            self._link.waiting_tasks,
            len(self._plan.pool_ranks),
            self._room.stateful_below,
            before,
            full,
        )
        self._outgoing.seal()
        availability = self.parking.announce()
        wary = availability is Availability.IDLE and self._wary()
        oldest = () if wary else left_out(self._probation.here(self._nearest), take, self._order, before)
        if wary:
            take, availability = takeable(take, self._maybe_slow(), self._seen), Availability.IN_CALL
        reply, committed = self._committer.commit_and_take(take, availability, oldest)
        self._seen, self._no_task, self._held_at = reply.waiting, None, 0
        if reply.task is not None:
            self._run(reply.task)
            return True
        changed = self._link.congested != before or self._room.full != full
        self._no_task = why_no_task(wary, bool(take), changed, bool(reply.orders))
        self._bells = self._link.bells
        self._held_at = len(self._outgoing.window) if self._no_task is NoTask.COMMIT else 0
        return committed

    def _run(self, task: Task) -> None:
        if not self.suspects.take(task):
            self._tasks.run(task)

    def help(self, further_down: FurtherDown) -> bool:
        """See `pump.Help`: with tasks. Nothing of it belongs to the task at hand."""
        known = self._link.waiting or {}
        waiting = [e for e in self._probation.here(self._nearest) if e in known]
        reply = self._link.exchange(take=list(further_down(waiting)), availability=Availability.IN_CALL)
        if reply.task is None:
            return False
        self.look_again()  # the broker does not have it for idle any more
        self._run(reply.task)
        return True

    def attend(self, element: int, tuples: int) -> None:
        """Work for partitions that have moved here is next, `tuples` are in line: no task may wait for it."""
        idle = self._no_task is NoTask.IDLE and not self.parking.asked
        if element in self._stateful and steps_aside(idle, tuples, self._service_s(element)):
            self._no_task, self._aside = None, True
            self._link.exchange(availability=Availability.PASSES)

    # ---- questions of its rank

    @property
    def idle(self) -> bool:
        """Whether the last look found nothing, and no bell has rung since."""
        return self._no_task is NoTask.IDLE and self._bells == self._link.bells

    def look_again(self) -> None:
        """Look again soon: there may be a task although no bell has rung."""
        self._no_task = None

    @property
    def asks_next(self) -> bool:
        """Whether what it does next brings the orders to its rank."""
        return not self.parking.parked

    def count_cores(self, growth: dict[str, int]) -> None:
        """Add to `growth` what this rank has had of the cores since the last call, and what was its duty."""
        count_duty(growth, self._stateful)
        if self._tasks.cpu is not None:
            self._tasks.cpu.count(growth)

    look_s: float | None = None
    """See `Lending.look_s`: what it does is done at once."""
    has_its_turn = False
    """Whether it has something to do even while partitions work: not the rank itself."""

    @property
    def to_park(self) -> bool:
        """Whether it was told to park and has not parked yet."""
        return self.parking.asked and not self.parking.parked

    @property
    def ready(self) -> bool:
        """Whether it looks for a task next, in one round trip with what is ready to commit."""
        return not (self.idle or self._aside) and self._may_begin()

    @property
    def looks(self) -> bool:
        """Whether it may look for a task, as far as it knows."""
        return not self.parking.asked and not self.idle and bool(self._nearest)

    @property
    def held_off(self) -> bool:
        """Whether the last look gave no task because there was no room further down."""
        return self._no_task is NoTask.ROOM

    # ---- what may be begun

    def _may_begin(self) -> bool:
        return may_begin(
            not (self._link.stopping or self.parking.asked),
            self._outgoing.full,
            self._held_at,
            len(self._outgoing.window),
            self._waited_long(),
        )

    def _wary(self) -> bool:
        return is_wary(len(self._outgoing.window), self._maybe_slow(), self._waited_long())

    def _waited_long(self) -> bool:
        return waited_long(self._clock.now(), self._tasks.tended_at)

    def _maybe_slow(self) -> frozenset[int]:
        if self._slow_since != self._granularity.lessons:
            self._slow_since = self._granularity.lessons
            self._slow = frozenset(filter(self._may_be_slow, self._nearest))
        return self._slow

    def _may_be_slow(self, element: int) -> bool:
        return may_be_slow(self._service_s(element), self._plan.elements[element].role is Role.ROOT)

    def _service_s(self, element: int) -> float | None:
        return self._granularity.service_s(element) if self._granularity.known(element) else None


def _stateful(plan: Plan) -> frozenset[int]:
    return frozenset(e.index for e in plan.elements if e.role is Role.STATE)
