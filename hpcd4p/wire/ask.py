"""What a rank asks of the broker with one step. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hpcd4p.wire.place import Lane, Place


class Availability(IntEnum):
    """What the broker takes a rank for if there is no task for it."""

    IN_CALL = 0
    """In the middle of a call: it is not idle, and the reply has the waiting tasks by element."""
    IDLE = 1
    """Idle until its bell rings."""
    PARKS = 2
    """Parked from now on: only the head rings it."""
    WAKES = 3
    """Idle, and no longer parked."""
    LENDS = 4
    """Idle, and not parked; but ranks that have nothing else to do are rung before it, and the head after."""
    PASSES = 5
    """Not idle any more. If it has been rung for a task, another idle rank is."""


class OrderAsk(NamedTuple):
    """What a rank asks of the broker for the sake of order."""

    watch: Sequence[Lane] = ()
    """Lanes whose watermarks it wants to have."""
    waits: Mapping[Lane, str] = {}
    """It can do nothing before everything in the lane that comes before this path is finished; its bell is to
    ring then. What it has said before counts no longer."""
    oldest: Sequence[int] = ()
    """Pool elements of which it takes only tasks for which somebody `waits`."""
    at: Place | None = None
    """That of the task in the middle of which it is."""


class Awaited(NamedTuple):
    """A task that has to be finished before a rank can go on: the first of a lane."""

    rank: int
    """Who waits."""
    lane: Lane
    path: str
    element: int
    """That of the task."""
    holder: int | None
    """The rank that has the task; None: it is in line."""


class Ask(NamedTuple):
    """What a rank asks of the broker, besides the commit."""

    take: Sequence[int] = ()
    """Pool elements whose tasks it would run, the most wanted first."""
    ring: Sequence[int] = ()
    """Ranks whose bell to ring: a message of the mesh waits for them."""
    congest: Sequence[int] = ()
    """Stateful elements with which it is behind from now on."""
    relieve: Sequence[int] = ()
    """Stateful elements with which it is no longer behind."""
    want_service: bool = False
    """Whether to answer with the measured service times."""
    availability: Availability = Availability.IDLE
    order: OrderAsk | None = None
    """What it asks besides in a run in which elements are ordered."""


NOTHING_ASKED = Ask()
