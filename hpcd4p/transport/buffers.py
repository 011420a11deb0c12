"""Memory to receive into: large buffers are used again when nothing refers to them any more.

New memory is the expensive part of receiving an array: the kernel maps and clears it page by page, and it is
in no cache. Owns the buffers that are used again; must never hand out one that is still referred to.
"""

from __future__ import annotations

import sys
from typing import Any

LARGE_BYTES = 1 << 16
"""Buffers of this size and more are worth keeping."""

MOST_BYTES = 64 << 20
"""Bytes that are kept: as much as is under way to a rank with a few senders."""

_OURS = 3
"""References to a free buffer: of the list, of the variable, and of the call of `getrefcount`."""


class Buffers:
    """Buffers of one rank."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._bytes = 0

    def take(self, size: int) -> Any:
        """Writable memory for `size` bytes, for the caller alone; its content is undefined."""
        if size < LARGE_BYTES:
            return bytearray(size)
        for buffer in reversed(self._kept):  # the latest first: most likely it is in a cache
            if len(buffer) == size and sys.getrefcount(buffer) == _OURS:
                return memoryview(buffer)  # the view, and arrays made of it, keep a reference to the buffer
        buffer = _new(size)
        self._kept.append(buffer)
        self._bytes += size
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._bytes -= len(self._kept.pop(0))  # references elsewhere keep it alive
        return memoryview(buffer)


def _new(size: int) -> Any:
    """A new buffer, not zeroed if numpy is imported anyway; large buffers are mostly for arrays."""
    numpy = sys.modules.get("numpy")
    return bytearray(size) if numpy is None else numpy.empty(size, numpy.uint8)
