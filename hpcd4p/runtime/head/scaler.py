"""The auto-scaler: shows the policy what the head sees, and gives the orders that follow.

Owns when the policy is asked, and the record of its answers. `control.observing` makes what it sees, the
policy decides how many ranks are active, and the roster decides which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.control.ending import Ending
from hpcd4p.control.lending import is_slow_enough, lenders
from hpcd4p.control.observing import S_PER_US, Observer
from hpcd4p.control.policies.choose import choose
from hpcd4p.control.roster import Roster
from hpcd4p.control.scaling import Bounds, Decision, Policy, PoolObservation
from hpcd4p.logs import module_log
from hpcd4p.plan.model import Plan
from hpcd4p.record.scaling import Change, Scaling, Tick
from hpcd4p.wire.messages import Observation
from hpcd4p.wire.orders import Order, Park, Wake
from hpcd4p.wire.statistics import stats_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpcd4p.plan.settings import EngineSettings

    Give = Callable[[Sequence[int], Order], None]


SOON_S = 1.0
"""After so much of a run it does not matter whether ranks are lent a tenth of a second later."""

_log = module_log(__name__)


class Scaler:
    """The auto-scaler of one run; lives on the head.

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
        pool = [r for r in plan.pool_ranks if r and r not in plan.stateful_ranks]
        self.roster = Roster(pool, lenders(plan, settings.lend != "off"))
        self._streams = plan.streams
        self.scaling = Scaling(settings.autoscale, len(pool))
        self._policy: Policy | None = None
        self._bounds = Bounds(0, 0)
        if pool:
            self._policy, self._bounds = choose(settings, len(self.roster))
        self._started = started
        self._observer = Observer(plan, started)
        self._every_s = max(settings.scale_s, stats_s(len(plan.elements)))
        self._give = give
        self._event = event
        self._last = Decision(len(self.roster), "")
        self._logged = self._last.target
        self._parked_at: dict[int, float] = {}
        self._parked_s: dict[int, float] = {}

    def due(self) -> float:
        """When to ask the policy next; infinity if there is no rank to park."""
        return self._observer.looked_at + self._every_s if self._policy is not None else float("inf")

    def awaits_work(self, now: float) -> bool:
        """Whether ranks may soon lend themselves, if there is work for that: worth looking more often."""
        return self.roster.may_lend and not self.roster.lending and now - self._started < SOON_S

    def look(self, seen: Observation, ending: Ending, held: bool, now: float) -> None:
        """Ask the policy if it is time, and have ranks parked or woken."""
        self.roster.heard(seen.parked)
        everybody = self._last.target >= self.roster.living
        if self._begins_to_lend(seen) and everybody:
            most = self.roster.living if self._policy is None else self._bounds.clip(self.roster.living)
            self._aim(most, seen)
        if now < self.due():
            return
        self._watch(seen.parked, now)
        observed = self._observer.look(seen, ending, self.roster, held, now)
        decision = self._ask(observed)
        target = min(self._bounds.clip(decision.target, observed.finished), self.roster.living)
        before = self.roster.active
        changed = self._aim(target, seen)
        if target != self._logged:
            self._logged = target
            _log.debug("target %d: %s", target, decision.reason)
        self.scaling.keep(Tick.of(observed, target, decision.reason))
        if changed:
            self.scaling.changed(Change(observed.now_s, before, self.roster.active, decision.reason))

    def _aim(self, target: int, seen: Observation) -> bool:
        """Have ranks parked or woken, so that `target` are active; whether any was."""
        park, wake = self.roster.aim(target, seen.idle)
        if park:
            self._give(park, Park())
        if wake:
            self._give(wake, Wake())
        if park or wake:
            _log.info("%d of %d ranks active: parks %s, wakes %s", target, self.roster.living, park, wake)
        return bool(park or wake)

    def _begins_to_lend(self, seen: Observation) -> bool:
        """Whether there is work from now on for which ranks are lent."""
        if self.roster.lending or not (self.roster.may_lend and seen.tasks):
            return False
        service_us = seen.stats.service_us()
        self.roster.lending = any(
            is_slow_enough(service_us[e] * S_PER_US) for e in self._streams if e in service_us
        )
        if self.roster.lending and self._policy is not None:
            self.scaling.ranks = len(self.roster)
        return self.roster.lending

    def lose(self, rank: int, now: float) -> float:
        """Note that `rank` has died; gives how long it was parked, as the head saw it."""
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
