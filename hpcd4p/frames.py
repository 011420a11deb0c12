"""One piece of memory for the frames of all calls of a thread.

CPython (3.11 and later) takes memory for frames from the system in pieces of 16 KiB, and gives a piece back
as soon as no frame is in it. A loop that happens to run at the edge of one has a call of `mmap` and one of
`munmap` for each call that it makes: some microseconds. A frame that needs much gets a larger piece, and
those of the calls below it find room behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_SLOTS = 70_000
"""8 bytes each, rounded up to a power of 2: 1 MiB, of which half is behind the frame. No page of it is
touched before it is used."""


def _call(call: Callable[[], Any]) -> Any:
    return call()


_call.__code__ = _call.__code__.replace(co_stacksize=_SLOTS)


def in_one_piece(call: Callable[[], Any]) -> Any:
    """Give what `call` gives, with room for 0.4 MiB of frames below it."""
    return _call(call)
