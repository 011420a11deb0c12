"""Depth first without recursion: a workflow may be thousands of elements deep, Python's calls may not.

Work is written as a generator that yields what has to be done to the end before it goes on. So the stack of
what is under way is a list, memory holds a batch for each element on the way, and a traceback is short.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Work: TypeAlias = "Iterator[Work]"
"""Something to do in steps; each step is work that comes first."""

NESTED_CALLS = 16
"""Calls of elements that may be in their middle at once because of what they write; each takes a dozen of
the thousand calls that Python allows."""


def depth_first(work: Work) -> None:
    """Do `work`, and whatever it yields before it goes on."""
    stack = [work]
    while stack:
        first = next(stack[-1], None)
        if first is None:
            stack.pop()
        else:
            stack.append(first)


class Nesting:
    """How many calls of elements are in their middle, while what they have written so far is worked on."""

    def __init__(self) -> None:
        self._depth = 0

    def allows(self, held: int, most: int) -> bool:
        """Whether a call that holds `held` tuples, `most` or more, may be interrupted for them.

        Each level below `NESTED_CALLS` must hold twice as much as the one before: so the depth grows with
        the logarithm of what memory holds.
        """
        return self._depth < NESTED_CALLS or held >= most << (self._depth - NESTED_CALLS + 1)

    def __enter__(self) -> None:
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
