"""Keeps the checkpoints of a run in one process: it makes their folder for the first of them.

Most runs are over before that; they need none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcd4p.record.survival import CheckpointRow
    from hpcd4p.runtime.head.keeper import Keeper, Kept
    from hpcd4p.wire.cut_reports import Saved
    from hpcd4p.wire.resumption import Fixed


class LateKeeper:
    """See `runtime.head.keeper.Keeper`.

    Parameters
    ----------
    make
        Makes the folder, and gives the keeper that writes there; may raise `CheckpointError`.
    """

    def __init__(self, make: Callable[[], Keeper]) -> None:
        self._make = make
        self._keeper: Keeper | None = None

    @property
    def _made(self) -> Keeper:
        if self._keeper is None:
            self._keeper = self._make()
        return self._keeper

    def begin(self, epoch: int) -> None:
        """See `Keeper.begin`."""
        self._made.begin(epoch)

    def fix(self, epoch: int, fixed: Fixed) -> None:
        """See `Keeper.fix`."""
        self._made.fix(epoch, fixed)

    def complete(self, epoch: int, saved: Sequence[Saved], row: CheckpointRow) -> None:
        """See `Keeper.complete`."""
        self._made.complete(epoch, saved, row)

    def ended(self) -> list[Kept]:
        """See `Keeper.ended`."""
        return [] if self._keeper is None else self._keeper.ended()

    def give_up(self, epoch: int, no_room: bool = False) -> None:
        """See `Keeper.give_up`."""
        if self._keeper is not None:
            self._keeper.give_up(epoch, no_room)
