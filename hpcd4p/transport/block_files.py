"""The files of blocks of shared memory: in a folder of the run that is in memory, 0600, one for each block.

A file begins with its stamp; 0 says that its writer may use it again (`lasting` blocks; others are removed by
whoever releases them).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hpcd4p.errors import ForeignBytesError
from hpcd4p.wire.block import Block

STAMP_BYTES = 8

SWEPT = (
    "something else clears the shared memory of this user (systemd does at the last logout, unless `loginctl "
    "enable-linger` was called). Start the run again, or without shared memory (--shared-bytes 0)"
)


def path_of(folder: str, rank: int, number: int) -> str:
    """The file of a block."""
    return f"{folder}/{rank}-{number}"


def stamped(stamp: int) -> bytes:
    """A stamp as it stands at the begin of a file."""
    return stamp.to_bytes(STAMP_BYTES, "little")


@contextmanager
def found(folder: str, block: Block, end: int, mode: int = os.O_RDONLY) -> Iterator[int]:
    """Descriptor of the file of a block of `end` bytes; only if it is what the writer of the block has made.

    Raises
    ------
    ForeignBytesError
        There is no such file, or another one.
    """
    path = path_of(folder, block.rank, block.number)
    try:
        file = os.open(path, mode | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ForeignBytesError(f"{path}, with tuples of this run, was removed: {SWEPT}") from None
    try:
        if not _is_it(file, block, end):
            raise ForeignBytesError(f"{path} is not what this run has written, and was refused: {SWEPT}")
        yield file
    finally:
        os.close(file)


def _is_it(file: int, block: Block, end: int) -> bool:
    seen = os.fstat(file)
    return (
        stat.S_ISREG(seen.st_mode)
        and seen.st_ino == block.inode
        and seen.st_uid == os.geteuid()
        and not seen.st_mode & 0o077
        and seen.st_size >= end
        and os.pread(file, STAMP_BYTES, 0) == stamped(block.stamp)
    )


def free(folder: str, rank: int, number: int, stamp: int) -> None:
    """Let the writer of a lasting block use it again, if it still has this stamp: else it does so already."""
    with suppress(OSError):  # its writer has ended, and so does the run
        file = os.open(path_of(folder, rank, number), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.pread(file, STAMP_BYTES, 0) == stamped(stamp):
                os.pwrite(file, stamped(0), 0)
        finally:
            os.close(file)


def write(file: int, at: int, data: bytes | memoryview) -> None:
    """Write all of `data`, which may be more than one call takes."""
    left = memoryview(data)
    while left:
        done = os.pwrite(file, left, at)
        at, left = at + done, left[done:]


def read(file: int, at: int, size: int) -> bytearray:
    """So many bytes, in memory of their own."""
    data = bytearray(size)
    left = memoryview(data)
    while left:
        done = os.preadv(file, [left], at)
        if not done:
            raise ForeignBytesError(f"a block of shared memory has become shorter: {SWEPT}")
        at, left = at + done, left[done:]
    return data
