"""The marks above which no more work is made, because enough of it waits. Pure: what waits is given."""

from __future__ import annotations

from collections import Counter
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


class Fill:
    """How much a rank has in line, by element, and of which element it has too much.

    Parameters
    ----------
    high_tuples, high_bytes
        See `runtime.commit.inbox.Inbox`.

    Attributes
    ----------
    tuples
        Tuples in line, by element that has any: of thousands of elements few have.
    held
        Tuples, by element, that have to wait before they get in line.
    """

    def __init__(self, high_tuples: int, high_bytes: int) -> None:
        self.tuples: Counter[int] = Counter()
        self.held: Counter[int] = Counter()
        self._weight: dict[int, float] = {}
        self._high = (high_tuples, high_bytes)
        self._congested: set[int] = set()

    def came(self, counts: dict[int, int], size: int, waits: bool) -> None:
        """A message of `size` bytes with so many tuples of elements is here; `waits`: not in line yet."""
        total = sum(counts.values()) or 1
        for element, count in counts.items():
            if not count:  # its sender could pickle none of its tuples
                continue
            (self.held if waits else self.tuples)[element] += count
            self._weight[element] = self._weight.get(element, 0.0) + size * count / total

    def hold(self, element: int, tuples: int) -> None:
        """So many tuples of `element` that were in line are held, or, if it is less than 0, the reverse."""
        self.held[element] += tuples
        self.tuples[element] -= tuples
        if not self.held[element]:
            del self.held[element]
        if not self.tuples[element]:
            del self.tuples[element]

    def shrink(self, element: int, count: int) -> None:
        """So many tuples of `element` are no longer in line."""
        before = self.tuples[element]
        if count < before:
            self.tuples[element] = before - count
        else:
            self.tuples.pop(element, None)
        both = before + self.held[element] if self.held else before
        if count < both:
            self._weight[element] = self._weight.get(element, 0.0) * (1 - count / both)
        else:
            self._weight.pop(element, None)

    def take_news(self) -> tuple[list[int], list[int]]:
        """Elements that became congested since the last call, and elements that no longer are."""
        worse, better = self.news()
        self._congested.update(worse)
        self._congested.difference_update(better)
        return worse, better

    def news(self) -> tuple[list[int], list[int]]:
        """The same, which stays new."""
        waiting = self.tuples.keys() | self.held.keys() if self.held else self.tuples
        worse = [e for e in waiting if e not in self._congested and self._too_much(e, False)]
        better = [e for e in self._congested if not self._too_much(e, True)]
        return worse, better

    def _too_much(self, element: int, was: bool) -> bool:
        tuples = self.tuples[element] + self.held[element]
        return is_congested(tuples, self._weight.get(element, 0.0), self._high, was)


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
