"""The part in checkpoints of a rank that holds no partition yet: most never do, and need nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.wire.orders import Cut, Order

if TYPE_CHECKING:
    from hpcd4p.runtime.rank.cutting import Cutting


class LateCutting:
    """See `cutting.Cutting`, which takes its place when the rank is to have a part in a checkpoint.

    Parameters
    ----------
    make
        Makes it, and puts it in its place.
    """

    standing = 0
    look_s: float | None = None

    def __init__(self, make: Callable[[], Cutting]) -> None:
        self._make = make

    def begin(self) -> None:
        """See `Cutting.begin`: nothing is here."""

    def obey(self, order: Order) -> None:
        """See `Cutting.obey`."""
        if isinstance(order, Cut):
            self._make().obey(order)

    def tend(self) -> None:
        """See `Cutting.tend`: there is nothing to tell."""

    def has_changed(self) -> bool:
        """See `Cutting.has_changed`."""
        return False
