"""What the auto-scaler saw and did, and when each rank was busy, parked or lent. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from hpcd4p.record.moves import Moves

if TYPE_CHECKING:
    from hpcd4p.control.scaling import PoolObservation

MOST_TICKS = 20_000
"""Ticks that are kept (half an hour at ten a second); then every second one is dropped."""

MOST_CHANGES = 10_000
"""Changes that are kept; then those in the middle are dropped, for the begin and the end say most."""


class Tick(NamedTuple):
    """One look at the pool: what was seen since the look before, and the target that followed."""

    time_s: float  # since the start of the run
    target: int
    active: int
    parked: int
    idle: float  # active ranks that waited, on average
    busy: float  # active ranks inside elements, as far as they have reported
    waiting: float  # part of their time in which they waited for a core
    backlog_tasks: int
    backlog_s: float  # seconds of work of one rank
    arrived: float  # tuples/s
    done: float  # tuples/s
    held: bool = False  # whether stateful elements were behind
    drained: bool = False  # whether all that feeds the pool had ended
    finished: bool = False  # whether all elements of the pool had ended
    reason: str = ""  # of the target

    @classmethod
    def of(cls, seen: PoolObservation, target: int, reason: str) -> Tick:
        """Keep what is worth keeping of an observation."""
        return cls(
            seen.now_s, target, seen.active, seen.parked, seen.idle, seen.busy, seen.waiting,
            seen.backlog_tasks, seen.backlog_s, seen.arrived, seen.done, seen.held, seen.drained,
            seen.finished, reason,
        )  # fmt: skip


class Change(NamedTuple):
    """A decision that changed the number of active ranks."""

    time_s: float
    before: int
    after: int
    reason: str


class RankTimeline(NamedTuple):
    """When one rank was busy, parked and lent: seconds of each bin of its time."""

    rank: int
    began_s: float  # where its first bin begins, since the start of the run
    width_s: float  # of a bin
    busy: Sequence[float]
    parked: Sequence[float]
    lent: Sequence[float] = ()


@dataclass
class ScalerFigures:
    """What the auto-scaler did, in short; numbers of active ranks of the pool."""

    policy: str
    ranks: int  # that may be parked
    least: int = 0
    usual: int = 0  # median over time
    most: int = 0
    changes: int = 0
    failure: str = ""  # last line of the traceback of a policy that raised


@dataclass
class Scaling:
    """The auto-scaler's side of a run, and the timelines of its ranks."""

    policy: str = "none"
    ranks: int = 0
    """Ranks of the pool that may be parked; 0: there is nothing to scale."""
    ticks: list[Tick] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    changes_made: int = 0
    """Their number; `changes` may lack some."""
    failure: str = ""
    """Traceback of a policy that raised."""
    timelines: list[RankTimeline] = field(default_factory=list)
    moves: Moves = field(default_factory=Moves)
    """Partitions that went from rank to rank."""

    def keep(self, tick: Tick) -> None:
        """Add a look; a long run keeps fewer of them."""
        self.ticks.append(tick)
        if len(self.ticks) > MOST_TICKS:
            del self.ticks[1::2]

    def changed(self, change: Change) -> None:
        """Add a decision that changed something."""
        self.changes.append(change)
        self.changes_made += 1
        if len(self.changes) > MOST_CHANGES:
            del self.changes[MOST_CHANGES // 4 : -MOST_CHANGES // 4]

    def figures(self) -> ScalerFigures | None:
        """The scaler in a few figures; None where there is nothing to scale."""
        if not self.ranks:
            return None
        spans = active_spans(self)
        if not spans:
            return ScalerFigures(self.policy, self.ranks, self.ranks, self.ranks, self.ranks)
        counts = [active for _, active in spans]
        return ScalerFigures(
            self.policy, self.ranks, min(counts), _usual(spans), max(counts), self.changes_made,
            self.failure.rstrip().rpartition("\n")[2],
        )  # fmt: skip


def active_spans(scaling: Scaling) -> list[tuple[float, int]]:
    """(seconds, active ranks) between the looks, from the start to the last one."""
    spans = []
    before_s = 0.0
    for tick in scaling.ticks:
        spans.append((tick.time_s - before_s, tick.active))
        before_s = tick.time_s
    return spans


def tick_spans(ticks: Sequence[Tick]) -> list[float]:
    """Seconds that each look covers."""
    return [b - a for a, b in pairwise([0.0, *(tick.time_s for tick in ticks)])]


def _usual(spans: list[tuple[float, int]]) -> int:
    """Median of the active ranks over time."""
    half = sum(s for s, _ in spans) / 2
    for seconds, active in sorted(spans, key=lambda span: span[1]):
        half -= seconds
        if half <= 0:
            return active
    return spans[-1][1]
