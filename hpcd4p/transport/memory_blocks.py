"""Twin of the blocks of shared memory in one process. See `transport.memory_broker`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcd4p.errors import ForeignBytesError
from hpcd4p.transport.broker import Line
from hpcd4p.wire.block import Block


class MemoryBlocks:
    """See `transport.broker.Blocks`.

    Parameters
    ----------
    held
        The memory: what lies in each block. All ranks of a node have the same one.
    line
        See `Blocks.line`.
    """

    def __init__(self, rank: int, held: dict[Block, list[bytes]], line: Line | None = None) -> None:
        self.line = line
        self._rank = rank
        self._held = held
        self._made = 0

    def put(self, buffers: Sequence[bytes | memoryview]) -> Block | None:
        """See `Blocks.put`."""
        self._made += 1
        block = Block(self._rank, self._made, self._made, 0, False)
        self._held[block] = [bytes(buffer) for buffer in buffers]
        return block

    def open(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """See `Blocks.open`."""
        lies = self._held.get(block)
        if lies is None or [len(buffer) for buffer in lies] != list(sizes):
            raise ForeignBytesError(f"{block} is not what its writer has made")
        return [bytearray(buffer) for buffer in lies]

    def release(self, block: Block) -> None:
        """See `Blocks.release`."""
        del self._held[block]
