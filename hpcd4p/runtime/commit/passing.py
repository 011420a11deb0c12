"""What a rank still has to say of partitions of ordered elements that it has handed over.

What an origin wrote before it heard of the move has its place before the number of that move, and is sent to
the former owner, whoever sends it. That puts it in order as before, and sends it on. Once all of an origin
that comes before the move is finished, and sent on, the former owner says so: what has come to the next owner
directly may be applied from then on. Until it is said, that counts as an unfinished tuple.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from hpcd4p.wire.messages import PASSED, Segment
from hpcd4p.wire.place import since

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.gates import Gates
    from hpcd4p.runtime.commit.reorder import Reorder

Key = tuple[int, int]


class _Owed:
    """What is still to be said of one partition."""

    __slots__ = ("origins", "since")

    def __init__(self, origins: Iterable[int]) -> None:
        self.origins = list(origins)
        self.since = ""
        """What comes before it comes here; '': the move was not told yet."""


class Passing:
    """Of one rank.

    Attributes
    ----------
    due
        What can be said now, behind all that is to be sent on.
    """

    def __init__(self) -> None:
        self.due: list[Segment] = []
        self._owed: dict[Key, _Owed] = {}

    def begin(self, key: Key, origins: Iterable[int]) -> int:
        """A partition goes to its next owner; gives how much will have to be said."""
        owed = _Owed(origins)
        if owed.origins:
            self._owed[key] = owed
        return len(owed.origins)

    def moved(self, key: Key, number: int) -> None:
        """A move was told; the first of a partition that has gone from here is the one with which it went."""
        owed = self._owed.get(key)
        if owed is not None and not owed.since:
            owed.since = since(number)

    def look(self, order: Reorder, gates: Gates | None) -> None:
        """See what can be said now: all that has its turn is on its way to be sent on."""
        for key, owed in list(self._owed.items()):
            if not owed.since:
                continue
            passed = [
                origin
                for origin in owed.origins
                if order.is_past(origin, owed.since) and (gates is None or gates.is_open(key, origin))
            ]
            if passed:
                self.due.append(Segment(*key, PASSED, passed))
                owed.origins = [origin for origin in owed.origins if origin not in passed]
                if not owed.origins:
                    del self._owed[key]

    def take_due(self) -> list[Segment]:
        """Take out what can be said now."""
        due, self.due = self.due, []
        return due

    def unsaid(self) -> list[Segment]:
        """All that is still to be said, as if it were said now."""
        owed = [Segment(*key, PASSED, list(owed.origins)) for key, owed in self._owed.items()]
        return [*self.due, *owed]

    def starves(self, lined: Container[int]) -> bool:
        """Whether something is owed of an element of which nothing is in line here."""
        return any(element not in lined for element, _ in self._owed)

    def waits(self) -> Iterator[tuple[int, str]]:
        """Of what origins something is owed, and what all comes before that must be finished."""
        for owed in self._owed.values():
            if owed.since:
                yield from ((origin, owed.since) for origin in owed.origins)
