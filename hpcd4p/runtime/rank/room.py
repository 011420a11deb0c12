"""Whether there is room further down for what an element writes, as far as this rank knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.control.marks import Marks
from hpcd4p.plan.model import Plan
from hpcd4p.runtime.rank.link import Link

if TYPE_CHECKING:
    from hpcd4p.plan.settings import EngineSettings


class Room:
    """The room further down as one rank knows it. Every question is answered from memory.

    Attributes
    ----------
    stateful_below
        See `Plan.stateful_below`.
    """

    def __init__(self, plan: Plan, settings: EngineSettings, link: Link) -> None:
        self._marks = Marks(plan, settings)
        self._link = link
        self._collector = plan.collector
        self.stateful_below = self._marks.stateful_below

    def writes_undeclared(self, element: int) -> None:
        """Note that `element` writes on an undeclared output, which goes to the collector."""
        self._marks.reaches_collector(element, self._collector)

    @property
    def full(self) -> bool:
        """Whether no more tasks should wait."""
        return self._marks.full(self._link.waiting_tasks, self._link.waiting_bytes)

    def congested_below(self, element: int) -> bool:
        """Whether a stateful element that `element` may send to is congested."""
        return bool(self._link.congested and self.stateful_below[element] & self._link.congested)

    def blocked(self, element: int) -> bool:
        """Whether what `element` writes would only pile up further down."""
        return self._marks.blocked(element, self._link.congested, self.full)

    def crowded(self, element: int) -> bool:
        """Whether as much as may waits further down than `element`, where it is known what waits."""
        link = self._link
        return self._marks.crowded(element, link.congested, link.waiting or {}, link.waiting_bytes)

    def holds_back(self, element: int) -> bool:
        """Whether to leave what is in line for `element` here until there is room further down.

        Tasks that wait before it are not in its way: they may wait for it.
        """
        return self.blocked(element) and (self._link.waiting is None or self.crowded(element))
