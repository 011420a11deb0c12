"""Blocks of memory in the shared memory of the node.

A block is mapped copy-on-write: to read it takes no copy, and a page that is written to becomes the reader's
own. What is released is given back when nothing refers to it any more, as in `transport.buffers`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from mmap import MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap
from typing import Any

from hpcd4p.transport.block_files import found, free, path_of, read
from hpcd4p.transport.broker import Line
from hpcd4p.transport.own_blocks import Buffers, OwnBlocks
from hpcd4p.wire.block import Block, places

MOST_OPEN = 256
"""Blocks that a rank has mapped at once: each takes a descriptor. What is opened beyond that is copied."""

_OURS = 3
"""References to memory that nobody reads: of the list, the variable, and the call of `getrefcount`."""


class SharedBlocks:
    """See `transport.broker.Blocks`.

    Parameters
    ----------
    own
        Those that this rank writes.
    line
        See `Blocks.line`.
    """

    def __init__(self, own: OwnBlocks, line: Line | None = None) -> None:
        self.line = line
        self._own = own
        self._folder = own.folder
        self._opened: dict[Block, _Opened] = {}
        self._inherited: set[Block] = set()
        """Those that were mapped when a child was forked, and are not released."""
        os.register_at_fork(after_in_parent=self._forked)

    def put(self, buffers: Buffers) -> Block | None:
        """See `Blocks.put`."""
        return self._own.put(buffers)

    def open(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """See `Blocks.open`."""
        self._sweep()
        begins = places(sizes)
        with found(self._folder, block, begins[-1]) as file:
            if len(self._opened) >= MOST_OPEN:
                return [read(file, begin, size) for begin, size in zip(begins, sizes, strict=False)]
            memory = mmap(file, begins[-1], flags=MAP_PRIVATE, prot=PROT_READ | PROT_WRITE)
        self._opened.setdefault(block, _Opened()).memories.append(memory)
        view = memoryview(memory)
        return [view[begin : begin + size] for begin, size in zip(begins, sizes, strict=False)]

    def release(self, block: Block) -> None:
        """See `Blocks.release`."""
        if not block.lasting:
            with suppress(FileNotFoundError):
                os.unlink(path_of(self._folder, block.rank, block.number))
        elif block in self._inherited:
            self._inherited.remove(block)
        elif block in self._opened:
            self._opened[block].released = True
        else:
            free(self._folder, block.rank, block.number, block.stamp)
        self._sweep()

    def _sweep(self) -> None:
        """Unmap what nobody here reads any more, and give it back if it was released."""
        for block, opened in list(self._opened.items()):
            if not opened.is_read():
                del self._opened[block]
                if opened.released:
                    free(self._folder, block.rank, block.number, block.stamp)

    def _forked(self) -> None:
        """Never give back what is mapped now: a child of this process may read it at any time."""
        self._inherited.update(self._opened)
        self._opened.clear()


class _Opened:
    """A block that is mapped here; whatever is made of its buffers has a reference to the memory."""

    __slots__ = ("memories", "released")

    def __init__(self) -> None:
        self.memories: list[mmap] = []
        """One for each time that it was opened."""
        self.released = False

    def is_read(self) -> bool:
        return any(sys.getrefcount(memory) > _OURS for memory in self.memories)
