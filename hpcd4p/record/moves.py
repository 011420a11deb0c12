"""Partitions that moved from rank to rank while a run went on, as data and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from hpcd4p.record.table import count, percent, seconds, size

MOST_NAMED = 6
"""Ranks that a sentence names."""


class Move(NamedTuple):
    """One hand-over. What was measured of its former rank is of the half second before it was ordered."""

    ordered_s: float  # since the start of the run
    time_s: float  # when its new rank had it
    element: str
    partition: int
    source: int  # rank
    target: int  # rank
    size: int  # bytes of its state on the way
    share: float  # part of the former rank's time that it took, with what was in line for it
    busy: float  # part of that time in which the former rank did not rest
    line_s: float  # seconds of work that were in line there


class Place(NamedTuple):
    """Where a partition was at the start of the run."""

    element: str
    partition: int
    rank: int


@dataclass
class Moves:
    """The hand-overs of a run, in the order in which they were done."""

    made: list[Move] = field(default_factory=list)
    first: list[Place] = field(default_factory=list)  # of all partitions, if any has moved


@dataclass
class RankLoad:
    """Parts of its time in which a rank was inside elements."""

    rank: int
    before: float
    after: float


@dataclass
class MoveFigures:
    """The hand-overs of a run in short."""

    made: int
    partitions: int  # that have moved, some of them more than once
    size: int  # bytes
    first_s: float  # when the first was ordered, since the start of the run
    last_s: float  # when the last was done
    sources: list[int]  # ranks
    targets: list[int]
    first_source: int  # rank that was the first to hand over
    busy: float  # of that rank then, see `Move`
    line_s: float
    loads: list[RankLoad] = field(default_factory=list)  # of these ranks, as far as they have told


def sentence(figures: MoveFigures) -> str:
    """Say how many partitions moved, why, and what the loads were before and after."""
    said = f"{count(figures.partitions, 'partition')} moved from {ranks_in_words(figures.sources)} to "
    said += ranks_in_words(figures.targets)
    if figures.made > figures.partitions:
        said += f", in {figures.made:,} hand-overs"
    when = f"{seconds(figures.first_s)} to {seconds(figures.last_s)} into the run"
    said += f" ({when}; {size(figures.size)} of state)"
    if figures.busy:
        said += (
            f", for rank {figures.first_source} was busy for {percent(figures.busy)} of the time, with "
            f"{seconds(figures.line_s)} of work in line"
        )
    return f"{said}.{_loads_in_words(figures.loads)}"


def _loads_in_words(loads: Sequence[RankLoad]) -> str:
    if not loads:
        return ""
    shown = sorted(loads, key=lambda load: (-max(load.before, load.after), load.rank))[:MOST_NAMED]
    each = [
        f"rank {load.rank} {percent(load.before)} and {percent(load.after)}"
        for load in sorted(shown, key=lambda load: load.rank)
    ]
    more = f" and {len(loads) - len(shown):,} more" if len(loads) > len(shown) else ""
    return f" Inside elements in the time before and after: {', '.join(each)}{more}."


def ranks_in_words(ranks: Sequence[int]) -> str:
    """``rank 1``, ``ranks 1 and 2``, ``ranks 1, 2, 3 and 9 more``."""
    if len(ranks) == 1:
        return f"rank {ranks[0]}"
    if len(ranks) > MOST_NAMED:
        named = ", ".join(map(str, ranks[: MOST_NAMED - 1]))
        return f"ranks {named} and {len(ranks) - MOST_NAMED + 1:,} more"
    return f"ranks {', '.join(map(str, ranks[:-1]))} and {ranks[-1]}"
