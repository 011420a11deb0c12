"""What a transaction has written where paths part that meet again, in the order of one process.

That order is depth first, so it is the order in which it is written down: what runs here at once has written
before its writer goes on, and for the rest, which is published, its place stands. A piece is what needs one
place: a task, or all that is sent to partitions between two tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.wire.messages import Segment
from hpcd4p.wire.place import Numbering

if TYPE_CHECKING:
    from hpcd4p.plan.model import Route
    from hpcd4p.wire.place import Turn


class Published(NamedTuple):
    """Tuples that become tasks."""

    route: Route
    values: list[Any]
    numbers: Numbering
    """Of these tasks: there may be several, for not all fit into one."""


class Sent(NamedTuple):
    """Segments for partitions, in order."""

    turn: Turn | None
    """None: they need not wait for anything."""
    segments: list[Segment]
    last: dict[tuple[int, int], Segment]
    """By element and partition."""


class Pieces:
    """Of one transaction.

    Attributes
    ----------
    published
        In order.
    """

    def __init__(self) -> None:
        self.published: list[Published] = []
        self._sent: list[Sent] = []
        self._at: tuple[Numbering, Route | None] | None = None
        """What was written last: whose, and on which route if it is published."""
        self._turn: Turn | None = None

    def to_pool(self, numbers: Numbering, route: Route, values: list[Any]) -> bool:
        """Tuples to publish as tasks; whether they are a piece of their own."""
        if self._goes_on(numbers, route):
            self.published[-1].values.extend(values)
            return False
        own = Numbering(numbers.origin, numbers.take())
        own.age = numbers.age
        self.published.append(Published(route, list(values), own))
        return True

    def to_partition(
        self, numbers: Numbering, waits: bool, route: Route, partition: int, values: list[Any]
    ) -> None:
        """Tuples for the owner of a partition; `waits`: they have to wait for tasks that come before them."""
        turn = None
        if waits:
            if not self._goes_on(numbers, None):
                self._turn = numbers.origin, numbers.take()
            turn = self._turn
        if not self._sent or self._sent[-1].turn != turn:
            self._sent.append(Sent(turn, [], {}))
        sent, key = self._sent[-1], (route.target, partition)
        last = sent.last.get(key)
        if last is not None and last.port == route.input:
            last.values.extend(values)
        else:
            sent.last[key] = Segment(*key, route.input, list(values))
            sent.segments.append(sent.last[key])

    def _goes_on(self, numbers: Numbering, route: Route | None) -> bool:
        at, self._at = self._at, (numbers, route)
        return at is not None and at[0] is numbers and at[1] == route

    def take_sent(self) -> list[Sent]:
        """What there is to send since the last call."""
        sent, self._sent = self._sent, []
        return sent
