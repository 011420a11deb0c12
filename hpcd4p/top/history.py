"""What the statuses of a run have told, one after the other: of its ranks, elements and failures. Pure.

The document is of one moment; who looks at each that comes has what ranks did before.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hpcd4p.live.document import Document, Failure, Ranks

MOST_SAMPLES = 600
"""Ten minutes of a status a second; and more than a terminal has columns."""


class Unit(NamedTuple):
    """Ranks that are looked at as one: a rank, or all of a role on a host where the status groups them."""

    role: str
    host: str
    rank: int  # -1: several


class Look(NamedTuple):
    """What the ranks of a unit did at one moment."""

    states: Mapping[str, int]
    """How many were in each state."""
    load: float | None
    """The part of its time in which a single rank did not rest; None: several, or not known."""


class Work(NamedTuple):
    """One element at one moment."""

    rate: float
    backlog: int
    busy: float


class Sample(NamedTuple):
    """One status, as far as it is kept."""

    written: float
    units: Mapping[Unit, Look]
    elements: Mapping[str, Work]
    rate: float
    tasks: int


class History:
    """Of one run."""

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=MOST_SAMPLES)
        self._failed: dict[tuple[str, str, str], tuple[int, float]] = {}
        """By kind of failure: how many, and when it was seen to have grown."""

    def copy(self) -> History:
        """One that stays as this is now."""
        made = History()
        made.samples.extend(self.samples)
        made._failed = dict(self._failed)
        return made

    def add(self, document: Document) -> bool:
        """Take in a status; gives whether it is a new one."""
        last = self.samples[-1].written if self.samples else None
        if last is not None and document.written == last:
            return False
        self.samples.append(
            Sample(
                document.written,
                units_of(document.ranks),
                {e.name: Work(e.rate, e.backlog, e.busy) for e in document.elements},
                document.totals.rate,
                document.totals.tasks,
            )
        )
        for each in document.failures:
            had, _ = self._failed.get(_kind(each), (0, 0.0))
            if each.tuples != had:
                self._failed[_kind(each)] = each.tuples, document.written
        return True

    def last_failures(self, document: Document) -> list[tuple[Failure, float]]:
        """Kinds of failures with when they were last seen to grow, the latest first."""
        known = [(each, self._failed.get(_kind(each), (0, 0.0))[1]) for each in document.failures]
        return sorted(known, key=lambda pair: -pair[1])

    def spans_s(self, last: int) -> float:
        """Seconds from the first to the last of the last samples."""
        kept = list(self.samples)[-last:] if last > 0 else []
        return kept[-1].written - kept[0].written if kept else 0.0


def spread(samples: Sequence[Sample], whole: int, cells: int) -> list[Sample]:
    """The begin of a row of `whole` samples that takes so many cells, as far as there are samples for it.

    In a cell of several samples a unit has the states of all of them.
    """
    made = []
    for cell in range(cells):
        first, last = cell * whole // cells, (cell + 1) * whole // cells
        those = samples[first : max(last, first + 1)]
        if last > len(samples) or not those:
            break
        made.append(_merged(those) if len(those) > 1 else those[0])
    return made


def _merged(those: Sequence[Sample]) -> Sample:
    units = {}
    for unit in those[-1].units:
        states: Counter[str] = Counter()
        looks = [sample.units[unit] for sample in those if unit in sample.units]
        for look in looks:
            states.update(look.states)
        loads = [look.load for look in looks if look.load is not None]
        units[unit] = Look(states, sum(loads) / len(loads) if loads else None)
    return those[-1]._replace(units=units)


def _kind(of: Failure) -> tuple[str, str, str]:
    return of.element, of.error, of.place


def unit_of(row: Ranks, alone: bool) -> Unit:
    """The unit of a row; `alone`: every row is one rank."""
    return Unit(row.role, "" if alone else row.host, int(row.ranks) if alone else -1)


def are_alone(rows: list[Ranks]) -> bool:
    """Whether every row is one rank, which it is as long as the run has few."""
    return all(row.count == 1 and row.ranks.isdigit() for row in rows)


def units_of(rows: list[Ranks]) -> dict[Unit, Look]:
    """What the units of a status do, in the order of its rows."""
    alone = are_alone(rows)
    units: dict[Unit, Look] = {}
    for row in rows:
        unit = unit_of(row, alone)
        had = units.get(unit)
        states = dict(had.states) if had is not None else {}
        states[row.state] = states.get(row.state, 0) + row.count
        units[unit] = Look(states, row.load if alone else None)
    return units
