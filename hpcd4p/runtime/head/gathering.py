"""What rank 0 knows of its run besides the status, so that `live.why` can tell what limits it.

Looked at with each status, that is once a second at most: counters that the head has anyway, and /proc of the
ranks on its node. No other rank does anything for it.
"""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from hpcd4p.control.behind import is_behind
from hpcd4p.control.marks import high_marks
from hpcd4p.control.observing import S_PER_US, waiting_part
from hpcd4p.live.facts import Backlog, Behind, Cores, RunFacts, SourceFacts, Standing, Turn
from hpcd4p.live.kernel import Looks, in_words, waits_in
from hpcd4p.live.rates import Rates
from hpcd4p.plan.model import Role
from hpcd4p.runtime.head.node_calls import NodeCalls
from hpcd4p.runtime.rank.cpu import CpuClock

if TYPE_CHECKING:
    from hpcd4p.live.ranks import RankStates
    from hpcd4p.live.run import Resident
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.execute.collector import Collector
    from hpcd4p.runtime.execute.source import Source
    from hpcd4p.runtime.head.awaiting import Awaiting
    from hpcd4p.runtime.head.coordinator import Coordinator
    from hpcd4p.runtime.head.feeder import Feeder
    from hpcd4p.runtime.rank.link import Link
    from hpcd4p.runtime.run_spec import RunSpec
    from hpcd4p.wire.messages import Observation
    from hpcd4p.wire.reports import Load
    from hpcd4p.wire.statistics import Statistics

LOOKS = 5
"""Whether a source waits for room is that of so many looks: about the time of `rates.LATELY_S`."""

MOST_SOURCES = 8
"""That are told of."""

MOST_BEHIND = 4


