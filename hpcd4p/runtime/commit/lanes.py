"""Which lanes a rank has to look at for the ordered elements of which it holds partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.runtime.commit.reorder import Reorder
from hpcd4p.runtime.commit.turn_times import TurnTimes
from hpcd4p.wire.place import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpcd4p.plan.order import Order
    from hpcd4p.transport.broker import Mesh
    from hpcd4p.wire.place import Lane


class Lanes:
    """Of one rank.

    Parameters
    ----------
    now
        Seconds: see `TurnTimes`.

    Attributes
    ----------
    ordered
        The ordered elements.
    """

    def __init__(self, order: Order, mesh: Mesh, now: Callable[[], float]) -> None:
        self.ordered = order.elements
        self._order = order
        self._mesh = mesh
        self._now = now

    def of(self, element: int) -> list[Lane]:
        """Those that lead to `element`; none if nothing of it comes through the pool, or has an order."""
        writers = self._order.writers(frozenset({element}))
        return [(reach, origin_of(*writer)) for reach, *writer in writers]

    def origins(self, element: int) -> list[int]:
        """The origins of these."""
        return sorted({origin for _, origin in self.of(element)})

    def watched(self, element: int, before: Reorder | None) -> Reorder | None:
        """What puts partitions of `element` in order, with what did so before here; None: nothing has to."""
        lanes = self.of(element)
        if not lanes:
            return before
        order = Reorder([], self._mesh, TurnTimes(self._now)) if before is None else before
        order.look_at(lanes)
        return order
