"""What a rank holds at a cut, and how what was in line is taken up again. Every rank imports this."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.wire.messages import Segment
from hpcd4p.wire.resumption import Key, Restored
from hpcd4p.workflow.identity import loads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hpcd4p.runtime.commit.in_line import InLine
    from hpcd4p.runtime.commit.lined import Lined
    from hpcd4p.runtime.execute.instance import Instance

_STAYS = 1 << 30
"""More than any partition moves."""


class Image(NamedTuple):
    """What a rank holds at a cut; to be pickled before the rank goes on, or in a copy of its process."""

    instances: list[Instance]
    lined: InLine
    gone: Mapping[Key, int] = {}
    """Partitions that have gone from here, with how often they had moved then."""

    def order_of(self, key: Key, waits: bool) -> tuple[bool, int]:
        """Sorts what several ranks have in line for a partition.

        What was sent on is in line at the later owner, so that goes first. What `waits` at a gate came
        directly, after all that; and to a later owner after what came to a former one.
        """
        moved = self.gone.get(key, _STAYS)
        return waits, moved if waits else -moved


def line_of(restored: Restored, key: Key) -> list[Lined]:
    """What was in line for a partition, and its place if it has to wait for its turn."""
    held = restored.held.get(key)
    lines = sorted(map(loads, () if held is None else held.lines), key=itemgetter(0))
    return [
        (Segment(*key, port, values), turn[0] if turn else None)
        for _, line in lines
        for port, values, *turn in line
    ]
