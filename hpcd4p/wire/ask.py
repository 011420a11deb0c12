"""What a rank asks of the broker with one step. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple


class Availability(IntEnum):
    """What a rank is if it finds no task."""

    IN_CALL = 0
    """In the middle of a call: it is not idle, and is told what waits by element."""
    IDLE = 1
    """Idle until its bell rings."""
    PARKS = 2
    """Parked from now on: nobody rings it but the head."""
    WAKES = 3
    """Idle, and parked no more."""


class Ask(NamedTuple):
    """What a rank asks of the broker, besides the commit."""

    take: Sequence[int] = ()
    """Pool elements whose tasks it would run, the most wanted first."""
    ring: Sequence[int] = ()
    """Ranks whose bell to ring: a message of the mesh waits for them."""
    congest: Sequence[int] = ()
    """Stateful elements for which it is behind from now on."""
    relieve: Sequence[int] = ()
    """Stateful elements for which it is no longer behind."""
    want_service: bool = False
    """Whether to answer with the measured service times."""
    availability: Availability = Availability.IDLE


NOTHING_ASKED = Ask()