class Gathering:
    """Of one run, in one incarnation."""

    def __init__(
        self,
        spec: RunSpec,
        coordinator: Coordinator,
        awaiting: Awaiting | None,
        feeder: Feeder,
        link: Link,
        collector: Collector,
        clock: Clock,
    ) -> None:
        self._plan = spec.plan
        self._high = high_marks(spec.plan, spec.settings)
        self._coordinator = coordinator
        self._awaiting = awaiting
        self._feeder = feeder
        self._link = link
        self._collector = collector
        self._clock = clock
        self._cpu = CpuClock()  # of this thread, which is the main one
        self._rates = Rates()
        self._rates.add(clock.started, {})
        self._held: dict[str, deque[bool]] = {}
        self._threads = Looks()
        self._calls = NodeCalls(spec.plan)
        self._cores = 0

    def facts(self, states: RankStates, resident: Resident, now: float) -> RunFacts:
        """All of it."""
        stats, seen = self._coordinator.stats, self._coordinator.seen
        pending = {} if seen is None else seen.pending
        self._rates.add(now, self._numbers(stats, seen))
        pool = len(self._plan.pool_ranks)
        parked = len(set() if seen is None else seen.parked & set(self._plan.pool_ranks))
        at_work = states.at_work(now)
        in_call, kernel = self._calls.look(at_work, resident.processes, pending, self._holds, now)
        collector, mine, queued = (self._rates.of(key) for key in ("collector", "mine", "mine queued"))
        return RunFacts(
            cores=self._node(stats, resident),
            backlog=self._backlog(seen),
            idle=min(float(pool - parked), self._rates.of("waited")),
            parked=parked,
            congested=[self._plan.elements[e].name for e in sorted(self._link.congested)],
            sources=[self._source(each, now) for each in self._feeder.sources if not each.done][
                :MOST_SOURCES
            ],
            behind=self._behind(now),
            turn=self._turn(now),
            standing=self._standing(pending),
            in_call=in_call,
            kernel=kernel,
            writing=max(0.0, collector - mine - queued),
            redis_most_bytes=resident.redis_most,
        )

    def _numbers(self, stats: Statistics, seen: Observation | None) -> dict[object, float]:
        """What grows, by its name."""
        streams = self._plan.streams
        done = sum(stats.work(e).tuples for e in streams)
        waiting = 0 if seen is None else sum(seen.pending.get(e, 0) for e in streams)
        mine_us, queued_us = self._cpu.read_us()
        return {
            "done": done,
            "arrived": done + waiting,
            "waited": 0.0 if seen is None else seen.waited_us * S_PER_US,
            "busy": stats.busy_us,
            "cpu": stats.cpu_us,
            "queue": stats.queue_us,
            "detour": stats.detour_bytes,
            "collector": self._collector.busy_s,
            "mine": mine_us * S_PER_US,
            "mine queued": queued_us * S_PER_US,
        }

    def _node(self, stats: Statistics, resident: Resident) -> Cores:
        if not self._cores:
            self._cores = cores_of(resident)
        busy, cpu, queue = (self._rates.of(key) for key in ("busy", "cpu", "queue"))
        ranks = max(1, len(resident.processes))
        waiting = waiting_part(busy, cpu, queue)
        return Cores(self._cores, ranks, os.getloadavg()[0], waiting, stats.core_share(), cpu * S_PER_US)

    def _backlog(self, seen: Observation | None) -> Backlog:
        tasks, size = (0, 0) if seen is None else (seen.tasks, seen.size)
        rates = (self._rates.of(key) for key in ("arrived", "done", "detour"))
        return Backlog(tasks, self._high[0], size, self._high[1], *rates)

    def _source(self, source: Source, now: float) -> SourceFacts:
        name = source.instance.plan.name
        held = self._held.setdefault(name, deque(maxlen=LOOKS))
        held.append(self._feeder.is_held_back(source))
        silent_s = 0.0 if source.held() else now - max(source.taken_at, self._clock.started)
        cpu, waits_for = None, ""
        if source.thread is not None and source.thread.native_id is not None:
            who = f"self/task/{source.thread.native_id}"
            look = self._threads.look(who, now)
            cpu = None if look is None else look.cpu
            waits_for = in_words(waits_in(who)) if look is not None and look.state in "SD" else ""
        return SourceFacts(name, silent_s, sum(held) / len(held), cpu, waits_for)

    def _behind(self, now: float) -> list[Behind]:
        dealer = self._coordinator.mover.dealer
        loads = [] if dealer is None else dealer.loads(now)
        behind = [load for load in loads if is_behind(load.busy, load.line_s) and load.partitions]
        behind.sort(key=lambda load: -load.line_s)
        return [self._of_load(load) for load in behind[:MOST_BEHIND]]

    def _of_load(self, load: Load) -> Behind:
        element, partition, share = max(load.partitions, key=lambda each: each[2])
        plan = self._plan.elements[element]
        return Behind(
            load.rank,
            load.busy,
            load.line_s,
            plan.name,
            partition,
            share,
            len(load.partitions),
            plan.partitions,
            plan.keyed,
            load.keys,
        )

    def _turn(self, now: float) -> Turn | None:
        if self._awaiting is None or self._awaiting.longest is None:
            return None
        element, awaited, since = self._awaiting.longest
        names = self._plan.elements
        return Turn(names[element].name, names[awaited.element].name, awaited.holder, now - since)

    def _standing(self, pending: dict[int, int]) -> Standing | None:
        cutter = self._coordinator.cutter
        if cutter is None or not cutter.settling:
            return None
        stood_s, awaited = cutter.standing
        elements = {e for rank in awaited for e in self._holds(rank) if pending.get(e)}
        names = [self._plan.elements[e].name for e in sorted(elements)]
        return Standing(stood_s, sorted(awaited - {0} or awaited), names)

    def _holds(self, rank: int) -> set[int]:
        """Elements of which a rank holds partitions."""
        mover = self._coordinator.mover
        if mover.moved and rank in mover.hosts:
            return mover.elements(rank)
        return {e for e, _ in self._plan.hosted(rank) if self._plan.elements[e].role is not Role.COLLECT}


def cores_of(resident: Resident) -> int:
    """Cores that these processes may use; each rank may be bound to some of them."""
    found: set[int] = set()
    for pid in resident.processes.values():
        try:
            found |= os.sched_getaffinity(pid)
        except OSError:
            continue  # it has died
    return max(1, len(found))


def alone(states: RankStates, resident: Resident, now: float) -> RunFacts:
    """Of a run in one process: what is done is seen in the document, and nothing else goes on."""
    return RunFacts(Cores(cores_of(resident), 1, os.getloadavg()[0]))
