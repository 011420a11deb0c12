"""What a rank has of the shared memory of its node, for large buffers: `transport.shared_blocks`."""

from __future__ import annotations

from hpcd4p.control.placing import Placing
from hpcd4p.transport.lent_blocks import LentBlocks
from hpcd4p.transport.own_blocks import OwnBlocks
from hpcd4p.transport.shared_blocks import SharedBlocks


def blocks_in(
    folder: str, rank: int, ranks: int, least: int
) -> tuple[SharedBlocks, LentBlocks] | tuple[None, None]:
    """The blocks of one of so many ranks, for tasks and messages; None without folder (`blocks_folder`).

    `least`: see `Placing`.
    """
    if not folder:
        return None, None
    own = OwnBlocks(folder, rank, Placing(ranks, least))
    return SharedBlocks(own), LentBlocks(own)
