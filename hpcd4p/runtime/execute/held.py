"""What a source has written to an output and the head has not taken: a list that can tell of a write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Held(list[Any]):
    """The list. The loops append to it."""

    __slots__ = ("notify",)

    notify: Callable[[], None]


class Listened(Held):
    """The same while the head sleeps: the first write ends that. Costs the writes after it nothing."""

    __slots__ = ()

    def append(self, value: Any) -> None:
        """Append, and tell of it."""
        list.append(self, value)
        become(self, Held)
        self.notify()


def become(held: list[Any], kind: type[Held]) -> None:
    """Have the loops append to `held` as to a `kind`; they look it up at each write, at no cost."""
    held.__class__ = kind
