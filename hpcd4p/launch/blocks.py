"""What a rank has of the shared memory of its node, for large buffers: made when the first of them comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    home
        The ranks that have blocks; empty: all.

    Attributes
    ----------
    line
        See `Blocks.line`.
    """

    def __init__(
        self, folder: str, rank: int, ranks: int, least: int, home: frozenset[int] = frozenset()
    ) -> None:
        self.line: Line | None = None
        self._home = home
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

            self._lent = LentBlocks(self._of_own(), self._home)
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
        if sum(map(len, buffers)) < self._least:
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
    """The blocks of a rank; None where there are none, or it lives elsewhere. See `NodeBlocks`."""
    home, plan = setup.home, setup.plan
    if not setup.blocks or (home and rank not in home):
        return None
    blocks = NodeBlocks(setup.blocks, rank, len(home) or plan.size, setup.settings.shared_bytes, home)
    if home:
        from hpcd4p.control.home_line import line_of

        blocks.line = line_of(plan, home)
    return blocks
