"""Blocks of shared memory that one rank lends another: the buffers of a message between two ranks of a node.

The receiver alone reads a block until it gives it back, so it is mapped once, and written to where it lies:
no page is ever cleared, copied or mapped again. Owns those that are borrowed here; must never give one back
that anything refers to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from mmap import MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap
from typing import Any

from hpcd4p import descriptors
from hpcd4p.errors import ForeignBytesError
from hpcd4p.transport.block_files import STAMP_BYTES, SWEPT, found, free, path_of, stamped
from hpcd4p.transport.own_blocks import Buffers, OwnBlocks
from hpcd4p.wire.block import Block, places

MOST_MAPPED = 256
"""Blocks that stay mapped although they are given back: each takes a descriptor."""

_OURS = 4
"""References to memory that nobody reads: of both tables, the variable, and the call of `getrefcount`."""

_FREE = stamped(0)

_MAP_FIXED = 0x10


class LentBlocks:
    """What a rank lends and borrows.

    Parameters
    ----------
    own
        Those that this rank writes.
    here
        The ranks of this node; empty: all are.
    """

    def __init__(self, own: OwnBlocks, here: Collection[int] = ()) -> None:
        self._own = own
        self._here = here
        self._mapped: dict[tuple[int, int], mmap] = {}
        self._borrowed: dict[tuple[int, int], mmap] = {}
        self._stamps: dict[tuple[int, int], int] = {}
        """Of each block when it was borrowed last."""
        self._parted: dict[tuple[int, int], mmap] = {}
        """Borrowed, but copies of this process have had them, too: what is written here is seen nowhere."""
        self._copies: list[tuple[int, set[tuple[int, int]]]] = []
        """Of each the descriptor that tells its end, and what it has."""
        self._pipe: tuple[int, int] | None = None
        os.register_at_fork(
            before=self._before_fork, after_in_parent=self._forked, after_in_child=self._is_child
        )

    def lend(self, reader: int, buffers: Buffers) -> Block | None:
        """Copy buffers into a block for one reader.

        None if it is on another node, they are not worth it, or there is no room.
        """
        if self._here and reader not in self._here:
            return None
        if not self._own.rules.goes_aside(sum(map(len, buffers))):
            return None
        return self._own.put(buffers, lasting=True)

    def borrow(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """The buffers in a block, for this rank alone; it is given back when nothing refers to them any more.

        Raises
        ------
        ForeignBytesError
            The block is not what its writer has made.
        """
        key = block.rank, block.number
        begins = places(sizes)
        memory = self._mapped.get(key)
        if memory is None:
            self._forget_one()
            with found(self._own.folder, block, begins[-1], os.O_RDWR) as file:
                memory = self._mapped[key] = mmap(file, os.fstat(file).st_size)
        if memory[:STAMP_BYTES] != stamped(block.stamp) or key in self._borrowed:
            raise ForeignBytesError(f"a block of shared memory is not what was lent: {SWEPT}")
        self._borrowed[key] = memory
        self._stamps[key] = block.stamp
        view = memoryview(memory)
        return [view[begin : begin + size] for begin, size in zip(begins, sizes, strict=False)]

    def give_back(self) -> None:
        """Give back what nothing here refers to any more."""
        for key in list(self._borrowed):
            memory = self._borrowed[key]
            if sys.getrefcount(memory) <= _OURS:
                del self._borrowed[key]
                if memory[:STAMP_BYTES] == stamped(self._stamps[key]):
                    memory[:STAMP_BYTES] = _FREE
        if self._parted:
            self._give_back_parted()

    def _give_back_parted(self) -> None:
        """The same for what copies of this process had: once they have ended."""
        self._copies = [(ends, had) for ends, had in self._copies if not descriptors.ended(ends)]
        read = set[tuple[int, int]]().union(*(had for _, had in self._copies))
        for key in list(self._parted):
            memory = self._parted[key]
            if key not in read and sys.getrefcount(memory) <= _OURS - 1:
                del self._parted[key]
                free(self._own.folder, *key, self._stamps[key])

    def _forget_one(self) -> None:
        """Unmap a block that is given back, if many are mapped: perhaps its writer has removed it."""
        if len(self._mapped) >= MOST_MAPPED:
            for key in self._mapped:
                if key not in self._borrowed:
                    del self._mapped[key]
                    break

    def _before_fork(self) -> None:
        self._pipe = descriptors.end_of_copy() if self._borrowed or self._parted else None

    def _forked(self) -> None:
        """Give nothing back that is borrowed now as long as the child of this process may read it.

        That is known of a copy; any other may do so as long as the run. It finds all as it was at the fork,
        for what this process writes from now on is its own alone, too.
        """
        for key in self._borrowed:
            self._mapped.pop(key, None)
        self._parted |= self._borrowed
        self._part()
        if self._pipe is None:
            self._parted.clear()
            return
        ends, kept = self._pipe
        os.close(kept)
        self._copies.append((ends, {*self._parted}))

    def _is_child(self) -> None:
        """Have all as it is, and never give it back."""
        self._part()
        self._parted.clear()

    def _part(self) -> None:
        """On both sides of a fork: have what is written seen by nobody else, as it is with other memory."""
        if not self._borrowed:
            return
        import ctypes

        libc = ctypes.CDLL(None)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        for (rank, number), memory in self._borrowed.items():
            try:
                file = os.open(path_of(self._own.folder, rank, number), os.O_RDONLY | os.O_CLOEXEC)
            except OSError:  # its writer has ended, and so does the run
                continue
            at = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            libc.mmap(at, len(memory), PROT_READ | PROT_WRITE, MAP_PRIVATE | _MAP_FIXED, file, 0)
            os.close(file)
        self._borrowed.clear()
