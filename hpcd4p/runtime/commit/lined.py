"""What stands in line for the partitions of a rank, in its forms."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from hpcd4p.wire.messages import Arrival, Segment

if TYPE_CHECKING:
    from hpcd4p.wire.place import Turn

Line = deque[tuple[int, str, list[Any]]]
"""Of one element: partition, port and tuples."""

Waiting = Arrival | tuple[int, Segment, "Turn | None"]
"""A message, or a segment of the rank itself with its number and place."""

Lined = tuple[Segment, "Turn | None"]
"""What was in line, and its place if it has to wait for its turn."""
