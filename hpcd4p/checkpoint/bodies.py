"""The body of a sealed file, as file objects that an unpickler reads in pieces. Every rank imports this."""

from __future__ import annotations

import io
import os
from contextlib import suppress

PIECE_BYTES = 1 << 18
"""So much of a compressed body is read at a time."""


class Body(io.RawIOBase):
    """The bytes of a file between two offsets."""

    def __init__(self, descriptor: int, begin: int, end: int) -> None:
        self._descriptor = descriptor
        self._at = begin
        self._end = end

    def readable(self) -> bool:
        """See `io.IOBase.readable`."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """See `io.RawIOBase.readinto`."""
        with memoryview(buffer).cast("B")[: self._end - self._at] as part:
            done = os.preadv(self._descriptor, [part], self._at) if part else 0
        self._at += done
        return done

    def close(self) -> None:
        """See `io.IOBase.close`."""
        if not self.closed:
            super().close()
            with suppress(OSError):  # an element has closed it while it was unpickled
                os.close(self._descriptor)


class Unzipped(io.RawIOBase):
    """What a stream of zlib holds."""

    def __init__(self, body: io.RawIOBase) -> None:
        import zlib

        self._body = body
        self._unzip = zlib.decompressobj()

    def readable(self) -> bool:
        """See `io.IOBase.readable`."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """See `io.RawIOBase.readinto`."""
        size = len(buffer)
        data = b""
        while size and not data and not self._unzip.eof:
            packed = self._unzip.unconsumed_tail or self._body.read(PIECE_BYTES) or b""
            data = self._unzip.decompress(packed, size)
            if not packed and not data:
                break
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """See `io.IOBase.close`."""
        super().close()
        self._body.close()
