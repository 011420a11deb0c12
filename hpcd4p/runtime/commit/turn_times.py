"""How many tuples wait for their turn on one rank, and for how long, by element."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable


class TurnTimes:
    """Of the tuples of ordered elements that have come through the pool.

    Parameters
    ----------
    now
        Seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._came: dict[int, tuple[float, dict[int, int]]] = {}
        """When what waits has come, by its number, and its tuples by element."""
        self._waiting: Counter[int] = Counter()
        self._tuples: Counter[int] = Counter()
        self._waited_s: dict[int, float] = {}
        self._most: dict[int, int] = {}
        self._longest_s: dict[int, float] = {}

    def came(self, number: int, counts: dict[int, int]) -> None:
        """Something waits from now on, with so many tuples by element."""
        self._came[number] = self._now(), counts
        self._waiting.update(counts)

    def went(self, number: int) -> dict[int, int]:
        """Its turn has come; gives its tuples by element."""
        came, counts = self._came.pop(number)
        waited_s = self._now() - came
        for element, tuples in counts.items():
            self._waiting[element] -= tuples
            self._tuples[element] += tuples
            self._waited_s[element] = self._waited_s.get(element, 0.0) + waited_s * tuples
            self._longest_s[element] = max(waited_s, self._longest_s.get(element, 0.0))
        return counts

    def settled(self) -> None:
        """All whose turn has come has gone: what is still here waits."""
        for element, tuples in self._waiting.items():
            if tuples > self._most.get(element, 0):
                self._most[element] = tuples

    def figures(self) -> dict[int, tuple[int, float, int, float]]:
        """By element: tuples, seconds that they waited in all, most that did at once, the longest wait."""
        return {
            element: (tuples, self._waited_s[element], self._most.get(element, 0), self._longest_s[element])
            for element, tuples in self._tuples.items()
        }
