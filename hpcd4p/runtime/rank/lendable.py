"""Which elements a rank beside the pool takes, as it has learned; `control.lending` decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.control.lending import is_patient, lendable, pays
from hpcd4p.runtime.rank.given import Given
from hpcd4p.runtime.rank.link import Link
from hpcd4p.transport.broker import Claim

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.probation import Probation
    from hpcd4p.runtime.rank.lent_task import LentTask


class Lendable:
    """Of one rank."""

    def __init__(self, given: Given, link: Link, probation: Probation) -> None:
        self.all_of_it = False
        self._granularity = given.granularity
        self._link = link
        self._probation = probation
        self._nearest = given.plan.streams[::-1]
        self._barred: set[int] = set()
        self._elements: list[int] = []
        self._as_of = -1
        self._same: dict[int, str] = {}
        """Content of what was filled in beside this rank, and is the same elsewhere."""
        self._refused: dict[int, int] = {}
        self._paid: dict[int, tuple[float, float]] = {}

    def elements(self) -> list[int]:
        """Elements whose tasks it takes, nearest the sinks first."""
        if self._as_of != self._granularity.lessons:
            self._as_of = self._granularity.lessons
            self._elements = lendable(self._nearest, self._service_s, self._barred, self.all_of_it)
        return self._probation.here(self._elements)

    def _service_s(self, element: int) -> float | None:
        return self._granularity.service_s(element) if self._granularity.known(element) else None

    def inherit(self) -> None:
        """From now on take all of them: the ranks of the pool have died."""
        self.all_of_it = True
        self._as_of = -1

    def bar(self, *elements: int) -> None:
        """Take these no more; none: no more at all."""
        self._barred.update(elements or self._nearest)
        self._as_of = -1

    def is_strange(self, task: LentTask) -> bool:
        """Whether the element has other contents here than elsewhere: then nothing of the task counts."""
        element = task.lease.task.element
        if self.all_of_it or task.lease.parted:
            return False
        if task.changed:
            self.bar(element)
            return True
        if not task.filled or self._same.get(element) == task.filled:
            return False
        if self._link.claim(element, Claim.SAME, task.filled):
            self._same[element] = task.filled
            return False
        self._refused[element] = self._refused.get(element, 0) + 1
        if not is_patient(self._refused[element]):
            self.bar(element)
        return True

    def count(self, element: int, worked_s: float, handled_s: float) -> None:
        """Note what a task of `element` has cost: see `control.lending.pays`."""
        before = self._paid.get(element, (0.0, 0.0))
        self._paid[element] = now = before[0] + worked_s, before[1] + handled_s
        if not pays(*now):
            self.bar(element)
