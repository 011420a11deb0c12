"""What a run has done to survive: its checkpoints, and how it went on from them. Data only.

Seconds of work are those of the run with the runs that it goes on from: what was done again counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

MOST_ROWS = 1000
"""Rows that are kept of each table; then those in the middle are dropped. Each manifest has them all."""


class CheckpointRow(NamedTuple):
    """One checkpoint, or one that was given up."""

    epoch: int
    began_s: float  # seconds of work before it
    incarnation: int  # how often the run had gone on by then
    size: int  # bytes
    written_s: float  # from the cut until all of it was there
    stood_ms: float  # that ranks with state stood still, the longest
    cpu_s: float  # of cores, to write it
    cost_s: float  # what it took of the run, as if no core were free: see control.cutting.cost
    why_not: str = ""  # it was given up


class GoneOn(NamedTuple):
    """The run ended before its work was done, and went on."""

    time_s: float  # seconds of work before its end
    incarnation: int  # that it began
    here: bool  # in its job, on the ranks that lived; else it was started again
    epoch: int  # of the checkpoint that it went on from; 0: from its start
    repeated_s: float  # seconds of work after that checkpoint, which were done again
    ranks: int
    why: str


@dataclass
class CheckpointFigures:
    """The same in short, for the summary."""

    made: int = 0
    given_up: int = 0
    size: int = 0  # bytes of the last one
    written_s: float = 0.0  # of the last one
    cost_s: float = 0.0  # of all
    worked_s: float = 0.0  # seconds of work of the whole run
    stood_ms: float = 0.0  # the longest
    why_none: str = ""  # why there are none, or no more
    resumed: int = 0  # times that it was started again
    recovered: int = 0  # times that it went on in its job
    repeated_s: float = 0.0  # seconds of work that were done again
    last_why: str = ""  # why it has gone on the last time

    @property
    def share(self) -> float:
        """Part of the time of the run that checkpoints took."""
        return self.cost_s / self.worked_s if self.worked_s > 0 else 0.0

    @property
    def times(self) -> int:
        """How often the run has gone on."""
        return self.resumed + self.recovered


@dataclass
class Survival:
    """Of one run, with those that it goes on from.

    Examples
    --------
    >>> kept = Survival()
    >>> kept.add(CheckpointRow(1, 10.0, 0, 3_100_000, 0.2, 1.5, 0.1, 0.11))
    >>> kept.figures(20.0).made, Survival.from_dict(kept.as_dict()) == kept
    (1, True)
    """

    checkpoints: list[CheckpointRow] = field(default_factory=list)
    gone_on: list[GoneOn] = field(default_factory=list)
    totals: CheckpointFigures = field(default_factory=CheckpointFigures)
    before_s: float = 0.0
    """Seconds of work before this incarnation."""

    @property
    def incarnation(self) -> int:
        """How often the run has gone on."""
        return self.totals.times

    def add(self, row: CheckpointRow) -> None:
        """Add a checkpoint."""
        self.checkpoints.append(row)
        _trim(self.checkpoints)
        totals = self.totals
        totals.cost_s += row.cost_s
        totals.stood_ms = max(totals.stood_ms, row.stood_ms)
        if row.why_not:
            totals.given_up += 1
            totals.why_none = row.why_not
            return
        totals.made += 1
        totals.size, totals.written_s, totals.why_none = row.size, row.written_s, ""

    def none_because(self, why: str) -> None:
        """From now on there are none."""
        self.totals.why_none = why

    def go_on(self, here: bool, epoch: int, before_s: float, repeated_s: float, ranks: int, why: str) -> None:
        """The run has ended, and goes on from a checkpoint before which were `before_s` seconds of work."""
        totals = self.totals
        if here:
            totals.recovered += 1
        else:
            totals.resumed += 1
        totals.repeated_s += repeated_s
        totals.last_why = why
        self.gone_on.append(GoneOn(before_s + repeated_s, totals.times, here, epoch, repeated_s, ranks, why))
        _trim(self.gone_on)
        self.before_s = before_s

    def figures(self, elapsed_s: float) -> CheckpointFigures:
        """In short, at the end of an incarnation that took so long."""
        return CheckpointFigures(**{**asdict(self.totals), "worked_s": self.before_s + elapsed_s})

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON takes it."""
        return {
            "checkpoints": [list(row) for row in self.checkpoints],
            "gone_on": [list(row) for row in self.gone_on],
            "totals": asdict(self.totals),
            "before_s": self.before_s,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Survival:
        """Inverse of `as_dict`."""
        return cls(
            [CheckpointRow(*row) for row in data.get("checkpoints", [])],
            [GoneOn(*row) for row in data.get("gone_on", [])],
            CheckpointFigures(**data.get("totals", {})),
            float(data.get("before_s", 0.0)),
        )

    def with_row(self, row: CheckpointRow) -> Survival:
        """A copy that has one checkpoint more."""
        made = Survival(list(self.checkpoints), list(self.gone_on), self.figures(0.0), self.before_s)
        made.add(row)
        return made


def _trim(rows: list[Any]) -> None:
    if len(rows) > MOST_ROWS:
        del rows[MOST_ROWS // 4 : -MOST_ROWS // 4]


def shown(rows: Sequence[Any], most: int) -> tuple[list[Any], int]:
    """The first and the last of many rows, and how many are left out between them."""
    if len(rows) <= most:
        return list(rows), 0
    half = most // 2
    return [*rows[:half], *rows[len(rows) - (most - half) :]], len(rows) - most
