"""What came out of a simulated run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpcd4p.record.scaling import Change, Tick
from hpcd4p.simulation.redis import Enough, enough

if TYPE_CHECKING:
    from hpcd4p.simulation.head import Head

PEAK_S = 1.0
"""The highest load of Redis is that of the worst second."""


@dataclass(frozen=True)
class Outcome:
    """Times in seconds; see `record.summary.Summary` for the measure of each."""

    policy: str
    elapsed_s: float
    process_s: float
    """Ranks of the pool, parked time left out, added up."""
    busy_s: float
    efficiency: float
    tuples: int
    tasks: int
    redis: float
    """Part of its core that Redis used, on average."""
    redis_peak: float
    """The same in the worst second."""
    changes: list[Change]
    ticks: list[Tick]
    redis_ticks: list[tuple[float, float]]
    """(time, part of its core that Redis used) at each look."""
    enough: Enough
    events: int
    failure: str
    """What went wrong with a policy of the user's."""

    @classmethod
    def of(cls, head: Head) -> Outcome:
        """Add up a run that is over."""
        scenario, pool = head.scenario, head.pool
        ended_s = max(pool.finished_s, head.clock.now)
        process_s = pool.tally.process_s(ended_s)
        busy_s = pool.tally.all_busy_s
        return cls(
            policy=scenario.settings.autoscale,
            elapsed_s=ended_s,
            process_s=process_s,
            busy_s=busy_s,
            efficiency=min(1.0, busy_s / process_s) if process_s else 0.0,
            tuples=scenario.tuples,
            tasks=pool.tally.tasks,
            redis=head.redis.busy_s(ended_s) / ended_s if ended_s else 0.0,
            redis_peak=_peak([load for _, load in head.loads], scenario.settings.scale_s),
            changes=head.scaler.scaling.changes,
            ticks=head.scaler.scaling.ticks,
            redis_ticks=head.loads,
            enough=enough(
                scenario.redis_commit_s,
                scenario.service.mean_s,
                scenario.tuples,
                scenario.settings.max_task_tuples,
            ),
            events=head.clock.events,
            failure=head.failure,
        )

    @property
    def active(self) -> float:
        """Ranks that were active, on average."""
        return self.process_s / self.elapsed_s if self.elapsed_s else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Give plain dicts, lists and numbers."""
        return {
            "policy": self.policy,
            "elapsed_s": self.elapsed_s,
            "process_time_s": self.process_s,
            "busy_s": self.busy_s,
            "efficiency": self.efficiency,
            "active": self.active,
            "tuples": self.tuples,
            "tasks": self.tasks,
            "redis": self.redis,
            "redis_peak": self.redis_peak,
            "redis_enough_ranks": self.enough._asdict(),
            "events": self.events,
            "failure": self.failure,
            "changes": [change._asdict() for change in self.changes],
        }


def _peak(loads: list[float], scale_s: float) -> float:
    """Highest average over `PEAK_S`; over all if there is less."""
    if not loads:
        return 0.0
    many = min(len(loads), max(1, round(PEAK_S / scale_s)))
    total = sum(loads[:many])
    best = total
    for gone, new in zip(loads, loads[many:], strict=False):
        total += new - gone
        best = max(best, total)
    return best / many
