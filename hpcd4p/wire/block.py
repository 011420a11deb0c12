"""A block of shared memory, in which large buffers lie, as whoever reads it must know it. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import NamedTuple

HEAD_BYTES = 64
"""In front of the buffers of a block is its stamp."""

ALIGNED = 64
"""Each buffer begins at a multiple of this, for arrays are read in vectors."""

_BLOCK = struct.Struct("<IIQQI")

PACKED_BYTES = _BLOCK.size


class Block(NamedTuple):
    """A block that holds the buffers of one batch."""

    rank: int
    """Who has written it."""
    number: int
    """Of the block, among those of that rank."""
    stamp: int
    """A block that is used again has another one."""
    inode: int
    """Of its file: another file of that name is another block."""
    lasting: bool
    """Whether its writer uses it again once it is free; if not, it is removed."""

    def pack(self) -> bytes:
        """As bytes."""
        return _BLOCK.pack(*self)

    @staticmethod
    def unpack(data: bytes | memoryview, at: int = 0) -> Block:
        """The block that `pack` made into bytes."""
        rank, number, stamp, inode, lasting = _BLOCK.unpack_from(data, at)
        return Block(rank, number, stamp, inode, bool(lasting))


def places(sizes: Iterable[int]) -> list[int]:
    """Where each buffer of these sizes begins in its block, and, last, where the block ends."""
    at = HEAD_BYTES
    begins = []
    for size in sizes:
        begins.append(at)
        at += -(-size // ALIGNED) * ALIGNED
    return [*begins, at]
