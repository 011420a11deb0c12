"""Frames lie in one piece of memory: no call takes some from the system, however deep the stack is."""

from __future__ import annotations

import resource
from collections.abc import Callable

import pytest

from hpcd4p.frames import in_one_piece

CALLS = 300
DEPTHS = 500
"""More than a piece of 16 KiB has frames."""


def leaf() -> None:
    return None


leaf.__code__ = leaf.__code__.replace(co_stacksize=100)  # its frame is larger than one of `faults`


def faults(depth: int) -> int:
    """Pages that the system gives to a loop of calls so deep in the stack."""
    if depth:
        return faults(depth - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(CALLS):
        leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def most() -> int:
    return max(faults(depth) for depth in range(DEPTHS))


def test_a_loop_of_calls_takes_no_memory_from_the_system_at_any_depth() -> None:
    assert in_one_piece(most) < CALLS


def test_what_a_call_gives_or_raises_comes_through() -> None:
    assert in_one_piece(lambda: 7) == 7
    failing: Callable[[], float] = lambda: 1 / 0  # noqa: E731
    with pytest.raises(ZeroDivisionError):
        in_one_piece(failing)
