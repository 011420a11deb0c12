"""Depth first without recursion: a workflow may be thousands of elements deep, Python's calls may not.

Work is a generator that yields other work, which is done completely before the generator goes on. So the work
under way is a list, memory holds one batch for each element on the way, and tracebacks are short.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Work: TypeAlias = "Iterator[Work]"
"""Work in steps; each step yields work that must be done first."""

NESTED_CALLS = 16
"""Calls of elements that may be interrupted inside each other because they write much; each takes a dozen
of the thousand nested calls that Python allows."""


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
    """How many calls of elements are interrupted while what they have written so far is worked on."""

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
