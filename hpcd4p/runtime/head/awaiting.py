"""Which ordered elements wait for an earlier tuple, and of which element. On the head, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.record.order_words import WAITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpcd4p.plan.model import Plan
    from hpcd4p.plan.order import Order
    from hpcd4p.runtime.head.mover import Mover
    from hpcd4p.runtime.head.story import Story
    from hpcd4p.runtime.rank.link import Link
    from hpcd4p.runtime.rank.loop import RankLoop
    from hpcd4p.wire.ask import Awaited

    Wait = tuple[int, Awaited]
    """An ordered element, and the task for which it waits."""

LOOK_S = 1.0
"""From one look to the next, at least: it reads the first lines of all tasks that ranks have."""

RANKS_PER_SECOND = 100
"""Of more ranks it is longer."""

LONG_S = 5.0
"""Waits that last so long are part of the story of the run."""


class Awaiting:
    """Of one run.

    Parameters
    ----------
    event
        Adds a line to the story of the run.
    elements
        Elements of which tuples wait on a rank: see `Mover.elements`.

    Attributes
    ----------
    said
        Who waits longest, in words; empty: nobody does for a second or more.
    longest
        The same: an ordered element, the task for which it waits, and since when.
    """

    def __init__(
        self,
        plan: Plan,
        order: Order,
        link: Link,
        event: Callable[[str, str], None],
        elements: Callable[[int], set[int]],
    ) -> None:
        self.said = ""
        self.longest: tuple[int, Awaited, float] | None = None
        self._elements = elements
        self._plan = plan
        self._order = order
        self._link = link
        self._event = event
        self._every_s = max(LOOK_S, plan.size / RANKS_PER_SECOND)
        self._due = 0.0
        self._since: dict[Wait, float] = {}
        self._told: set[tuple[int, int]] = set()
        """Elements that were told of: the one that waited, and that of the task."""

    def look(self, now: float) -> None:
        """Look who waits, if it is time."""
        if now < self._due:
            return
        self._due = now + self._every_s
        waits = {wait for each in self._link.awaited() for wait in self._waits(each)}
        self._since = {wait: self._since.get(wait, now) for wait in waits}
        self.said, self.longest = "", None
        for wait, since in sorted(self._since.items(), key=lambda pair: pair[1], reverse=True):
            if now - since >= self._every_s:
                self.said = self._words(wait, "waits", now - since)
                self.longest = *wait, since
            pair = wait[0], wait[1].element
            if now - since >= LONG_S and pair not in self._told:
                self._told.add(pair)
                self._event(WAITS, self._words(wait, "has waited", now - since))

    def _waits(self, awaited: Awaited) -> list[Wait]:
        """What a rank that waits holds of the elements to which the task leads."""
        leads_to = self._order.reaches[awaited.lane[0]]
        return [(element, awaited) for element in sorted(leads_to & self._elements(awaited.rank))]

    def _words(self, wait: Wait, waits: str, seconds: float) -> str:
        element, awaited = wait
        names = self._plan.elements
        where = "which waits for a rank" if awaited.holder is None else f"at work on rank {awaited.holder}"
        return (
            f"{names[element].name} {waits} {seconds:.0f} s for an earlier tuple of "
            f"{names[awaited.element].name}, {where}"
        )


def awaiting_in(loop: RankLoop, story: Story, mover: Mover) -> Awaiting | None:
    """That of a run; None: nothing is put in order, or nobody could wait."""
    if loop.order is None:
        return None
    return Awaiting(loop.plan, loop.order, loop.link, story.event, mover.elements)
