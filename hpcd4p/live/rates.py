"""How fast something goes lately, from numbers that only grow. Pure."""

from __future__ import annotations

from collections import deque

LATELY_S = 5.0
"""A rate is that of so many seconds: long enough for tasks of a second, short enough to see a change."""


class Rates:
    """Of many numbers at once, each with its key.

    Examples
    --------
    >>> rates = Rates()
    >>> rates.add(0.0, {"a": 0})
    >>> rates.add(2.0, {"a": 10})
    >>> rates.of("a"), rates.of("b")
    (5.0, 0.0)
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, dict[object, float]]] = deque()

    def add(self, now: float, numbers: dict[object, float]) -> None:
        """Take in the numbers at `now`; what is not among them is 0."""
        self._seen.append((now, numbers))
        while len(self._seen) > 2 and self._seen[1][0] <= now - LATELY_S:
            self._seen.popleft()

    def of(self, key: object) -> float:
        """By how much one has grown a second; 0 before there are two looks."""
        if len(self._seen) < 2:
            return 0.0
        (began, before), (ended, after) = self._seen[0], self._seen[-1]
        grown = after.get(key, 0.0) - before.get(key, 0.0)
        return max(0.0, grown) / (ended - began) if ended > began else 0.0
