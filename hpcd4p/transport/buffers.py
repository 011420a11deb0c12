"""Memory to receive into: large buffers come back when nobody looks at them any more.

Fresh memory is the dear part of receiving an array: the kernel maps and clears it page by page, and it
is in no cache. Owns the buffers that may come back; must never hand out one that somebody still has.
"""

from __future__ import annotations

import sys
from typing import Any

LARGE_BYTES = 1 << 16
"""From here on a buffer is worth keeping."""

MOST_BYTES = 64 << 20
"""So much is kept: as much as is on its way to a rank with a few senders."""

_OURS = 3
"""References to a buffer that is free: the list's, the variable's, and the one of the question."""


class Buffers:
    """Buffers of one rank."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._bytes = 0

    def take(self, size: int) -> Any:
        """Memory for `size` bytes, writable; what is in it is undefined. It is the caller's alone."""
        if size < LARGE_BYTES:
            return bytearray(size)
        for buffer in reversed(self._kept):  # the latest first: it is the likeliest to be in a cache
            if len(buffer) == size and sys.getrefcount(buffer) == _OURS:
                return memoryview(buffer)  # which holds the buffer as long as it or an array of it is there
        buffer = _new(size)
        self._kept.append(buffer)
        self._bytes += size
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._bytes -= len(self._kept.pop(0))  # whoever still looks at it keeps it
        return memoryview(buffer)


def _new(size: int) -> Any:
    """Not zeroed if numpy is here anyway: arrays are what is large."""
    numpy = sys.modules.get("numpy")
    return bytearray(size) if numpy is None else numpy.empty(size, numpy.uint8)
