"""The porter of a node: publishes tasks that lie in its memory once more, with their bytes, and shows blocks.

It runs no user code, so it answers at any time, and outlives the ranks of its node. It takes part in nothing
else: it has a number of its own (`wire.nodes`), a bell, and a lease for what it carries at the moment.
"""

from __future__ import annotations

from hpcd4p.errors import ForeignBytesError
from hpcd4p.runtime.rank.far_blocks import about_given
from hpcd4p.runtime.rank.whole_tasks import carried
from hpcd4p.transport.broker import Blocks, Broker
from hpcd4p.wire.codec import WANTED, Codec, about
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.orders import Stop


class Porter:
    """That of one node.

    Parameters
    ----------
    blocks
        Those of the node.
    """

    def __init__(self, broker: Broker, codec: Codec, blocks: Blocks) -> None:
        self._broker = broker
        self._codec = codec
        self._blocks = blocks

    def serve(self) -> None:
        """Carry what is looked for, and answer the head, until it says that the run is over.

        Raises
        ------
        BrokerLost
            It cannot say so.
        """
        over = False
        while not over:
            for task in self._broker.carry():
                over |= self._commit(carried(task, self._codec, self._blocks))
            self._broker.serve(self._answer)
            over |= self._commit(Commit())
            if not over:
                self._broker.wait(None)

    def _commit(self, commit: Commit) -> bool:
        """Whether the run is over."""
        reply = self._broker.step(commit)
        for block in commit.spent if reply.accepted else ():
            self._blocks.release(block)
        return not reply.accepted or any(isinstance(order, Stop) for order in reply.orders)

    def _answer(self, wanted: bytes) -> bytes:
        """A copy of the buffers of a block, sealed; nothing if they are not there, or were to be released."""
        try:
            block, sizes = self._codec.open(wanted, about(WANTED))
            if sizes is None:
                self._blocks.release(block)
                return b""
            buffers = self._blocks.open(block, sizes)
        except ForeignBytesError:
            return b""
        return self._codec.seal_frames([b"", *buffers], about_given(block))
