"""Whether a rank of the pool is parked, on the rank's side: what it was told, and what it has said.

Owns the states; `pool.PoolPart` does what follows.
"""

from __future__ import annotations

from enum import Enum

from hpcd4p.control.life import Life
from hpcd4p.logs import module_log
from hpcd4p.wire.ask import Availability


class ParkingState(Enum):
    """How a rank stands to the pool. The head has another view of it, and later: `roster.PoolState`."""

    TAKING = "taking"  # takes tasks, and the broker knows
    ASKED = "asked"  # told to park; finishes and commits its task first
    PARKED = "parked"  # nothing of it is outstanding, and nobody rings it but the head
    WOKEN = "woken"  # takes tasks; the broker still has it for parked
    ASKED_AGAIN = "asked again"  # told to park, which the broker has it for


ARROWS: dict[ParkingState, frozenset[ParkingState]] = {
    ParkingState.TAKING: frozenset(
        {
            ParkingState.ASKED,  # told to park
        }
    ),
    ParkingState.ASKED: frozenset(
        {
            ParkingState.PARKED,  # all is committed, and it has said so
            ParkingState.TAKING,  # told to take tasks, or to stop, before that
        }
    ),
    ParkingState.PARKED: frozenset(
        {
            ParkingState.WOKEN,  # told to take tasks, or to stop
        }
    ),
    ParkingState.WOKEN: frozenset(
        {
            ParkingState.TAKING,  # says so with its look for a task
            ParkingState.ASKED_AGAIN,  # told to park before that
        }
    ),
    ParkingState.ASKED_AGAIN: frozenset(
        {
            ParkingState.PARKED,  # all is committed, and it has said so
            ParkingState.WOKEN,  # told to take tasks, or to stop, before that
        }
    ),
}

TOLD = ParkingState.ASKED, ParkingState.ASKED_AGAIN, ParkingState.PARKED
"""It takes no task."""

NEXT_AWAKE = {
    ParkingState.ASKED: ParkingState.TAKING,
    ParkingState.ASKED_AGAIN: ParkingState.WOKEN,
    ParkingState.PARKED: ParkingState.WOKEN,
}

_log = module_log(__name__)


class Parking:
    """Of one rank."""

    def __init__(self) -> None:
        self._life = Life("the parking of this rank", ParkingState.TAKING, ARROWS)
        self._since: float | None = None

    @property
    def asked(self) -> bool:
        """Whether it was told to park: no more tasks."""
        return self._life.state in TOLD

    @property
    def parked(self) -> bool:
        """Whether nothing of this rank is outstanding, and nobody rings it but the head."""
        return self._life.state is ParkingState.PARKED

    def ask(self) -> None:
        """Told to park."""
        if not self.asked:
            woken = self._life.state is ParkingState.WOKEN
            self._life.go(ParkingState.ASKED_AGAIN if woken else ParkingState.ASKED, "told to park")

    def park(self, now: float) -> None:
        """Everything is committed, and the broker has been told."""
        self._life.go(ParkingState.PARKED, "has said so", now)
        _log.info("parked")
        self._since = now

    def wake(self) -> float | None:
        """Told to take tasks again, or to stop; since when it was parked, None if it was not yet."""
        if self.asked:
            self._life.go(NEXT_AWAKE[self._life.state], "told to wake or to stop")
        since, self._since = self._since, None
        if since is not None:
            _log.info("woken")
        return since

    def announce(self) -> Availability:
        """What to say to the broker with the next look for a task; by a rank that takes tasks."""
        if self._life.state is ParkingState.TAKING:
            return Availability.IDLE
        self._life.go(ParkingState.TAKING, "says so")
        return Availability.WAKES
