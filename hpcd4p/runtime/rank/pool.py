"""The part of a rank that is in the stateless pool: which task it takes next, and when it takes none.

What becomes of a task is in `tasks`; of one under suspicion, in `suspects`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.control.taking import SETTLE_S, SLOW_S, takeable
from hpcd4p.errors import RankLost
from hpcd4p.plan.model import Plan, Role
from hpcd4p.runtime.execute.probation import Probation
from hpcd4p.runtime.rank.committer import Committer
from hpcd4p.runtime.rank.parking import Parking
from hpcd4p.runtime.rank.pump import BLOCKED_S
from hpcd4p.runtime.rank.room import Room
from hpcd4p.runtime.rank.suspects import Suspects
from hpcd4p.runtime.rank.tasks import Tasks
from hpcd4p.transport.broker import IDLE, IN_CALL, PARKS
from hpcd4p.wire.messages import Task

if TYPE_CHECKING:
    from hpcd4p.control.granularity import Granularity
    from hpcd4p.runtime.clock import Clock

TAIL_TASKS = 4
"""While fewer tasks wait for each rank than this, memory is no concern: those go first that have the
longest way to go, so that the end does not wait for them (Graham, SIAM J. Appl. Math. 17:416, 1969)."""

POOL_DIED = "every rank of the pool has died"


class PoolPart:
    """Of one rank.

    Parameters
    ----------
    only_apart
        Nothing that may kill runs on this rank itself: that of the head.

    Attributes
    ----------
    parking
        Whether this rank takes tasks at all.
    suspects
        What may not run on this rank itself.
    """

    def __init__(
        self,
        plan: Plan,
        committer: Committer,
        room: Room,
        probation: Probation,
        tasks: Tasks,
        suspects: Suspects,
        granularity: Granularity,
        clock: Clock,
        only_apart: bool = False,
    ) -> None:
        self.parking = Parking()
        self.suspects = suspects
        self._plan = plan
        self._committer = committer
        self._link = committer.link
        self._outgoing = committer.outgoing
        self._room = room
        self._probation = probation
        self._tasks = tasks
        self._granularity = granularity
        self._clock = clock
        self._only_apart = only_apart
        # nearest the sinks first, so that memory drains
        self._wanted = plan.streams[::-1]
        self._idle_at = -1
        """How often the bell had rung when the last look found nothing; -1: look again anyway."""
        self._held_off = False
        self._held_at = 0
        """Transactions that were under way when nothing could be begun before one of them is committed."""
        self._slow: frozenset[int] = frozenset()
        self._slow_since = -1
        self._seen: dict[int, int] = {}
        """Tasks that wait by element, if the last look asked for quick elements only."""

    # ---- what a rank of the pool does

    def work(self) -> bool:
        """Take a task and run it, or park; whether there was something to do."""
        return self._park() if self.parking.asked else self._look()

    def _park(self) -> bool:
        """Commit all that is outstanding, say so, and take no more tasks; whether that was to do."""
        if self.parking.parked:
            return False
        self._committer.settle()
        if not self._link.orders:  # it may be called back
            self._link.exchange(stand=PARKS, figures=True)
            self.parking.park(self._clock.now())
        return True

    def _look(self) -> bool:
        """Commit what is ready, take a task and run it; whether there was one."""
        if self.idle or not self._may_begin():
            return False
        wanted, before, full = self._probation.here(self._wanted), self._link.congested, self._room.full
        if self._link.waiting_tasks < TAIL_TASKS * len(self._plan.pool_ranks):
            wanted = wanted[::-1]
        # where too much waits, what is congested may itself be waiting for room: then take anything
        if before and not full:
            wanted = [e for e in wanted if not self._room.congested_below(e)]
        self._outgoing.seal()
        stand = self.parking.stand()
        wary = stand == IDLE and self._wary()
        if wary:
            wanted, stand = takeable(wanted, self._maybe_slow(), self._seen), IN_CALL
        reply, committed = self._committer.commit_and_take(wanted, stand)
        self._seen = reply.waiting
        self._held_at = len(self._outgoing.window) if wary and reply.task is None else 0
        if reply.task is None:
            # congestion that passed since our last look rings nobody's bell: look again
            self._held_off = not wary and (
                self._link.congested != before or self._room.full != full or not wanted
            )
            # with orders the broker does not count this rank as idle
            if not (wary or self._held_off or reply.orders):
                self._idle_at = self._link.bells
            return committed
        self._held_off = False
        self._run(reply.task)
        return True

    def _run(self, task: Task) -> None:
        if self.suspects.takes(task):
            return
        if self._only_apart:
            raise RankLost(f"{POOL_DIED}, and no process apart can be started; start the run again")
        self._tasks.run(task)

    def help(self, element: int, open_to: Callable[[int], bool]) -> bool:
        """See `pump.Help`: with tasks. Nothing of it belongs to the task at hand."""
        wanted = [e for e in self._probation.here(self._wanted) if e in self._link.waiting and open_to(e)]
        reply = self._link.exchange(take=wanted, stand=IN_CALL)
        if reply.task is None:
            return False
        self._run(reply.task)
        return True

    # ---- what its rank asks

    @property
    def idle(self) -> bool:
        """Whether the last look found nothing, and no bell has rung since."""
        return self._idle_at == self._link.bells

    def look_again(self) -> None:
        """There may be a task, although no bell has rung."""
        self._idle_at = -1

    @property
    def ready(self) -> bool:
        """Whether it looks for a task next: then what is ready to commit goes with that, in one round trip."""
        return not self.idle and self._may_begin()

    def pause(self) -> float | None:
        """How long it may wait where nothing else is under way; None: until the bell."""
        if self.parking.asked:
            return None if self.parking.parked else 0.0
        if not self.idle and self._wanted:
            # all that there is would feed what is congested; or the commit just made lets it look again
            return BLOCKED_S if self._held_off else 0.0
        return None

    # ---- what may be begun

    def _may_begin(self) -> bool:
        if self._link.stopping or self.parking.asked or self._outgoing.full:
            return False
        return not self._held_at or len(self._outgoing.window) < self._held_at or self._waited_long()

    def _wary(self) -> bool:
        """Whether nothing slow may be begun now: a commit is outstanding."""
        if not len(self._outgoing.window) or self._waited_long():
            return False
        return bool(self._maybe_slow())

    def _waited_long(self) -> bool:
        return self._clock.now() - self._tasks.tended_at > SETTLE_S

    def _maybe_slow(self) -> frozenset[int]:
        if self._slow_since != self._granularity.lessons:
            self._slow_since = self._granularity.lessons
            self._slow = frozenset(filter(self._may_be_slow, self._wanted))
        return self._slow

    def _may_be_slow(self, element: int) -> bool:
        if self._granularity.known(element):
            return self._granularity.service_s(element) > SLOW_S
        # a root whose calls are not known yet has not come to the pool
        return self._plan.elements[element].role is not Role.ROOT
