"""What is appended to a journal, compressed where that pays and as far as there is time for it."""

from __future__ import annotations

import time
import zlib

SAMPLE_BYTES = 1 << 13
"""So much of a body is compressed to see whether it pays: of what does not compress, zlib does 50 MB in a
second, and of text ten times that."""

SHARE, FREE_S = 0.02, 0.05
"""Compressing takes at most this share of the time since the first body, and this many seconds more: of small
numbers zlib does 100 MB in a second, and outputs may come as fast as that."""


class Packing:
    """Compresses the bodies of one journal."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._used_s = 0.0

    def packed(self, body: bytes) -> bytes | None:
        """It in fewer bytes; None if that does not pay, or has taken too much time already."""
        if self._used_s > FREE_S + SHARE * (time.monotonic() - self._began_s):
            return None
        began_s = time.thread_time()
        sample = body[:SAMPLE_BYTES]
        pays = len(zlib.compress(sample, 1)) < 0.9 * len(sample)
        packed = zlib.compress(body, 1) if pays else None
        self._used_s += time.thread_time() - began_s
        return packed


unpacked = zlib.decompress
"""Inverse of `Packing.packed`."""
