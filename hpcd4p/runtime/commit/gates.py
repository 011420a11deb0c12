"""Keeps the order of each sender's tuples for a partition that has moved.

While senders hear of a hand-over one after the other, what one of them has sent comes on two ways: through
the former owner, and directly. A direct message waits at the *gate* until the sender's mark has come on the
former way; it was sent there after all else that went that way (the idea: the markers of Chandy and Lamport,
ACM Trans. Comput. Syst. 3:63, 1985). A partition never comes back to a rank, so ways do not cross.
"""

from __future__ import annotations

from hpcd4p.wire.messages import MARK, STATE, Segment

Key = tuple[int, int]


class _Gate:
    """The gate of one partition."""

    __slots__ = ("held", "open_for")

    def __init__(self, former: int) -> None:
        self.open_for = {former}
        self.held: dict[int, list[Segment]] = {}


class Gates:
    """The gates of the partitions that have come to one rank."""

    def __init__(self) -> None:
        self._gates: dict[Key, _Gate] = {}

    def __bool__(self) -> bool:
        return bool(self._gates)

    def held(self) -> list[Segment]:
        """All that waits at a gate, each sender's segments in their order."""
        return [each for gate in self._gates.values() for line in gate.held.values() for each in line]

    def admit(self, source: int, segment: Segment) -> list[Segment]:
        """What may get in line now that `segment` of `source` is committed, in this order."""
        key = segment.element, segment.partition
        if segment.port == STATE:  # the first of all that comes
            self._gates[key] = _Gate(source)
            return [segment]
        gate = self._gates.get(key)
        if gate is None:
            return [segment]
        if source not in gate.open_for:
            gate.held.setdefault(source, []).append(segment)
            return []
        admitted = [segment]
        if segment.port == MARK:
            for sender, _ in segment.values:
                gate.open_for.add(sender)
                for each in gate.held.pop(sender, ()):
                    admitted += self.admit(sender, each)
        return admitted
