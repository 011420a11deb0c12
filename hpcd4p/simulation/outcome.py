"""The figures of a simulated run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hpcd4p.record.scaling import Change, Tick
from hpcd4p.simulation.redis import Enough

PEAK_S = 1.0
"""The peak load of Redis is its average over the worst second."""


@dataclass(frozen=True)
class SimulatedRun:
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


def peak(loads: list[float], scale_s: float) -> float:
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
