"""How many ranks of the pool should be active: what a policy sees, and what it says.

A policy is pure: it is asked every `settings.scale_s` with what was seen, and answers with a number and a
reason in words. Who is parked, and how, is `control.roster`'s and `runtime.head.scaler`'s.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class PoolObservation(NamedTuple):
    """The pool over the last `dt_s` seconds; times in seconds, rates per second."""

    now_s: float
    """Since the start of the run."""
    dt_s: float
    """Since the last observation."""
    ranks: int
    """Ranks of the pool that live, parked ones among them."""
    active: int
    """Ranks that may take tasks."""
    parked: int
    """Ranks that are parked, or will be when their task is done."""
    idle: float
    """Active ranks that waited for a task, on average, and had no work for partitions either."""
    busy: float
    """Active ranks that were inside elements, on average, as far as ranks have reported; also inside those of
    which partitions have moved to them."""
    waiting: float
    """Part of their working time in which ranks were ready and waited for a core, 0 to 1."""
    cores: float
    """Cores that ranks used, on average, as far as ranks have reported."""
    backlog_tasks: int
    """Tasks that wait."""
    backlog_tuples: int
    """Tuples for the pool that are not finished, those being run included."""
    backlog_s: float
    """Seconds that one rank is predicted to need for them."""
    arrived: float
    """Tuples for the pool that were written."""
    done: float
    """Tuples that the pool has finished."""
    work: float
    """The same, weighed by the mean time that each takes: how much of unlike tuples was done."""
    longest_s: float
    """Service time of the slowest element of the pool, seconds per tuple."""
    held: bool
    """Whether stateful elements are congested, so that no more is made for them."""
    drained: bool
    """Whether all that feeds the pool has ended: new tasks can only come from those of the pool itself."""
    finished: bool = False
    """Whether every element of the pool has ended, so that its ranks have nothing left to do. Only then may a
    target be 0, whatever the bounds are."""


class Decision(NamedTuple):
    """What a policy wants."""

    target: int
    """Ranks that should be active."""
    reason: str
    """Why, in words; one clause."""


class Policy(Protocol):
    """A rule for the number of active ranks. A user's class (``module:Class``) is called with `Bounds`."""

    def decide(self, seen: PoolObservation) -> Decision:
        """How many ranks should be active from now on. Pure: no clock, no I/O."""


class Bounds(NamedTuple):
    """Fewest and most active ranks."""

    least: int
    most: int

    def clip(self, target: int, finished: bool = False) -> int:
        """Nearest allowed number; `finished`: none is allowed, too."""
        if finished and target <= 0:
            return 0
        return max(self.least, min(self.most, target))
