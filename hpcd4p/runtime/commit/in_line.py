"""What a rank has in line at a cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.wire.messages import Arrival

if TYPE_CHECKING:
    from hpcd4p.runtime.commit.gates import Gates
    from hpcd4p.runtime.commit.lined import Waiting
    from hpcd4p.wire.messages import Segment
    from hpcd4p.wire.place import Turn


class InLine(NamedTuple):
    """In this order."""

    segments: list[Segment]
    """For partitions here or elsewhere."""
    messages: Sequence[Waiting] = ()
    """Most of them are still sealed."""
    held: Sequence[tuple[Turn, Waiting]] = ()
    """What waits for its turn."""
    gates: Gates | None = None
    """Through which the messages have to go, with what waits there; None: no partition has come here."""


def counts_for(committed: Sequence[int], what: Waiting) -> bool:
    """Whether it is of a transaction that counts; those of the rank itself do."""
    return not isinstance(what, Arrival) or what.tx <= committed[what.source]
