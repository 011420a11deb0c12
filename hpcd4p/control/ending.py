"""When an element is drained, and when the run is over: by counting, never by waiting.

An element is drained when everything upstream of it is drained and no tuple is pending for it. Then
each of its instances post-processes once; what that writes counts like any other tuple. The run is
over when all elements are drained, the collector with them. (The idea: termination detection by counting
messages, with atomic counters in place of the waves of Mattern, Distributed Computing 2:161, 1987.)
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from hpcd4p.plan.model import Plan


class Phase(Enum):
    """Life of an element."""

    OPEN = "open"
    FINISHING = "finishing"
    DRAINED = "drained"


ARROWS: dict[Phase, frozenset[Phase]] = {
    Phase.OPEN: frozenset({Phase.FINISHING, Phase.DRAINED}),  # its last tuple is finished
    Phase.FINISHING: frozenset({Phase.DRAINED}),  # its last instance has post-processed
    Phase.DRAINED: frozenset(),
}


class Finish(NamedTuple):
    """Have every instance of `element` post-process; `instances` of them are now pending."""

    element: int
    instances: int


class Ending:
    """Follows the elements of one run to their end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._upstream = [plan.upstream(e.index) for e in plan.elements]
        self.phase = [Phase.OPEN for _ in plan.elements]

    def observe(self, pending: dict[int, int]) -> list[Finish]:
        """Orders that follow from a consistent look at the numbers of unfinished tuples.

        The caller adds `instances` to the pending tuples of an element before it gives the order;
        until then it must not look again.
        """
        orders = []
        for element in self._plan.elements:
            e = element.index
            if self.phase[e] is Phase.DRAINED or pending.get(e, 0) != 0:
                continue
            if any(self.phase[u] is not Phase.DRAINED for u in self._upstream[e]):
                continue
            if self.phase[e] is Phase.OPEN and element.role.fixed:
                self._move(e, Phase.FINISHING)
                orders.append(Finish(e, element.partitions))
            else:
                self._move(e, Phase.DRAINED)
        return orders

    def _move(self, e: int, to: Phase) -> None:
        if to not in ARROWS[self.phase[e]]:
            raise AssertionError(f"element {e}: no arrow from {self.phase[e]} to {to}")
        self.phase[e] = to

    @property
    def over(self) -> bool:
        """Whether the run is over."""
        return all(phase is Phase.DRAINED for phase in self.phase)

    def open_elements(self) -> list[str]:
        """Names of the elements that are not drained."""
        return [e.name for e in self._plan.elements if self.phase[e.index] is not Phase.DRAINED]
