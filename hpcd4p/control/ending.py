"""When an element is drained, and when the run is over: by counting, never by waiting.

An element is drained when everything upstream of it is drained and no tuple is pending for it. Then
each of its instances post-processes once; what that writes counts like any other tuple. The run is
over when all elements are drained, the collector with them. (The idea: termination detection by counting
messages, with atomic counters in place of the waves of Mattern, Distributed Computing 2:161, 1987.)
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from heapq import heappop, heappush
from typing import NamedTuple

from hpcd4p.control.life import Life
from hpcd4p.plan.model import Plan


class ElementState(Enum):
    """State of an element."""

    OPEN = "open"
    FINISHING = "finishing"
    DRAINED = "drained"


ARROWS: dict[ElementState, frozenset[ElementState]] = {
    ElementState.OPEN: frozenset(
        {
            ElementState.FINISHING,  # its last tuple is finished, and its instances have fixed ranks
            ElementState.DRAINED,  # its last tuple is finished, and any rank may run it; or a run resumes
        }
    ),
    ElementState.FINISHING: frozenset(
        {
            ElementState.DRAINED,  # its last instance has post-processed
        }
    ),
    ElementState.DRAINED: frozenset(),
}


class Finishing(NamedTuple):
    """Have every instance of `element` post-process; `instances` of them are now pending."""

    element: int
    instances: int


class Ending:
    """Follows the elements of one run to their end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._above = [len(sources) for sources in plan.upstream()]
        """Elements upstream of each that are not drained."""
        self._below: list[list[int]] = [[] for _ in plan.elements]
        for e, sources in enumerate(plan.upstream()):
            for source in sources:
                self._below[source].append(e)
        self._next = [e for e, above in enumerate(self._above) if not above]
        """Those that are not drained, but all above them: a heap."""
        self._lives = [Life(f"element {e.name}", ElementState.OPEN, ARROWS) for e in plan.elements]

    def observe(self, pending: dict[int, int]) -> list[Finishing]:
        """Orders that follow from the numbers of unfinished tuples, all read at one moment.

        The caller adds `instances` to the pending tuples of an element before it gives the order;
        until then it must not look again.
        """
        orders = []
        wait = []
        while self._next:
            e = heappop(self._next)
            element = self._plan.elements[e]
            if pending.get(e, 0) != 0:
                wait.append(e)
            elif self.state(e) is ElementState.OPEN and element.role.fixed:
                self._lives[e].go(ElementState.FINISHING, "no tuple is left")
                orders.append(Finishing(e, element.partitions))
                wait.append(e)
            else:
                self._lives[e].go(ElementState.DRAINED, "nothing is left")
                for below in self._below[e]:
                    self._above[below] -= 1
                    if not self._above[below]:
                        heappush(self._next, below)
        self._next = wait  # in order, so a heap
        return orders

    @property
    def finishing(self) -> bool:
        """Whether instances post-process."""
        return any(self.state(e) is ElementState.FINISHING for e in self._next)

    def drained(self) -> list[int]:
        """Elements that are drained."""
        return [e.index for e in self._plan.elements if self.state(e.index) is ElementState.DRAINED]

    def restore(self, drained: Iterable[int]) -> None:
        """Note that these were drained already when a checkpoint was made."""
        done = set(drained)
        for e in done:
            self._lives[e].go(ElementState.DRAINED, "as the checkpoint has it")
            for below in self._below[e]:
                self._above[below] -= 1
        open_ones = (e for e, above in enumerate(self._above) if not above and e not in done)
        self._next = list(open_ones)  # in order, so a heap

    def state(self, element: int) -> ElementState:
        """Give the state of an element."""
        return self._lives[element].state

    @property
    def over(self) -> bool:
        """Whether the run is over."""
        # the collector is the last: anything may write on an output that it has not declared
        return not self._next

    def open_elements(self) -> list[str]:
        """Names of the elements that are not drained."""
        return [e.name for e in self._plan.elements if self.state(e.index) is not ElementState.DRAINED]
