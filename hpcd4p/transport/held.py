"""The tasks that a rank has leased, as its list in Redis has them. Pure.

Redis does not name a task: a rank finishes those at the front of its list, seldom another one. So a rank must
know its list to the last entry, also when an alarm has kept an answer from being read.
"""

from __future__ import annotations

from collections.abc import Sequence

Name = tuple[int, str]
"""Element of a task, and its id."""


class Held:
    """The list of one rank.

    Parameters
    ----------
    elements
        Those that have tasks.
    """

    def __init__(self, elements: Sequence[int]) -> None:
        self._elements = frozenset(elements)
        self._names: list[Name] = []
        self._left = self._names
        """What is left of them once Redis has finished what was said last."""
        self._taken = 0

    def __len__(self) -> int:
        return len(self._names)

    def take(self, element: int) -> str:
        """Add a task at the end; gives its id, which no other task of this rank has had.

        Raises
        ------
        ValueError
            `element` has no tasks.
        """
        if element not in self._elements:
            raise ValueError(f"a task of {element}, which is no element of the pool")
        self._taken += 1
        id_ = str(self._taken)
        self._names.append((element, id_))
        return id_

    def finish(self, done: Sequence[Name]) -> tuple[int, list[int]]:
        """Say how many of these stand in front, and the places of the others once those are gone.

        They are no longer held when Redis has heard of it (`settle`).
        """
        names = self._names
        front = 0
        while front < len(done) and front < len(names) and names[front] in done:
            front += 1
        places = sorted(names.index(each, front) - front for each in done if each not in names[:front])
        left = names[front:]
        for place in reversed(places):
            del left[place]
        self._left = left
        return front, places

    def settle(self) -> None:
        """Forget what was finished: Redis has answered."""
        self._names = self._left

    def place(self, name: Name) -> int | None:
        """Where a task stands once what was finished is gone; None if it is one of those."""
        return self._left.index(name) if name in self._left else None
