"""Where the large buffers of a batch lie while they are on their way: with it, or in shared memory. Pure.

==================================================  ====================
the batch                                           its buffers lie
==================================================  ====================
of a rank elsewhere than the head, or no memory     with it
less than `EngineSettings.shared_bytes` of buffers  with it
more, and it would take the last of the memory      with it
more, of a task, and `home_line` has no room        with it
more                                                in shared memory
==================================================  ====================
"""

from __future__ import annotations

from hpcd4p.control.sealing import goes_aside

RESERVE_SHARE = 1 / 8
"""Part of the shared memory of a node that is left to others: MPI takes some of it, too."""

LASTING_BYTES = 1 << 24
"""Larger blocks are not kept to be used again: what they hold counts for more than the time to clear them."""

KEPT_BYTES = 64 << 20
"""Of blocks that a rank uses again: as much as is under way from it to others."""

KEPT_SHARE = 1 / 4
"""Of the shared memory, for the blocks that all ranks of a node use again."""


class Placing:
    """What blocks the ranks of a node make in their shared memory.

    Parameters
    ----------
    ranks
        How many they are.
    least
        See `EngineSettings.shared_bytes`.
    """

    def __init__(self, ranks: int, least: int) -> None:
        self._ranks = ranks
        self._least = least

    def goes_aside(self, size: int) -> bool:
        """Whether so many bytes of buffers are worth a block."""
        return goes_aside(size, self._least)

    def fits(self, size: int, free: int, total: int) -> bool:
        """Whether a block of `size` may be made, with so many bytes of the shared memory free."""
        return free - size >= total * RESERVE_SHARE

    def lasts(self, size: int, kept: int, total: int) -> bool:
        """Whether a new block is one to keep, for a rank that has kept so many bytes already."""
        most = min(KEPT_BYTES, int(total * KEPT_SHARE / self._ranks))
        return size <= LASTING_BYTES and kept + size <= most
