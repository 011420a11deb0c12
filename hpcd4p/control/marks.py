"""The marks above which no more work is made, because enough of it waits. Pure: what waits is given."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from hpcd4p.plan.model import Plan, Role

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings


def is_congested(tuples: int, size: float, high: tuple[int, int], was: bool) -> bool:
    """Whether senders are to hold what they have for an element of an inbox.

    Parameters
    ----------
    tuples, size
        In line for it, and their bytes.
    high
        The marks: tuples, bytes.
    was
        Whether they are holding it now.

    ===  ==================================  =========
    was  in line                             congested
    ===  ==================================  =========
    no   both marks at most                  no
    no   more than one of the marks          yes
    yes  less than half of both marks        no
    yes  half of one of the marks, or more   yes
    ===  ==================================  =========
    """
    if was:
        return tuples >= high[0] / 2 or size >= high[1] / 2
    return tuples > high[0] or size > high[1]


def high_marks(plan: Plan, settings: EngineSettings) -> tuple[int, int]:
    """Waiting tasks, and their bytes, above which no rank starts to make more."""
    return max(32, settings.high_tasks_per_rank * len(plan.pool_ranks)), settings.high_bytes


class Marks:
    """For each element of a plan, when too much waits for what it writes.

    Attributes
    ----------
    stateful_below
        See `Plan.stateful_below`.
    """

    def __init__(self, plan: Plan, settings: EngineSettings) -> None:
        self._tasks, self._bytes = high_marks(plan, settings)
        self.stateful_below = plan.stateful_below()
        self._below = plan.below()
        to_pool = {r.source for r in plan.routes if plan.elements[r.target].role is Role.POOL}
        self._to_pool = [e.index in to_pool for e in plan.elements]

    def reaches_collector(self, element: int, collector: int) -> None:
        """Note that `element` writes on an undeclared output, which goes to the collector."""
        for e, below in enumerate(self._below):
            if e == element or below >> element & 1:
                self.stateful_below[e] = self.stateful_below[e] | {
                    collector
                }  # a new one: many elements share the old

    def full(self, tasks: int, size: int) -> bool:
        """Whether no more tasks, or bytes, should wait."""
        return size > self._bytes or tasks > self._tasks

    def blocked(self, element: int, congested: Set[int], full: bool) -> bool:
        """Whether what `element` writes would only pile up further down."""
        return bool(congested and self.stateful_below[element] & congested) or (
            self._to_pool[element] and full
        )

    def crowded(self, element: int, congested: Set[int], waiting: dict[int, int], size: int) -> bool:
        """Whether no more should wait further down than `element`, whatever room there is elsewhere.

        Parameters
        ----------
        waiting
            Tasks that wait, by element.
        size
            Bytes that wait, of all elements.
        """
        if congested and self.stateful_below[element] & congested:
            return True
        tasks = sum(count for e, count in waiting.items() if self._below[element] >> e & 1)
        return tasks > self._tasks or (tasks > 0 and size > self._bytes)
