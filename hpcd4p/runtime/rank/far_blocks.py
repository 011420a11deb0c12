"""The blocks of all nodes, as the head reads them: its own from memory, others' through their porters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hpcd4p.errors import ForeignBytesError, RankLost
from hpcd4p.transport.broker import Blocks, Broker, Line
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import GIVEN, WANTED, Codec, about
from hpcd4p.wire.nodes import Nodes, porter_of


def memory_lost(nodes: Nodes, node: int) -> RankLost:
    """The error for a node whose memory is gone with what lies nowhere else."""
    where = f"in the shared memory of the node of rank {nodes.index(node)}"
    return RankLost(
        f"arrays are lost that lay {where}: the node has died, or the process there that looks after them. "
        "Nothing was written as a result: start the run again (with --checkpoint it would go on, and with "
        "--shared-bytes 0 nothing lies there)"
    )


def about_given(block: Block) -> bytes:
    """What the answer of a porter is about."""
    return about(GIVEN, block.rank, block.stamp)


class FarBlocks:
    """See `transport.broker.Blocks`.

    Parameters
    ----------
    own
        Those of the node of the head; None where it has none.
    """

    def __init__(self, own: Blocks | None, broker: Broker, codec: Codec, nodes: Nodes) -> None:
        self.line: Line | None = None if own is None else own.line
        self._own = own
        self._broker = broker
        self._codec = codec
        self._nodes = nodes

    def put(self, buffers: Sequence[bytes | memoryview]) -> Block | None:
        """See `Blocks.put`."""
        return None if self._own is None else self._own.put(buffers)

    def open(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """See `Blocks.open`.

        Raises
        ------
        RankLost
            The memory of that node is gone.
        """
        if self._own is not None and not self._nodes[block.rank]:
            return self._own.open(block, sizes)
        answer = self._ask(block, sizes)
        if answer is None:
            raise memory_lost(self._nodes, self._nodes[block.rank])
        if not answer:
            raise ForeignBytesError(f"{block} on another node is not what its writer has made")
        return self._codec.split(self._codec.check(answer, about_given(block)))[1:]

    def release(self, block: Block) -> None:
        """See `Blocks.release`."""
        if self._own is not None and not self._nodes[block.rank]:
            self._own.release(block)
        else:  # where nobody answers, it is gone
            self._ask(block, None)

    def _ask(self, block: Block, sizes: Sequence[int] | None) -> bytes | None:
        wanted = self._codec.seal((block, sizes), about(WANTED))
        return self._broker.fetch(porter_of(self._nodes[block.rank]), wanted)
