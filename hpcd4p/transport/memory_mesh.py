"""Twin of the mesh in one process. See `transport.memory_broker`."""

from __future__ import annotations

from collections import deque
from typing import Any

from hpcd4p.wire.messages import Arrival, Notice


class MemoryMesh:
    """See `transport.broker.Mesh`. A message is matched when its receiver polls."""

    def __init__(self, rank: int, boxes: list[deque[tuple[Any, list[bool]]]]) -> None:
        self.rank = rank
        self.size = len(boxes)
        self._boxes = boxes
        self._gone: set[int] = set()

    @property
    def receiving(self) -> bool:
        """See `Mesh.receiving`: in memory a message comes as a whole."""
        return False

    matched = whole = 0
    """See `Mesh.matched`: nothing is matched and not given."""

    def send(self, dest: int, tx: int, frames: list[Any]) -> Any:
        """See `Mesh.send`."""
        # copied, as by a network: later changes of the sender must not be seen
        copies = [bytes(frames[0]), *(bytearray(f) for f in frames[1:])]
        ticket = [False]
        self._boxes[dest].append((Arrival(self.rank, tx, copies), ticket))
        return dest, ticket

    def sent(self, ticket: Any) -> bool:
        """See `Mesh.sent`."""
        dest, matched = ticket
        return matched[0] or dest in self._gone

    def notice(self, dest: int, tx: int) -> None:
        """See `Mesh.notice`."""
        self._boxes[dest].append((Notice(self.rank, tx), [False]))

    def poll(self) -> list[Arrival | Notice]:
        """See `Mesh.poll`."""
        arrived = []
        box = self._boxes[self.rank]
        while box:
            message, ticket = box.popleft()
            ticket[0] = True
            if message.source not in self._gone:
                arrived.append(message)
        return arrived

    def forget(self, rank: int) -> None:
        """See `Mesh.forget`."""
        self._gone.add(rank)
