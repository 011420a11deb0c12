"""Messages on their way in a cluster in one process: late, mixed, and some from before a death."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable

from hpcd4p.wire.messages import Arrival, Notice

LATE_S = 0.0005
"""A message is on its way for so long, on average; some are later than that many times over."""


class Flight:
    """A message on its way."""

    __slots__ = ("due", "matched", "message", "parts")

    def __init__(self, message: Arrival | Notice, due: float, parts: int) -> None:
        self.message = message
        self.due = due
        self.parts = parts
        """Of it that are still to come; more than are sent where its sender died in between."""
        self.matched = False


class Net:
    """All that is on its way between ranks: for each pair in the order in which it was sent.

    Parameters
    ----------
    before
        That of the incarnation before: all that was sent on it comes here, once more and at any time.

    Attributes
    ----------
    sent
        All that was sent, and to whom.
    refused
        How much has come of former incarnations.
    """

    def __init__(
        self, size: int, dice: random.Random, now: Callable[[], float], before: Net | None = None
    ) -> None:
        self.size = size
        self.sent: list[tuple[int, Arrival | Notice]] = []
        self.refused = 0
        self._dice = dice
        self._now = now
        self._lanes: list[dict[int, deque[Flight]]] = [{} for _ in range(size)]
        self._former: list[dict[int, deque[Flight]]] = [{} for _ in range(size)]
        late = 0.0
        for dest, message in before.sent if before is not None else ():
            late += dice.expovariate(1 / LATE_S)
            if dest < size:
                self._former[dest].setdefault(message.source, deque()).append(Flight(message, late, 0))

    def put(self, dest: int, message: Arrival | Notice, parts: int) -> Flight:
        """Send `message`, which comes in so many parts."""
        lane = self._lanes[dest].setdefault(message.source, deque())
        due = self._now() + self._dice.expovariate(1 / LATE_S)
        if lane:
            due = max(due, lane[-1].due)  # none overtakes another of the same sender
        flight = Flight(message, due, parts)
        lane.append(flight)
        self.sent.append((dest, message))
        return flight

    def arrive(self, rank: int) -> list[Arrival | Notice]:
        """What is there for `rank`, whole: in order of each sender, mixed as it came."""
        self.refused += len(self._arrived(self._former[rank]))
        here = self._arrived(self._lanes[rank])
        return [message for _, message in sorted(here, key=lambda pair: pair[0])]

    def _arrived(self, lanes: dict[int, deque[Flight]]) -> list[tuple[float, Arrival | Notice]]:
        now = self._now()
        here = []
        for lane in lanes.values():
            while lane and lane[0].due <= now and not lane[0].parts:
                flight = lane.popleft()
                flight.matched = True
                here.append((flight.due, flight.message))
        return here

    def receiving(self, rank: int, gone: set[int]) -> bool:
        """Whether a part of a message is here, and the rest is not."""
        now = self._now()
        lanes = self._lanes[rank].items()
        return any(lane and lane[0].due <= now and lane[0].parts for s, lane in lanes if s not in gone)
