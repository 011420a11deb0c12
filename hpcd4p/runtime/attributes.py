"""Whether an element has changed itself: its attributes as bytes, before and after."""

from __future__ import annotations

import gc
import pickle

from hpcd4p.runtime.weight import weigh
from hpcd4p.workflow.generic import GenericPE

MOST_BYTES = 1 << 20
"""Elements that hold more than this (a model, a table) are not compared: it would take too long."""


class Watch:
    """Elements of one rank that should hold no state, and what they held before their first tuple."""

    def __init__(self) -> None:
        self._before: list[tuple[int, GenericPE, bytes]] = []

    def add(self, element: int, pe: GenericPE) -> None:
        """Remember what `pe` holds now; not of one that says ``stateful = False``, for its author knows."""
        before = attributes(pe) if pe.stateful is None else None
        if before is not None:
            self._before.append((element, pe, before))

    def changed(self) -> list[int]:
        """Elements that have changed their attributes since: they hold state that nobody declared."""
        return [element for element, pe, before in self._before if attributes(pe) != before]


def attributes(pe: GenericPE) -> bytes | None:
    """The attributes of an element as bytes to compare; None if they are large or cannot be pickled.

    Read without touching its ``__dict__``: an object whose dict was never asked for keeps CPython's
    fast attributes, and this one is about to be called millions of times.
    """
    values = [v for v in gc.get_referents(pe) if v is not type(pe) and v is not pe._sink]
    if any(type(v) is dict and "_sink" in v for v in values):  # the dict exists already
        values = [pe.__getstate__()]
    if not values or weigh([values]) > MOST_BYTES:
        return None
    try:
        return pickle.dumps(values, protocol=5)
    except Exception:  # noqa: BLE001  # user attributes: pickling them may raise anything
        return None
