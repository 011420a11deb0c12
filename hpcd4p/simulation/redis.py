"""The Redis server of a run: one queue, one server; and where one is not enough.

A step (commit, and take the next task) waits until those before it are done, and takes `commit_s`.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from hpcd4p.control.granularity import REDIS_SHARE

TAIL = 0.05
"""Part of the run that ranks may wait at its end for the last tasks: less does not matter."""


class RedisQueue:
    """When the requests to Redis are done. Must be asked in the order of time."""

    def __init__(self, commit_s: float) -> None:
        self.commit_s = commit_s
        self.steps = 0
        self._free_s = 0.0

    def step(self, now: float) -> float:
        """When a step that is requested now is done."""
        self.steps += 1
        self._free_s = max(now, self._free_s) + self.commit_s
        return self._free_s

    def busy_s(self, now: float) -> float:
        """Seconds of its core that Redis has used until `now`."""
        return self.steps * self.commit_s - max(0.0, self._free_s - now)


class Enough(NamedTuple):
    """Most ranks of the pool for which one Redis is enough, for two reasons; 0: no bound."""

    tuples: int
    """Tasks cannot be made longer: they hold `max_task_tuples`."""
    work: int
    """Tasks would be so long that the ranks wait for the last ones, for more than `TAIL` of the run."""

    @property
    def ranks(self) -> int:
        """The smaller."""
        return min(self)


def enough(commit_s: float, service_s: float, tuples: int, most_tuples: int) -> Enough:
    """Where one Redis stops being enough.

    R ranks with tasks of d seconds ask for R/d steps a second, so d >= R commit_s / REDIS_SHARE. A task holds
    at most `most_tuples`. At the end a rank waits for half a task on average, d/2 of W/R seconds of the run,
    where W is all work: R <= sqrt(2 TAIL REDIS_SHARE W / commit_s). Tuples that take longer than d are tasks
    themselves, and then no task is made longer for Redis.
    """
    if not commit_s:
        return Enough(0, 0)
    rate = REDIS_SHARE / commit_s
    alone = int(rate * service_s)
    return Enough(
        int(rate * service_s * most_tuples), max(int(sqrt(2 * TAIL * rate * tuples * service_s)), alone)
    )
