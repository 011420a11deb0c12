"""Keeps the order of what comes for a partition that has moved.

While senders hear of a hand-over one after the other, what one of them has sent comes on two ways: through
the former owner, and directly. A direct message waits at the *gate* until the sender's mark has come on the
former way; it was sent there after all else that went that way (the idea: the markers of Chandy and Lamport,
ACM Trans. Comput. Syst. 3:63, 1985). A partition never comes back to a rank, so ways do not cross.

What has a place comes on two ways as well, and which of them goes by its place. So it waits for its origin:
until the former owner has sent on all of that (`passing`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from hpcd4p.wire.messages import MARK, PASSED, STATE, Segment
from hpcd4p.wire.place import since

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.lined import Lined
    from hpcd4p.wire.place import Turn

Key = tuple[int, int]

Way = tuple[bool, int]
"""Whether an origin is meant, and which; else the sender."""


class _Gate:
    """The gate of one partition."""

    __slots__ = ("held", "open_for", "since")

    def __init__(self, former: int) -> None:
        self.open_for: set[Way] = {(False, former)}
        self.held: dict[Way, list[tuple[int, Segment, Turn | None]]] = {}
        self.since = ""
        """Where all begins that comes directly, of every origin; '': not heard yet."""

    def copy(self) -> _Gate:
        """One that goes on from here by itself."""
        made = _Gate(0)
        made.open_for = set(self.open_for)
        made.held = {way: list(line) for way, line in self.held.items()}
        return made


class Gates:
    """The gates of the partitions that have come to one rank.

    Parameters
    ----------
    ordered
        The elements whose tuples go by their places.
    """

    def __init__(self, ordered: Collection[int] = ()) -> None:
        self._ordered = ordered
        self._gates: dict[Key, _Gate] = {}

    def __bool__(self) -> bool:
        return bool(self._gates)

    def copy(self) -> Gates:
        """The same gates, which go on from here by themselves."""
        made = Gates(self._ordered)
        made._gates = {key: gate.copy() for key, gate in self._gates.items()}
        return made

    def held(self) -> Iterator[Lined]:
        """All that waits at a gate, of each way in its order; with its place if its origin has to pass."""
        for gate in self._gates.values():
            for (placed, _), line in gate.held.items():
                yield from ((segment, turn if placed else None) for _, segment, turn in line)

    def moved(self, key: Key, number: int) -> None:
        """A move was told; the first of a partition that has come here is the one with which it came."""
        gate = self._gates.get(key)
        if gate is not None and not gate.since:
            gate.since = since(number)

    def waits(self) -> Iterator[tuple[int, str]]:
        """Of what origins something waits, and what all comes before that is waited for."""
        for gate in self._gates.values():
            if gate.since:
                yield from ((origin, gate.since) for placed, origin in gate.held if placed)

    def is_open(self, key: Key, origin: int) -> bool:
        """Whether nothing of an origin still comes through the former owner; true if there is none."""
        return key not in self._gates or (True, origin) in self._gates[key].open_for

    def admit(self, source: int, segment: Segment, turn: Turn | None = None) -> list[Segment]:
        """What may get in line now that the turn of `segment` of `source` has come, in this order."""
        key = segment.element, segment.partition
        if segment.port == STATE:  # the first of all that comes
            self._gates[key] = _Gate(source)
            return [segment]
        gate = self._gates.get(key)
        if gate is None:
            return [segment]
        way = (False, source) if turn is None or key[0] not in self._ordered else (True, turn[0])
        if way not in gate.open_for:
            gate.held.setdefault(way, []).append((source, segment, turn))
            return []
        admitted = [segment]
        if segment.port == MARK:
            for sender, _ in segment.values:
                admitted += self._open(gate, (False, sender))
        elif segment.port == PASSED:
            for origin in segment.values:
                admitted += self._open(gate, (True, origin))
        return admitted

    def _open(self, gate: _Gate, way: Way) -> Iterator[Segment]:
        gate.open_for.add(way)
        for each in gate.held.pop(way, ()):
            yield from self.admit(*each)
