"""What a rank holds at a cut, and how what was in line is taken up again. Every rank imports this."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.wire.messages import Segment
from hpcd4p.wire.resumption import Key, Restored
from hpcd4p.workflow.identity import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpcd4p.runtime.commit.lined import Waiting
    from hpcd4p.runtime.execute.instance import Instance
    from hpcd4p.wire.place import Turn


class Image(NamedTuple):
    """What a rank holds at a cut; to be pickled before the rank goes on, or in a copy of its process."""

    instances: list[Instance]
    segments: list[Segment]
    """In line, for partitions here or elsewhere."""
    messages: Sequence[Waiting]
    """In line behind them, most of it still sealed."""
    held: Sequence[tuple[Turn, Waiting]] = ()
    """What waits for its turn."""


def line_of(restored: Restored, key: Key) -> list[tuple[Segment, Turn | None]]:
    """What was in line for a partition, and its place if it has to wait for its turn."""
    held = restored.held.get(key)
    lines = () if held is None else held.lines
    return [
        (Segment(*key, port, values), turn[0] if turn else None)
        for line in lines
        for port, values, *turn in loads(line)
    ]
