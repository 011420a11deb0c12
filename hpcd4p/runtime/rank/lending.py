"""The part that a rank beside the pool has in it: it has tasks run in a process beside itself.

Its own duties go on meanwhile. What the process sends is held until the task is done, so that a transaction
of the rank in between never holds half of a task. `control.lending` decides which tasks, `apart_tasks` has
what is made of results, `apart` the process.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import TYPE_CHECKING

from hpcd4p.control.lending import may_lend
from hpcd4p.control.moves import BLOCKED_S
from hpcd4p.control.taking import NoTask, left_out, wanted, why_no_task
from hpcd4p.errors import RankLost
from hpcd4p.logs import module_log
from hpcd4p.runtime.commit.lease import Leases
from hpcd4p.runtime.execute.left_behind import LEAVE_S
from hpcd4p.runtime.rank.apart_tasks import ApartTasks
from hpcd4p.runtime.rank.committer import Committer
from hpcd4p.runtime.rank.cpu import FreeCores, idle_s, own_share
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.lendable import Lendable
from hpcd4p.runtime.rank.lent_task import LentTask
from hpcd4p.runtime.rank.parking import Parking
from hpcd4p.runtime.rank.process_beside import ProcessBeside
from hpcd4p.runtime.rank.room import Room
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.wire.ask import Availability
from hpcd4p.wire.messages import Task
from hpcd4p.wire.orders import Order, Park, Stop, Wake
from hpcd4p.wire.reports import Doubted

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.probation import Probation
    from hpcd4p.runtime.rank.cell import Cell


Ask = Callable[[], float]
POOL_DIED = "every rank of the pool has died"

_log = module_log(__name__)


class Lending:
    """The lending of one rank.

    Attributes
    ----------
    parking
        Whether it lends itself at all: not before the head has told it to.
    own_share, free_cores
        Give the part of a core that the rank's own duties take, and what `may_lend` calls free.
    beside
        The process.
    """

    def __init__(
        self,
        given: Given,
        committer: Committer,
        room: Room,
        probation: Probation,
        tasks: Tasks,
        work: ApartTasks,
        leases: Leases,
        make: Callable[[], Cell | None],
        idle_since: tuple[float, float | None] | None = None,
    ) -> None:
        self.parking = Parking(parked=True)
        self.own_share: Ask = lambda: 0.0
        self.free_cores: Ask = lambda: inf
        self.beside = ProcessBeside(committer.link, make, given.measured)
        if given.measured:
            self.own_share = own_share(given.clock.now)
            self.free_cores = FreeCores(given.clock.now, idle_s, self.beside.core_s, idle_since)
        self.count_cores = self.beside.count_cores
        self._rank, self._plan, self._clock = given.rank, given.plan, given.clock
        self._granularity = given.granularity
        self._order = () if given.order is None else given.order.reach
        self._lendable = Lendable(given, committer.link, probation)
        self._committer = committer
        self._link, self._outgoing = committer.link, committer.outgoing
        self._room = room
        self._tasks, self._work, self._leases = tasks, work, leases
        self._task: LentTask | None = None
        self._idle = self._woken = self._no_room = False
        self._rings = 0

    # ---- what it does

    def work(self) -> bool:
        """Go on with the task at hand, or take one, or park; whether anything was done."""
        if self._task is not None:
            return self._go_on(self._task)
        if self.parking.asked:
            return self._park()
        if self._woken:  # a rank with nothing to do has not heard how long elements take
            self._woken = False
            self._link.exchange(stats=True)
        if self._idle and self._rings != self._link.rings and not self._may_lend():
            self._idle = False
            self._link.exchange(availability=Availability.PASSES)
        return self._look()

    def _park(self) -> bool:
        if self.parking.parked:
            return False
        if not self._link.orders:  # it may be called back
            self._link.exchange(availability=Availability.PARKS, stats=True)
            self.parking.park(self._clock.now())
        return True

    def _look(self) -> bool:
        """Commit what is ready, and take a task; whether there was a task."""
        if not (self._lendable.elements() and self._may_lend()):
            return False
        before, full, mine = self._link.congested, self._room.full, self._lendable.elements()
        ranks, below = len(self._plan.pool_ranks), self._room.stateful_below
        take = wanted(mine, self._link.waiting_tasks, ranks, below, before, full)
        self._outgoing.seal()
        self.parking.announce()
        oldest = left_out(mine, take, self._order, before)
        reply, committed = self._committer.commit_and_take(take, Availability.LENDS, oldest)
        changed = self._link.congested != before or self._room.full != full
        none = why_no_task(False, bool(take), changed, bool(reply.orders)) if reply.task is None else None
        self._idle, self._no_room = none is NoTask.IDLE, none is NoTask.ROOM
        self._rings = self._link.rings
        if reply.task is not None:
            self._begin(reply.task)
            return True
        return committed

    def _begin(self, task: Task) -> None:
        body = self._work.body(task)
        lease = self._work.lease(task)
        lease.apart = lease.lent = True
        parts = self.beside.run(task, body)
        if parts is None:
            self._cannot(task, "none can be had here")
            return
        self._task = LentTask(lease, parts)
        self._go_on(self._task)

    def _go_on(self, task: LentTask) -> bool:
        """Take in what the process has sent, and end the task if that was all; whether it has ended."""
        if not self._blocked(task):
            self._hear(task)
            if self._task is None:
                return True
        if self._outgoing.full:
            return False
        if task.ended:
            self._end(task)
            return True
        lease, blocked = task.lease, self._blocked(task)
        crowded = blocked and self._room.crowded(lease.task.element)
        if blocked and (not crowded or self._link.is_stalled_at(lease.numbers)):
            self._deliver(task)
            self._tasks.part(lease)
            self._leases.end(lease)
            self.beside.listen(True)
        return False

    def _blocked(self, task: LentTask) -> bool:
        """Whether no more is taken in of it: all has come, or as much as may be held."""
        return task.ended or self._outgoing.is_heavy(task.written, task.bytes)

    def _hear(self, task: LentTask) -> None:
        from hpcd4p.runtime.rank.cell import CannotPart

        try:
            came = task.hear()
        except CannotPart as error:
            self._task = None
            self._cannot(task.lease.task, str(error))
            return
        except BaseException:
            self.beside.close()
            raise
        if task.died and not task.lease.parted:  # as if a rank had died with it: it is a suspect now
            self._task = None
            self.beside.close()
            self._work.give_back(task.lease.task, task.died)
            return
        if came and not task.ended and task.is_late(self._clock.now(), self._granularity.slice_s):
            self.beside.stop()
        self.beside.listen(not self._blocked(task))

    # ---- the end of a task

    def _end(self, task: LentTask) -> None:
        self._task = None
        lease = task.lease
        if self._lendable.is_strange(task):
            self.beside.close()  # with its contents
            self._work.give_back(lease.task)
            return
        began = self._clock.now()
        self._deliver(task)
        rest = 0
        if task.rest is not None:
            rest = len(task.rest[1])
            self._outgoing.outbox.rest.append((lease.task.element, *task.rest))
        self._tasks.finish(lease, lease.task.tuples - rest)
        self._work.judge(lease.task, task.guilty)
        self._lendable.count(lease.task.element, task.worked_s, self._clock.now() - began)

    def _deliver(self, task: LentTask) -> None:
        """Put what has come into a transaction, which holds nothing else."""
        self._outgoing.seal()
        self._leases.lend(task.lease.task.element, task.lease)
        for part in task.take():
            self._work.take_in(task.lease, part)

    def _cannot(self, task: Task, why: str) -> None:
        if self._lendable.all_of_it:
            raise RankLost(f"{POOL_DIED}, and no process apart can be started; start the run again")
        _log.info("rank %d lends itself no more: no process can be started beside it: %s", self._rank, why)
        self._lendable.bar()
        self._work.give_back(task)

    # ---- from outside

    def inherit(self) -> None:
        """From now on take whatever there is: the ranks of the pool have all died."""
        self._lendable.inherit()
        self._wake()

    def obey(self, order: Order) -> None:
        """Carry out an order of the head."""
        if isinstance(order, Park):
            self.parking.ask()
        elif isinstance(order, Wake | Stop):
            self._wake()

    def _wake(self) -> None:
        self.parking.wake()
        self._woken = True
        self._idle = False

    def dismiss(self) -> list[Doubted]:
        """Lend itself no more; gives the elements beside it whose change was not seen in time."""
        if self._task is not None:
            self.beside.close()
        return self.beside.dismiss()

    def close(self) -> None:
        """End the process, which has been dismissed: it may still have something to put in order."""
        self.beside.close(LEAVE_S)

    # ---- questions of its rank

    @property
    def has_its_turn(self) -> bool:
        """Whether it has something to do even while partitions work: others wait for what has come."""
        return self._task is not None

    @property
    def ready(self) -> bool:
        """Whether it looks for a task next, in one round trip with what is ready to commit."""
        return self.looks and not self.held_off

    @property
    def asks_next(self) -> bool:
        """Whether what it does next brings the orders to its rank."""
        return self.ready

    @property
    def looks(self) -> bool:
        """Whether it may look for a task, as far as it knows."""
        if self._task is not None or self.parking.asked or self._link.stopping:
            return False
        if self._idle and self._rings == self._link.rings:
            return False
        return self._woken or bool(self._lendable.elements())

    @property
    def held_off(self) -> bool:
        """Whether it takes nothing now, and no bell rings when it may."""
        return not self._woken and (self._no_room or not self._may_lend())

    @property
    def to_park(self) -> bool:
        """Whether it was told to park, and can now."""
        return self.parking.asked and not self.parking.parked and self._task is None

    @property
    def look_s(self) -> float | None:
        """Seconds after which to look at the task at hand; None: what comes ends the sleep."""
        if self._task is None:
            return None
        return BLOCKED_S if self._blocked(self._task) else self.beside.look_s

    def _may_lend(self) -> bool:
        in_line = bool(self._committer.inbox.tuples)
        own, free, full = self.own_share(), self.free_cores(), self._outgoing.full
        return may_lend(in_line, own, free, self._link.core_share, full, self._lendable.all_of_it)
