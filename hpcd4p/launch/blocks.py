"""What a rank has of the shared memory of its node, for large buffers: made when the first of them comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.transport.broker import Line
    from hpcd4p.transport.lent_blocks import LentBlocks
    from hpcd4p.transport.own_blocks import Buffers, OwnBlocks
    from hpcd4p.transport.shared_blocks import SharedBlocks
    from hpcd4p.wire.block import Block


class NodeBlocks:
    """The blocks of one of so many ranks; for tasks (`transport.broker.Blocks`) and messages (`Loans`).

    Most ranks never have a large buffer, and import nothing for it.

    Parameters
    ----------
    folder
        See `blocks_folder`.
    least
        See `EngineSettings.shared_bytes`.
    here
        The ranks that have blocks in it; empty: all.
    summon
        Has the folder made, and says whether it is there; called before each use.

    Attributes
    ----------
    line
        See `Blocks.line`.
    """

    def __init__(
        self,
        folder: str,
        rank: int,
        ranks: int,
        least: int,
        here: frozenset[int] = frozenset(),
        summon: Callable[[], bool] = lambda: True,
    ) -> None:
        self.line: Line | None = None
        self._here = here
        self._summon = summon
        self._folder, self._rank, self._ranks, self._least = folder, rank, ranks, least
        self._own: OwnBlocks | None = None
        self._shared: SharedBlocks | None = None
        self._lent: LentBlocks | None = None

    def _of_own(self) -> OwnBlocks:
        if self._own is None:
            from hpcd4p.control.placing import Placing
            from hpcd4p.transport.own_blocks import OwnBlocks

            self._own = OwnBlocks(self._folder, self._rank, Placing(self._ranks, self._least))
        return self._own

    def _of_tasks(self) -> SharedBlocks:
        if self._shared is None:
            from hpcd4p.transport.shared_blocks import SharedBlocks

            self._shared = SharedBlocks(self._of_own(), self.line)
        return self._shared

    def _of_messages(self) -> LentBlocks:
        if self._lent is None:
            from hpcd4p.transport.lent_blocks import LentBlocks

            self._lent = LentBlocks(self._of_own(), self._here)
        return self._lent

    # ---- of tasks

    def put(self, buffers: Buffers) -> Block | None:
        """See `Blocks.put`."""
        return self._of_tasks().put(buffers)

    def open(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """See `Blocks.open`."""
        return self._of_tasks().open(block, sizes)

    def release(self, block: Block) -> None:
        """See `Blocks.release`."""
        self._of_tasks().release(block)

    # ---- of messages

    def lend(self, reader: int, buffers: Buffers) -> Block | None:
        """See `LentBlocks.lend`."""
        if sum(map(len, buffers)) < self._least or (self._here and reader not in self._here):
            return None
        if not self._summon():
            return None
        return self._of_messages().lend(reader, buffers)

    def borrow(self, block: Block, sizes: Sequence[int]) -> list[Any]:
        """See `LentBlocks.borrow`."""
        return self._of_messages().borrow(block, sizes)

    def give_back(self) -> None:
        """See `LentBlocks.give_back`."""
        if self._lent is not None:
            self._lent.give_back()


def blocks_in(setup: Setup, rank: int) -> NodeBlocks | None:
    """The blocks of a rank; None where there are none, or it is alone on its node. See `NodeBlocks`."""
    nodes, plan, least = setup.nodes, setup.plan, setup.settings.shared_bytes
    if not setup.blocks:
        return None
    if not nodes:
        return NodeBlocks(setup.blocks, rank, plan.size, least)
    from hpcd4p.wire.nodes import ranks_on  # most runs are on one

    node = nodes[rank]
    here = ranks_on(node, nodes)
    # on another node than the head's, a porter has the folder, and it needs a Redis
    if len(here) == 1 or (node and setup.redis is None):
        return None
    from hpcd4p.control.near_line import line_of

    line = line_of(plan, nodes, node)
    if not node:
        blocks = NodeBlocks(setup.blocks, rank, len(here), least, here)
        blocks.line = line
        return blocks
    from hpcd4p.launch.porter import Summons, SummonsLine

    summons = Summons(setup, node)
    blocks = NodeBlocks(summons.folder, rank, len(here), least, here, summons.answered)
    if line is not None:
        blocks.line = SummonsLine(line, summons)
    return blocks
