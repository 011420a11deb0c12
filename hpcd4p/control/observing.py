"""What a policy is shown: counters of the run, as rates between two looks. Pure.

Owns how the figures of `scaling.PoolObservation` are made; reads no counter and asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from hpcd4p.control.ending import ElementState, Ending
from hpcd4p.control.roster import Roster
from hpcd4p.control.scaling import PoolObservation
from hpcd4p.plan.model import Plan, Role
from hpcd4p.wire.statistics import Statistics

if TYPE_CHECKING:
    from hpcd4p.wire.messages import Observation

WEIGH_TUPLES = 30
"""After so many tuples of an element their mean time is its weight in what was done: windows are compared by
it, so it must not change."""

S_PER_US = 1e-6


class Observer:
    """The observer of one run. It gets sums since the start, and gives figures of the time between two looks.

    ============  =====================================================================================
    figure        made of
    ============  =====================================================================================
    idle          microseconds that ranks have waited for a task, at most all active ranks; not those in
                  which they worked for partitions (`taking.steps_aside`)
    busy          `Work.busy_us` of the pool's elements, and `Statistics.duty_us`: a rank that works for
                  partitions which have moved to it is no less busy. Ranks report at the end of tasks, so
                  this is what they were busy with and not what the time had room for
    cores         `Statistics.cpu_us`
    waiting       `Statistics.queue_us`, ready without a core, of the larger of `busy` and the two together
    backlog       unfinished tuples of the pool; a source is one of them until all its calls are made,
                  which is no work for the pool
    backlog_s     these, each at the service time of its element, without the part that waits for a core
    done          `Work.tuples`, tuples run
    arrived       tuples done, and those by which the backlog has grown
    work          tuples done, each at the weight of its element
    drained       whether all outside the pool that feeds it is drained
    finished      whether all elements of the pool are drained
    ============  =====================================================================================

    Attributes
    ----------
    looked_at
        When it last got the counters; at first the start of the run.
    """

    def __init__(self, plan: Plan, started: float) -> None:
        self.looked_at = started
        self._started = started
        self._streams = plan.streams
        self._roots = [e.index for e in plan.elements if e.role is Role.ROOT]
        feeders = {r.source for r in plan.routes if plan.elements[r.target].role is Role.POOL}
        feeders |= {e.index for e in plan.elements if e.role is Role.ROOT and e.movable}
        self._feeders = [e for e in feeders if plan.elements[e].role is not Role.POOL]
        self._before = Statistics()
        self._waited_us = 0
        self._unfinished = 0
        self._weights: dict[int, float] = {}

    def look(
        self,
        seen: Observation,
        ending: Ending,
        roster: Roster,
        held: bool,
        now: float,
    ) -> PoolObservation:
        """Give what was seen since the last look.

        Parameters
        ----------
        held
            Whether stateful elements are congested.
        """
        dt_s, self.looked_at = now - self.looked_at, now
        stats, before, self._before = seen.stats, self._before, seen.stats
        service_us = stats.service_us()
        works = {e: (before.work(e), stats.work(e)) for e in self._streams}
        busy_us = sum(now.busy_us - then.busy_us for then, now in works.values())
        busy_us += stats.duty_us - before.duty_us
        cpu_us, queue_us = stats.cpu_us - before.cpu_us, stats.queue_us - before.queue_us
        waiting = waiting_part(busy_us, cpu_us, queue_us)
        net_s = {e: us * S_PER_US * (1 - waiting) for e, us in service_us.items()}
        done = {e: now.tuples - then.tuples for e, (then, now) in works.items()}
        pending = self._pending(seen.pending, ending)
        unfinished, finished = sum(pending.values()), sum(done.values())
        waited_us, self._waited_us = seen.waited_us - self._waited_us, seen.waited_us
        arrived, self._unfinished = finished + unfinished - self._unfinished, unfinished
        return PoolObservation(
            now_s=now - self._started,
            dt_s=dt_s,
            ranks=roster.living,
            active=roster.active,
            parked=roster.resting,
            idle=min(float(roster.active), waited_us * S_PER_US / dt_s),
            busy=busy_us * S_PER_US / dt_s,
            waiting=waiting,
            cores=cpu_us * S_PER_US / dt_s,
            backlog_tasks=seen.tasks,
            backlog_tuples=unfinished,
            backlog_s=sum(pending[e] * net_s.get(e, 0.0) for e in self._streams),
            arrived=max(0.0, arrived) / dt_s,
            done=finished / dt_s,
            work=sum(done[e] * self._weight(e, service_us, works[e][1].tuples) for e in self._streams) / dt_s,
            longest_s=max((net_s.get(e, 0.0) for e in self._streams), default=0.0),
            held=held,
            drained=_all_drained(self._feeders, ending),
            finished=_all_drained(self._streams, ending),
        )

    def _pending(self, pending: Mapping[int, int], ending: Ending) -> dict[int, int]:
        opened = {e for e in self._roots if ending.state(e) is ElementState.OPEN}
        return {e: max(0, pending.get(e, 0) - (e in opened)) for e in self._streams}

    def _weight(self, element: int, service_us: Mapping[int, float], tuples: int) -> float:
        """Seconds that a tuple of `element` took when enough of them were known; never changes after that."""
        if element in self._weights:
            return self._weights[element]
        weight = service_us.get(element, 0.0) * S_PER_US
        if tuples >= WEIGH_TUPLES:
            self._weights[element] = weight
        return weight


def waiting_part(busy_us: float, cpu_us: float, queue_us: float) -> float:
    """Part of their working time in which ranks were ready and waited for a core, 0 to 1."""
    working = max(busy_us, cpu_us + queue_us)
    return queue_us / working if working > 0 else 0.0


def _all_drained(elements: Iterable[int], ending: Ending) -> bool:
    return all(ending.state(e) is ElementState.DRAINED for e in elements)
