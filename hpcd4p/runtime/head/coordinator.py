"""The coordinator: looks at the counters, asks `control` what to do, and gives the orders.

It decides nothing itself; it owns when to look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.control.ending import Ending
from hpcd4p.control.failures import too_many
from hpcd4p.control.liveness import Liveness, RankState
from hpcd4p.control.looks import alive_every_s, looks_at_counts, looks_who_lives, next_look
from hpcd4p.control.suspects import Suspicion
from hpcd4p.errors import (
    NOT_ALONE,
    CheckpointError,
    ElementFailed,
    ForeignBytesError,
    Hpcd4pError,
    RankLost,
    RunStopped,
    TooManyFailures,
)
from hpcd4p.logs import module_log
from hpcd4p.plan.model import Plan
from hpcd4p.record.summary import DeadLetter, kind_of
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.commit.placing import finish
from hpcd4p.runtime.execute.deaths import beside, ranks_died
from hpcd4p.runtime.head.mover import Mover
from hpcd4p.runtime.head.notes import host_died
from hpcd4p.runtime.head.scaler import Scaler
from hpcd4p.runtime.head.story import Story
from hpcd4p.runtime.rank.link import Link
from hpcd4p.wire.codec import TASK, Codec, about, block_of
from hpcd4p.wire.cut_reports import AtCut, Saved
from hpcd4p.wire.messages import Commit, Observation, Task
from hpcd4p.wire.orders import Careful, Finish, Inherit, Lost, Order, Stop
from hpcd4p.wire.reports import (
    Adopted,
    Claimed,
    Doubted,
    Failed,
    Figures,
    Judged,
    Load,
    Reason,
    Report,
    Stays,
    Traced,
    unseal,
)
from hpcd4p.wire.statistics import Cause, Statistics, count_failures, stats_s

if TYPE_CHECKING:
    from collections.abc import Collection

    from hpcd4p.plan.settings import EngineSettings
    from hpcd4p.runtime.head.cutter import Cutter
    from hpcd4p.runtime.head.late_cutter import LateCutter

FAREWELL_S = 2.0
"""Ranks that have not reported this long after the order to stop are left behind."""

ERRORS: dict[Reason, type[Hpcd4pError]] = {
    Reason.CHECKPOINT: CheckpointError,
    Reason.ELEMENT: ElementFailed,
    Reason.FOREIGN: ForeignBytesError,
    Reason.ENGINE: RunStopped,
}
"""By the error that a rank reports: the exception that ends the run."""

UNTOLD = f"a report that a rank has left in the key `reports` is gone: {NOT_ALONE}"

_log = module_log(__name__)


class Coordinator:
    """Follows one run to its end. Lives on the head; uses its link."""

    def __init__(
        self, plan: Plan, settings: EngineSettings, link: Link, codec: Codec, story: Story, clock: Clock,
        mover: Mover,
    ) -> None:  # fmt: skip
        self.plan = plan
        self.settings = settings
        self.ending = Ending(plan)
        self.liveness = Liveness(plan.others, clock.started)
        self.suspicion = Suspicion(len(plan.pool_ranks))
        self.stats = Statistics()
        self.seen: Observation | None = None
        self.own_orders: list[Order] = []
        """What the head itself has to do."""
        self._link = link
        self._codec = codec
        self._story = story
        self._clock = clock
        self._looked = self._counted = 0.0
        self._count_s = stats_s(len(plan.elements))
        self._looked_alive = clock.started
        self._alive_s = alive_every_s(plan.size)
        self._care = False
        self.mover = mover
        self.farewell_s = FAREWELL_S
        self.cutter: Cutter | LateCutter | None = None
        """Makes checkpoints, if there are any."""
        self.scaler = Scaler(plan, settings, self.order, story.event, clock.started)

    def due(self, rung: bool) -> float:
        """Seconds until the next look."""
        now = self._clock.now()
        due, standing = self.scaler.due(), False
        if self.cutter is not None:
            due, standing = min(due, self.cutter.due()), self.cutter.settling
        return next_look(self._looked, rung, due, self.scaler.awaits_work(now), standing) - now

    def look(self, held: bool = False) -> list[tuple[int, int]]:
        """Look at the run, and give the orders that are due.

        Parameters
        ----------
        held
            Whether stateful elements are congested.

        Returns
        -------
        list of (element, instances)
            Elements to finish. The caller first commits that so many instances are pending, then
            gives `order_finish`.

        Raises
        ------
        RunStopped
            The run cannot go on, or should not.
        """
        now = self._clock.now()
        self._looked = now
        alive = looks_who_lives(now, self._looked_alive, self._alive_s, self.liveness.unsure)
        count = looks_at_counts(now, self._counted, self._count_s, self.scaler.due())
        seen = self._link.observe(alive, stats=count)
        if count:
            self._counted = now
            self.stats = seen.stats
        seen = self.seen = seen._replace(stats=self.stats)
        self._story.fetch(seen.dead)
        for sealed in seen.reports:
            self._take(unseal(self._codec, sealed))
        if alive and seen.alive is not None:
            self._looked_alive = now
            for rank in self.liveness.look(seen.alive, seen.committed, now):
                self._lose(rank)
        reason = too_many(self.plan, self.settings, self.stats) if count else None
        if reason:
            raise TooManyFailures(reason)
        self._keep_owners(seen)
        if self.cutter is not None:
            self.cutter.look(seen, self.ending)
        settling = self.cutter is not None and self.cutter.settling
        finish = [] if settling else [(o.element, o.instances) for o in self.ending.observe(seen.pending)]
        if not settling:
            self.mover.look(seen, self.ending, self.liveness.here())
        self.scaler.look(seen, self.ending, held, now)
        return finish

    def order_finish(self, element: int) -> None:
        """Have the owners of `element` post-process."""
        name = self.plan.elements[element].name
        self._story.event("finish", f"{name}: all its input is done; its instances post-process")
        owners = {self.mover.owner(element, p) for p in range(self.plan.elements[element].partitions)}
        self.order(sorted(owners), Finish(element))

    def order(self, ranks: Collection[int], order: Order) -> None:
        """Leave an order with `ranks`, of which this one may be one."""
        others = [rank for rank in ranks if rank]
        if others:
            self._link.order(others, order)
        if len(others) < len(ranks):
            self.own_orders.append(order)

    def _take(self, report: Report) -> None:
        if isinstance(report, Claimed):
            self._story.claim(report)
        elif isinstance(report, Doubted):
            self._story.doubt(report)
        elif isinstance(report, Judged):
            verdict = "guilty" if report.guilty else "innocent"
            _log.debug("a suspected task, run apart by rank %d, was %s", report.rank, verdict)
            self.suspicion.judged(report.guilty)
            self._have_care()
        elif isinstance(report, Figures):
            self.liveness.left(report.rank)
            self._story.leave(report)
        elif isinstance(report, Traced):
            self._story.take_spans(report)
        elif isinstance(report, AtCut | Saved):
            if self.cutter is not None:
                self.cutter.take(report)
        elif isinstance(report, Load | Adopted | Stays):
            for order in self.mover.take(report):
                self._link.order(self.liveness.here(), order)
                self._link.learn(order)  # at once: the others may act on it by now
        else:
            self.liveness.left(report.rank)
            raise ERRORS[report.reason](report.text)

    def _keep_owners(self, seen: Observation) -> None:
        """Keep ranks that own an element active, for only they have its state; stop if one of them died."""
        self.scaler.roster.keep(seen.owners.values(), self.mover.adopters)
        for element, rank in seen.owners.items():
            if self.liveness.is_lost(rank):
                what = self._story.claimed.get(element, "something")
                raise RankLost(
                    f"rank {rank} died {self._clock.elapsed():.1f} s into the run. It did all the work "
                    f"of {self.plan.elements[element].name}, which changes {what} while it works; that is "
                    "gone with it. Nothing was written as a result: start the run again. If it does not "
                    "matter (a cache, say), write `stateful = False` into its class, and any rank may die"
                )

    def _lose(self, rank: int) -> None:
        committed, given_up = self._link.fence(rank)
        self._story.lose(rank, committed, self.scaler.lose(rank, self._clock.now()))
        if rank in self.mover.hosts:
            raise RankLost(host_died(self.plan, rank, self._clock.elapsed(), self.mover.held(rank)))
        pool = self._pool()
        self.suspicion.died(len(pool))
        if pool:
            self._have_care()
        else:
            self.own_orders.append(Inherit())
        order = Lost(rank, committed)
        self._link.order([r for r in self.liveness.here() if r in self.mover.hosts], order)
        self.own_orders.append(order)
        if given_up:
            self._give_up(given_up)

    def _pool(self) -> list[int]:
        return [r for r in self.plan.pool_ranks if not self.liveness.is_lost(r)]

    def _have_care(self) -> None:
        """Tell the pool whether to be careful with every task."""
        if self.suspicion.careful != self._care:
            self._care = self.suspicion.careful
            why = "half of the pool has died" if self._care else "a suspect has shown itself innocent"
            _log.debug("the pool runs %s tasks apart: %s", "all" if self._care else "only suspected", why)
            self._link.order(self._pool(), Careful(self._care))

    def _give_up(self, tasks: list[Task]) -> None:
        """Make dead letters of tasks that several ranks died with; they are never unpickled again."""
        commit = Commit()
        for task in tasks:
            name = self.plan.elements[task.element].name
            text = (
                f"{ranks_died(task)} ranks in a row died with this task of {task.tuples} tuples{beside(task)}"
            )
            shown = f"a task of {task.tuples} tuples, {len(task.payload):,} bytes"
            letter = DeadLetter(name, "", shown, text, text, 0, self._clock.elapsed())
            self._story.failures.add(kind_of(letter), task.tuples, letter)
            finish(commit, task)
            commit.counts[task.element] = commit.counts.get(task.element, 0) - task.tuples
            count_failures(commit.stats, task.element, Cause.OTHER, task.tuples)
            block = block_of(task.payload)
            if block is not None:
                self._codec.check(task.payload, about(TASK, task.element, task.tuples))
                commit.spent.append(block)
        self._link.exchange(commit)

    def call_back(self) -> None:
        """Have all ranks leave this incarnation of the run: it goes on from a checkpoint."""
        self._link.order(self.liveness.here(), Stop(0, lost=False, again=True))

    def farewell(self, status: int) -> None:
        """Order all ranks to stop and gather their figures, for at most `farewell_s`."""
        lost = self.liveness.count(RankState.LOST) > 0 or len(self.plan.others) + 1 < self.plan.size
        self._link.order(self.liveness.here(), Stop(status, lost))
        end = self._clock.now() + self.farewell_s
        while True:
            seen = self._link.observe(alive=False)
            self.stats = seen.stats
            self._story.fetch(seen.dead)
            for sealed in seen.reports:
                report = unseal(self._codec, sealed)
                if isinstance(report, Failed) and (status or report.reason is not Reason.FOREIGN):
                    self.liveness.left(report.rank)
                else:
                    self._take(report)
            if (self.liveness.here() or seen.untold) and self._clock.now() < end:
                self._link.wait(0.05)
            elif not seen.dead:
                if not status:
                    self._miss(seen.untold)
                return

    def _miss(self, untold: frozenset[int]) -> None:
        """Ranks have announced a report that is not here: they have died, or somebody took it."""
        if untold and untold & self._link.observe_alive():
            raise ForeignBytesError(UNTOLD)
