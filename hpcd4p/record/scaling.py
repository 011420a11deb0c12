"""What the auto-scaler saw and did, as it is kept in the record: data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hpcd4p.control.scaling import PoolObservation

MOST_TICKS = 20_000
"""More are thinned out to every second one: half an hour at ten a second."""


class Tick(NamedTuple):
    """One look at the pool: what was seen since the look before, and the target that followed."""

    time_s: float  # since the start of the run
    target: int
    active: int
    parked: int
    idle: float  # active ranks that waited, on average
    busy: float  # active ranks inside elements, as far as they have told
    waiting: float  # part of their time in which they waited for a core
    backlog_tasks: int
    backlog_s: float  # seconds of work of one rank
    arrived: float  # tuples/s
    done: float  # tuples/s

    @classmethod
    def of(cls, seen: PoolObservation, target: int) -> Tick:
        """Keep what is worth keeping of an observation."""
        return cls(
            seen.now_s, target, seen.active, seen.parked, seen.idle, seen.busy, seen.waiting,
            seen.backlog_tasks, seen.backlog_s, seen.arrived, seen.done,
        )  # fmt: skip


class Change(NamedTuple):
    """A decision that changed the number of active ranks."""

    time_s: float
    before: int
    after: int
    reason: str


class Span(NamedTuple):
    """A time in which a rank was parked."""

    rank: int
    begin_s: float
    end_s: float


@dataclass
class Scaling:
    """The auto-scaler's side of a run."""

    policy: str = "none"
    ticks: list[Tick] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    failure: str = ""
    """Traceback of a policy that raised."""

    def keep(self, tick: Tick) -> None:
        """Add a look; a long run keeps fewer of them."""
        self.ticks.append(tick)
        if len(self.ticks) > MOST_TICKS:
            del self.ticks[1::2]
