"""What a rank holds at a cut, and how what was in line is taken up again. Every rank imports this."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.wire.messages import Arrival, Segment
from hpcd4p.wire.resumption import Key, Restored
from hpcd4p.workflow.identity import loads

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.instance import Instance


class Image(NamedTuple):
    """What a rank holds at a cut; to be pickled before the rank goes on, or in a copy of its process."""

    instances: list[Instance]
    segments: list[Segment]
    """In line, for partitions here or elsewhere."""
    messages: list[Arrival]
    """In line behind them, still sealed."""


def line_of(restored: Restored, key: Key) -> list[Segment]:
    """What was in line for a partition."""
    held = restored.held.get(key)
    lines = () if held is None else held.lines
    return [Segment(*key, port, values) for line in lines for port, values in loads(line)]
