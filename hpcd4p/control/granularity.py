"""How many tuples make a task.

A task should take about `task_s` seconds, so that its round trip to Redis costs a hundredth of that; more if
there are so many ranks that Redis would become the limit. Owns the rule; measures nothing.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings


COMMIT_S = 30e-6
"""Seconds of the Redis server's core for one task, from publishing to commit (bench *commits*)."""

REDIS_SHARE = 0.5
"""Most of that core that tasks may use: the rest is for bursts and for looking."""

NOMINAL_CHUNK_S = 0.002
"""Between two looks at the clock and at the mesh, an element works for about this long."""


class Granularity:
    """Sizes of tasks and chunks, by the measured service time of each element.

    Parameters
    ----------
    settings
        Bounds and the aim, `task_s` in seconds.
    ranks
        Number of ranks in the pool.
    """

    def __init__(self, settings: EngineSettings, ranks: int) -> None:
        self._most = settings.max_task_tuples
        self._least_s = ranks * COMMIT_S / REDIS_SHARE
        self.task_s = max(settings.task_s, self._least_s)
        # a time slice shorter than the tasks would cut them again, and Redis would get the load after all
        self.slice_s = settings.slice_s * self.task_s / settings.task_s
        self._ranks = ranks
        self.lessons = 0
        """How often something was learned."""
        self._service_us: dict[int, float] = {}
        self._cut: dict[int, int] = {}

    def learn(self, service_us: dict[int, float]) -> None:
        """Take in measured service times, in microseconds per tuple."""
        self.lessons += 1
        self._service_us.update(service_us)

    def known(self, element: int) -> bool:
        """Whether the service time of `element` has been measured."""
        return element in self._service_us

    def tried(self, element: int) -> bool:
        """Whether a task of `element` was made while its speed was unknown: then it will be known soon."""
        return element in self._cut

    def service_s(self, element: int) -> float:
        """Seconds per tuple, 0 while unknown."""
        return self._service_us.get(element, 0.0) * 1e-6

    def cut_task(self, element: int) -> int:
        """Tuples for the next task of `element`.

        While its speed is unknown, one tuple for each rank, then two, and so on: slow tuples are spread over
        the ranks, and that tuples are quick is known after the first.
        """
        service = self._service_us.get(element)
        if service is None:
            size = self._blind_tuples(element)
            self._cut[element] = self._cut.get(element, 0) + 1
            return size
        service = max(service, 1e-3)
        # rather shorter than `task_s` than longer, but Redis must not get too many tasks
        aim, least = int(self.task_s * 1e6 / service), ceil(self._least_s * 1e6 / service)
        return max(1, min(self._most, max(aim, least)))

    def round_tuples(self, element: int) -> int:
        """Tuples that make a task for each rank while their speed is unknown."""
        return self._ranks * self._blind_tuples(element)

    def _blind_tuples(self, element: int) -> int:
        return min(self._most, 1 << min(self._cut.get(element, 0) // self._ranks, 62))
