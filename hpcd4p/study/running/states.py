"""The states of an attempt, and which points of a study are still to be run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from hpcd4p.study.definition.points import Point

COMPLETED, FAILED_TUPLES, FAILED, STOPPED = "completed", "failed tuples", "failed", "stopped"
TIMED_OUT, LOST, CANCELLED = "timed out", "lost", "cancelled"
PENDING, RUNNING = "pending", "running"
CONTINUED = "continued"
"""What an attempt gives whose job is back in the queue: it leaves no marker."""

BY_STATUS = {0: COMPLETED, 1: FAILED_TUPLES, 3: STOPPED}
"""State of an attempt by the exit status of its run; all others are `FAILED`."""

ENDED = (COMPLETED, FAILED_TUPLES, FAILED, STOPPED, TIMED_OUT, LOST, CANCELLED)

UNDONE = frozenset({LOST, CANCELLED})
"""States that say nothing about the point: it is run again when the study is started again."""

RETRY = {
    "failed": frozenset({FAILED_TUPLES, FAILED, STOPPED, TIMED_OUT}),
    "timed-out": frozenset({TIMED_OUT}),
}
"""Words of ``--retry``, and the states that each of them runs again."""


class PointState(NamedTuple):
    """A point, its last attempt (0: none), the state of that, its plan, and the marker of its end."""

    point: Point
    attempt: int
    state: str
    plan: dict[str, Any]
    end: dict[str, Any]

    @property
    def ended(self) -> bool:
        """Whether its last attempt has left its marker."""
        return self.state in ENDED


def point_state(
    point: Point, attempt: int, plan: dict[str, Any] | None, end: dict[str, Any] | None, started: bool
) -> PointState:
    """Give the state of a point from the files in the folder of its last attempt."""
    if end is not None:
        state = str(end.get("state"))
        state = state if state in ENDED else FAILED
    else:
        state = RUNNING if started else PENDING
    return PointState(point, attempt, state, plan or {}, end or {})


def to_do(states: Iterable[PointState], alive: Collection[str], retry: str | None) -> list[PointState]:
    """Give the points that need a new attempt.

    Parameters
    ----------
    alive
        Jobs that are still waiting or running: their points are left to them.
    retry
        A word of `RETRY`, or None.
    """
    again = UNDONE | (RETRY[retry] if retry else frozenset())
    return [
        s
        for s in states
        if (
            s.state in again or bool(s.end.get("goes_on"))
            if s.ended
            else s.plan.get("job") not in alive or not s.plan.get("job")
        )
    ]


def counted(states: Iterable[PointState]) -> str:
    """Give how many points are in which state, in words."""
    numbers = Counter(s.state for s in states)
    return ", ".join(f"{numbers[s]} {s}" for s in (*ENDED, RUNNING, PENDING) if numbers[s]) or "no points"
