"""Times that grow as long as nothing happens: pauses between looks, and between reports. Pure."""

from __future__ import annotations

from math import inf


class Backoff:
    """A time that doubles from `first_s` to `most_s`, until something happens.

    Attributes
    ----------
    now_s
        Seconds that hold now.

    Examples
    --------
    >>> pause = Backoff(1, 4)
    >>> [pause.next(), pause.next(), pause.next(), pause.next()]
    [1, 2, 4, 4]
    >>> pause.reset()
    >>> pause.next()
    1
    """

    __slots__ = ("_by", "_first_s", "_most_s", "now_s")

    def __init__(self, first_s: float, most_s: float, by: float = 2) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._by = by
        self.now_s = first_s

    def next(self, most_s: float = inf) -> float:
        """Give the seconds that hold now, `most_s` at most; the next are longer."""
        given = min(self.now_s, most_s)
        self.now_s = min(self._by * given, self._most_s, most_s)
        return given

    def reset(self) -> None:
        """Begin with the shortest again."""
        self.now_s = self._first_s
