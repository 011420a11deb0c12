"""The auto-scaler's hands: makes an observation of what the head sees, asks the policy, gives the orders.

Owns the rhythm and the account of it. What is wise, the policy decides; who is parked, the roster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.control.ending import Ending, Phase
from hpcd4p.control.policies.choose import choose
from hpcd4p.control.roster import Roster, Stand
from hpcd4p.control.scaling import Bounds, Decision, Policy, PoolObservation
from hpcd4p.logs import module_log
from hpcd4p.plan.model import Plan, Role
from hpcd4p.record.scaling import Change, Scaling, Tick
from hpcd4p.transport.statistics import service_times, stats_s
from hpcd4p.wire.messages import Observation, Order

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpcd4p.plan.settings import EngineSettings

    Give = Callable[[Sequence[int], Order], None]


WEIGH_TUPLES = 30
"""After so many tuples of an element their mean time is its weight in what was done: windows are compared by
it, so it must not change."""


_log = module_log(__name__)


class Scaler:
    """Of one run; lives on the head.

    Parameters
    ----------
    give
        Leaves an order with ranks.
    event
        Adds a line to the story of the run.
    """

    def __init__(
        self,
        plan: Plan,
        settings: EngineSettings,
        give: Give,
        event: Callable[[str, str], None],
        started: float,
    ) -> None:
        # a rank that holds partitions as well is never parked
        self.roster = Roster(r for r in plan.pool_ranks if r and r not in plan.stateful_ranks)
        self.scaling = Scaling(settings.autoscale, len(self.roster.stand))
        self._policy: Policy | None = None
        self._bounds = Bounds(0, 0)
        if self.roster.stand:
            self._policy, self._bounds = choose(settings, len(self.roster.stand))
        self._plan = plan
        self._every_s = max(settings.scale_s, stats_s(len(plan.elements)))
        self._give = give
        self._event = event
        self._started = started
        self._streams = plan.streams
        self._asked = started
        self._before: dict[str, int] = {}
        self._waited_us = 0
        self._unfinished = 0
        self._weights: dict[int, float] = {}
        self._last = Decision(len(self.roster.stand), "")
        self._logged = self._last.target
        self._parked_at: dict[int, float] = {}
        self._parked_s: dict[int, float] = {}

    def due(self) -> float:
        """When the policy is to be asked next; for ever later if there is nobody to park."""
        return self._asked + self._every_s if self._policy is not None else float("inf")

    def look(self, seen: Observation, ending: Ending, held: bool, now: float) -> None:
        """Ask, if it is time, and have ranks parked or woken."""
        self.roster.heard(seen.parked)
        if now < self.due():
            return
        self._watch(seen.parked, now)
        observed = self._observe(seen, ending, held, now)
        decision = self._ask(observed)
        target = min(self._bounds.clip(decision.target, observed.finished), self.roster.living)
        before = self.roster.active
        park, wake = self.roster.aim(target, seen.idle)
        if park:
            self._give(park, Order("park", ()))
        if wake:
            self._give(wake, Order("wake", ()))
        if park or wake:
            _log.info("%d of %d ranks active: parks %s, wakes %s", target, self.roster.living, park, wake)
        if target != self._logged:
            self._logged = target
            _log.debug("target %d: %s", target, decision.reason)
        self.scaling.keep(Tick.of(observed, target, decision.reason))
        if park or wake:
            self.scaling.changed(Change(observed.now_s, before, self.roster.active, decision.reason))

    def lose(self, rank: int, now: float) -> float:
        """`rank` has died; how long it had been parked, as the head saw it: it cannot say so any more."""
        self.roster.lose(rank)
        since = self._parked_at.pop(rank, now)
        return self._parked_s.pop(rank, 0.0) + now - since

    def _watch(self, parked: frozenset[int], now: float) -> None:
        for rank in parked - self._parked_at.keys():
            self._parked_at[rank] = now
        for rank in self._parked_at.keys() - parked:
            self._parked_s[rank] = self._parked_s.get(rank, 0.0) + now - self._parked_at.pop(rank)

    def _ask(self, observed: PoolObservation) -> Decision:
        assert self._policy is not None
        try:
            decision = self._policy.decide(observed)
            target, reason = int(decision.target), str(decision.reason)
            self._last = Decision(target, reason)
        except Exception as error:  # noqa: BLE001  # a policy of the user's: anything may come
            self._failed(error)
        return self._last

    def _failed(self, error: Exception) -> None:
        if self.scaling.failure:
            return
        import traceback

        self.scaling.failure = "".join(traceback.format_exception(error))
        self._event(
            "autoscale",
            f"the policy {self.scaling.policy} raised {type(error).__name__}: {error}; its last target, "
            f"{self._last.target} ranks, holds (said once)",
        )

    # ---- what was seen

    def _observe(self, seen: Observation, ending: Ending, held: bool, now: float) -> PoolObservation:
        dt = now - self._asked
        self._asked = now
        stats, before = seen.stats, self._before
        self._before = stats

        def new(name: str) -> float:
            return stats.get(name, 0) - before.get(name, 0)

        service = service_times(stats.items())
        queued, busy_us = new("queue"), sum(new(f"u:{e}") for e in self._streams)
        # ranks report at the end of tasks: this is what they were busy with, not what dt had room for
        cpu_us = new("cpu")
        working = max(busy_us, cpu_us + queued)
        waiting = queued / working if working > 0 else 0.0
        net = {e: us * 1e-6 * (1 - waiting) for e, us in service.items()}
        done = {e: new(f"n:{e}") for e in self._streams}
        # a source is one pending tuple until all its calls are made: that is no work for the pool
        opened = {e.index for e in self._plan.elements if e.role is Role.ROOT}
        opened = {e for e in opened if ending.phase[e] is Phase.OPEN}
        pending = {e: max(0, seen.pending.get(e, 0) - (e in opened)) for e in self._streams}
        unfinished = sum(pending.values())
        finished = sum(done.values())
        observed = PoolObservation(
            now_s=now - self._started,
            dt_s=dt,
            ranks=self.roster.living,
            active=self.roster.active,
            parked=len(self.roster.of(Stand.PARKED, Stand.DRAINING)),
            idle=min(float(self.roster.active), (seen.waited_us - self._waited_us) * 1e-6 / dt),
            busy=busy_us * 1e-6 / dt,
            waiting=waiting,
            cores=cpu_us * 1e-6 / dt,
            backlog_tasks=seen.tasks,
            backlog_tuples=unfinished,
            backlog_s=sum(pending[e] * net.get(e, 0.0) for e in self._streams),
            arrived=max(0.0, finished + unfinished - self._unfinished) / dt,
            done=finished / dt,
            work=sum(done[e] * self._weight(e, service, stats) for e in self._streams) / dt,
            longest_s=max((net.get(e, 0.0) for e in self._streams), default=0.0),
            held=held,
            drained=self._drained(ending),
            finished=all(ending.phase[e] is Phase.DRAINED for e in self._streams),
        )
        self._waited_us = seen.waited_us
        self._unfinished = unfinished
        return observed

    def _weight(self, element: int, service: dict[int, float], stats: dict[str, int]) -> float:
        """Seconds that a tuple of `element` took when enough of them were known; the same from then on."""
        if element not in self._weights:
            now = service.get(element, 0.0) * 1e-6
            if stats.get(f"n:{element}", 0) < WEIGH_TUPLES:
                return now
            self._weights[element] = now
        return self._weights[element]

    def _drained(self, ending: Ending) -> bool:
        """Whether everything outside the pool that feeds it has ended."""
        elements = self._plan.elements
        feeders = {r.source for r in self._plan.routes if elements[r.target].role is Role.POOL}
        feeders |= {e.index for e in elements if e.role is Role.ROOT and e.movable}
        return all(ending.phase[e] is Phase.DRAINED for e in feeders if elements[e].role is not Role.POOL)
