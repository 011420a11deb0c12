"""The blocks of shared memory that one rank has written.

Their pages are there before they are mapped, so a memory that is full is found by a `write`, and never by a
signal. To clear new pages costs several times what a copy costs, so blocks are used again where that can be.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from mmap import mmap
from typing import Protocol

from hpcd4p import heap
from hpcd4p.transport.block_files import STAMP_BYTES, path_of, stamped, write
from hpcd4p.wire.block import Block, places

PAGE_BYTES = 4096

_FREE = stamped(0)

Buffers = Sequence[bytes | memoryview]


class Rules(Protocol):
    """What blocks may be made: `control.placing.Placing`."""

    def goes_aside(self, size: int) -> bool:
        """Whether so many bytes of buffers are worth a block."""

    def fits(self, size: int, free: int, total: int) -> bool:
        """Whether a block of `size` may be made, with so many bytes of the shared memory free."""

    def lasts(self, size: int, kept: int, total: int) -> bool:
        """Whether a new block is one to keep, for a rank that has kept so many bytes already."""


class OwnBlocks:
    """The blocks that rank `rank` makes in `folder`."""

    def __init__(self, folder: str, rank: int, rules: Rules) -> None:
        self.folder = folder
        self.rules = rules
        self._rank = rank
        self._kept: list[_Kept] = []
        self._made = self._stamp = 0

    def put(self, buffers: Buffers, lasting: bool = False) -> Block | None:
        """Copy buffers into a block, one to keep if it is to be `lasting`; None if there is no room."""
        begins = places([len(buffer) for buffer in buffers])
        self._stamp += 1
        return self._put_again(buffers, begins) or self._put_anew(buffers, begins, lasting)

    def _put_again(self, buffers: Buffers, begins: list[int]) -> Block | None:
        """Put them into a block that is free."""
        end = begins[-1]
        for kept in reversed(self._kept):  # most likely the same ones again: they are in a cache
            view = kept.view
            if end <= kept.size <= 2 * end + PAGE_BYTES and view[:STAMP_BYTES] == _FREE:
                for begin, buffer in zip(begins, buffers, strict=False):
                    view[begin : begin + len(buffer)] = buffer
                view[:STAMP_BYTES] = stamped(self._stamp)
                return Block(self._rank, kept.number, self._stamp, kept.inode, True)
        return None

    def _put_anew(self, buffers: Buffers, begins: list[int], lasting: bool) -> Block | None:
        """Put them into a new block."""
        if not self._made:
            heap.keep()  # whoever has arrays on their way makes more of them
        size = -(-begins[-1] // PAGE_BYTES) * PAGE_BYTES
        try:
            space = os.statvfs(self.folder)
            total = space.f_blocks * space.f_frsize
            keep = self._makes_room(size, total)
            if lasting > keep or not self.rules.fits(size, space.f_bavail * space.f_frsize, total):
                return None
            path = path_of(self.folder, self._rank, self._made + 1)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:  # no folder any more, or no descriptor
            return None
        self._made += 1
        try:
            for begin, buffer in zip([0, *begins], [stamped(self._stamp), *buffers], strict=False):
                write(file, begin, buffer)
            os.posix_fallocate(file, 0, size)
            inode = os.fstat(file).st_ino
            if keep:
                self._kept.append(_Kept(self._made, inode, mmap(file, size)))
        except OSError:  # the memory is full
            with suppress(OSError):
                os.unlink(path)
            return None
        finally:
            os.close(file)
        return Block(self._rank, self._made, self._stamp, inode, keep)

    def _makes_room(self, size: int, total: int) -> bool:
        """Whether a new block of `size` is one to keep; free ones of other sizes give way to it."""
        if not self.rules.lasts(size, 0, total):
            return False
        held = sum(kept.size for kept in self._kept)
        for kept in [kept for kept in self._kept if kept.view[:STAMP_BYTES] == _FREE]:
            if self.rules.lasts(size, held, total):
                break
            held -= kept.size
            self._kept.remove(kept)
            os.unlink(path_of(self.folder, self._rank, kept.number))
        return self.rules.lasts(size, held, total)


class _Kept:
    """A block that is used again and again."""

    __slots__ = ("inode", "number", "size", "view")

    def __init__(self, number: int, inode: int, memory: mmap) -> None:
        self.number = number
        self.inode = inode
        self.view = memoryview(memory)
        self.size = len(self.view)
