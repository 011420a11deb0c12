"""Whether a rank of the pool is parked, as the rank itself knows it: its orders, and what it has reported.

Owns the states; `pool.PoolPart` acts on them.
"""

from __future__ import annotations

from enum import Enum

from hpcd4p.control.life import Life
from hpcd4p.logs import module_log
from hpcd4p.wire.ask import Availability


class ParkingState(Enum):
    """Whether a rank takes tasks of the pool. The head's later view of this is `roster.PoolState`."""

    TAKING = "taking"  # takes tasks, and the broker knows it
    ASKED = "asked"  # told to park; finishes and commits its task first
    PARKED = "parked"  # nothing of it is outstanding, and nobody rings it but the head
    WOKEN = "woken"  # takes tasks; for the broker it is still parked
    ASKED_AGAIN = "asked again"  # told to park; for the broker it never stopped being parked


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
"""States in which it takes no tasks."""

NEXT_AWAKE = {
    ParkingState.ASKED: ParkingState.TAKING,
    ParkingState.ASKED_AGAIN: ParkingState.WOKEN,
    ParkingState.PARKED: ParkingState.WOKEN,
}

_log = module_log(__name__)


class Parking:
    """The parking of one rank; `parked`: it is at first."""

    def __init__(self, parked: bool = False) -> None:
        first = ParkingState.PARKED if parked else ParkingState.TAKING
        self._life = Life("the parking of this rank", first, ARROWS)
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
        """Carry out the order to park."""
        if not self.asked:
            woken = self._life.state is ParkingState.WOKEN
            self._life.go(ParkingState.ASKED_AGAIN if woken else ParkingState.ASKED, "told to park")

    def park(self, now: float) -> None:
        """Note that everything is committed, and that the broker knows the rank as parked."""
        self._life.go(ParkingState.PARKED, "has said so", now)
        _log.info("parked")
        self._since = now

    def wake(self) -> float | None:
        """Carry out the order to take tasks again, or to stop; gives since when it was parked, or None."""
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
