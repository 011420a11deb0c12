"""Blocks of shared memory: files in a folder of the run that is in memory, 0600, one for each block.

A file begins with its stamp; 0 says that its writer may use it again (`lasting` blocks; others are removed by
whoever releases them). Its pages are there before they are mapped, so a memory that is full is found by a
`write`, and never by a signal. To clear new pages costs several times what a copy costs, so blocks are used
again where that can be.

Owns the folder's files. Must never map one that is not what its writer has said.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from mmap import MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap
from typing import Any, Protocol

from hpcd4p.errors import ForeignBytesError
from hpcd4p.wire.block import HEAD_BYTES, Block, places

PAGE_BYTES = 4096

MOST_OPEN = 256
"""Blocks that a rank has mapped at once: each takes a descriptor. What is opened beyond that is copied."""

_OURS = 3
"""References to memory that nobody reads: of the list, the variable, and the call of `getrefcount`."""

_STAMP_BYTES = 8


class Rules(Protocol):
    """What blocks may be made: `control.placing.Placing`."""

    def fits(self, size: int, free: int, total: int) -> bool:
        """Whether a block of `size` may be made, with so many bytes of the shared memory free."""

    def lasts(self, size: int, kept: int, total: int) -> bool:
        """Whether a new block is one to keep, for a rank that has kept so many bytes already."""


class SharedBlocks:
    """See `transport.broker.Blocks`.

    Parameters
    ----------
    folder
        In memory, and of this run alone.
    """

    def __init__(self, folder: str, rank: int, rules: Rules) -> None:
        self._folder = folder
        self._rank = rank
        self._rules = rules
        self._kept: list[_Kept] = []
        self._made = self._stamp = 0
        self._opened: dict[Block, _Opened] = {}
        self._inherited: set[Block] = set()
        """Those that were mapped when a child was forked, and are not released."""
        os.register_at_fork(after_in_parent=self._forked)

    # ---- the writer

    def put(self, buffers: Sequence[bytes | memoryview]) -> Block | None:
        """See `Blocks.put`."""
        begins = places([len(buffer) for buffer in buffers])
        self._stamp += 1
        return self._put_again(buffers, begins) or self._put_anew(buffers, begins)

    def _put_again(self, buffers: Sequence[bytes | memoryview], begins: list[int]) -> Block | None:
        """Put them into a block that is free."""
        end = begins[-1]
        for kept in reversed(self._kept):  # the latest first: most likely it is in a cache
            if end <= kept.size <= 2 * end + PAGE_BYTES and kept.free:
                view = kept.view
                for begin, buffer in zip(begins, buffers, strict=False):
                    view[begin : begin + len(buffer)] = buffer
                view[:_STAMP_BYTES] = self._stamp.to_bytes(_STAMP_BYTES, "little")
                return Block(self._rank, kept.number, self._stamp, kept.inode, True)
        return None

    def _put_anew(self, buffers: Sequence[bytes | memoryview], begins: list[int]) -> Block | None:
        """Put them into a new block; None if there is no room."""
        size = -(-begins[-1] // PAGE_BYTES) * PAGE_BYTES
        self._made += 1
        path = self._path(self._rank, self._made)
        try:
            space = os.statvfs(self._folder)
            total = space.f_blocks * space.f_frsize
            if not self._rules.fits(size, space.f_bavail * space.f_frsize, total):
                return None
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:  # no folder any more, or no descriptor
            return None
        try:
            stamp = self._stamp.to_bytes(HEAD_BYTES, "little")
            for begin, buffer in zip([0, *begins], [stamp, *buffers], strict=False):
                _write(file, begin, memoryview(buffer))
            os.posix_fallocate(file, 0, size)
            inode = os.fstat(file).st_ino
            lasting = self._keep(size, file, inode, total)
        except OSError:
            with suppress(OSError):
                os.unlink(path)
            return None
        finally:
            os.close(file)
        return Block(self._rank, self._made, self._stamp, inode, lasting)

    def _keep(self, size: int, file: int, inode: int, total: int) -> bool:
        """Keep the newest block to use it again, unless enough are kept; free ones give way to it."""
        held = sum(kept.size for kept in self._kept)
        for kept in [kept for kept in self._kept if kept.free]:
            if self._rules.lasts(size, held, total) or not self._rules.lasts(size, 0, total):
                break
            held -= kept.size
            self._kept.remove(kept)
            os.unlink(self._path(self._rank, kept.number))
        if not self._rules.lasts(size, held, total):
            return False
        self._kept.append(_Kept(self._made, inode, mmap(file, size)))
        return True

    # ---- the reader

    def open(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """See `Blocks.open`. A page is copied when it is written to."""
        self._sweep()
        begins = places(sizes)
        with _Checked(self._path(block.rank, block.number), os.O_RDONLY, block, begins[-1]) as file:
            if len(self._opened) >= MOST_OPEN:
                return [_read(file, begin, size) for begin, size in zip(begins, sizes, strict=False)]
            memory = mmap(file, begins[-1], flags=MAP_PRIVATE, prot=PROT_READ | PROT_WRITE)
        self._opened.setdefault(block, _Opened()).memories.append(memory)
        view = memoryview(memory)
        return [view[begin : begin + size] for begin, size in zip(begins, sizes, strict=False)]

    def release(self, block: Block) -> None:
        """See `Blocks.release`."""
        if not block.lasting:
            with suppress(FileNotFoundError):
                os.unlink(self._path(block.rank, block.number))
        elif block in self._inherited:
            self._inherited.remove(block)
        elif block in self._opened:
            self._opened[block].released = True
        else:
            self._free(block)
        self._sweep()

    def _sweep(self) -> None:
        """Unmap what nobody here reads any more, and give it back if it was released."""
        for block, opened in list(self._opened.items()):
            if not opened.is_read():
                del self._opened[block]
                if opened.released:
                    self._free(block)

    def _free(self, block: Block) -> None:
        """Have the writer of a lasting block use it again."""
        with suppress(FileNotFoundError):  # the run is over
            file = os.open(self._path(block.rank, block.number), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.pwrite(file, bytes(_STAMP_BYTES), 0)
            finally:
                os.close(file)

    def _forked(self) -> None:
        """Never give back what is mapped now: a child of this process may read it at any time."""
        self._inherited.update(self._opened)
        self._opened.clear()

    def _path(self, rank: int, number: int) -> str:
        return f"{self._folder}/{rank}-{number}"


class _Kept:
    """A block of this rank that it uses again and again."""

    __slots__ = ("inode", "number", "size", "view")

    def __init__(self, number: int, inode: int, memory: mmap) -> None:
        self.number = number
        self.inode = inode
        self.view = memoryview(memory)
        self.size = len(self.view)

    @property
    def free(self) -> bool:
        return not any(self.view[:_STAMP_BYTES])


class _Opened:
    """A block that is mapped here; whatever is made of its buffers has a reference to the memory."""

    __slots__ = ("memories", "released")

    def __init__(self) -> None:
        self.memories: list[mmap] = []
        """One for each time that it was opened."""
        self.released = False

    def is_read(self) -> bool:
        return any(sys.getrefcount(memory) > _OURS for memory in self.memories)


class _Checked:
    """Descriptor of the file of a block; only if it is the file that the writer of the block has made."""

    __slots__ = ("_block", "_end", "_file", "_mode", "_path")

    def __init__(self, path: str, mode: int, block: Block, end: int) -> None:
        self._path = path
        self._mode = mode
        self._block = block
        self._end = end

    def __enter__(self) -> int:
        try:
            self._file = os.open(self._path, self._mode | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ForeignBytesError(f"{self._path}, with tuples of this run, was removed: {SWEPT}") from None
        if self._is_it():
            return self._file
        os.close(self._file)
        raise ForeignBytesError(f"{self._path} is not what this run has written, and was refused: {SWEPT}")

    def _is_it(self) -> bool:
        seen = os.fstat(self._file)
        return (
            stat.S_ISREG(seen.st_mode)
            and seen.st_ino == self._block.inode
            and seen.st_uid == os.geteuid()
            and not seen.st_mode & 0o077
            and seen.st_size >= self._end
            and os.pread(self._file, _STAMP_BYTES, 0) == self._block.stamp.to_bytes(_STAMP_BYTES, "little")
        )

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


SWEPT = (
    "something else clears the shared memory of this user (systemd does at the last logout, unless `loginctl "
    "enable-linger` was called). Start the run again, or without shared memory (--shared-bytes 0)"
)


def _write(file: int, at: int, data: memoryview) -> None:
    while data:
        done = os.pwrite(file, data, at)
        at, data = at + done, data[done:]


def _read(file: int, at: int, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        done = os.preadv(file, [view], at)
        if not done:
            raise ForeignBytesError("a block of shared memory has become shorter while it was read")
        at, view = at + done, view[done:]
    return data
