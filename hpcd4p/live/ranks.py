"""What ranks do, as far as the head is told, since when; and ranks that are alike in one row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple, TypeVar

from hpcd4p.live.document import Ranks

_T = TypeVar("_T", int, float)

MOST_ALONE = 64
"""So many ranks have a row each; more are put together where they are alike."""

MOST_GROUPS = 64
"""If there were more groups, ranks of different hosts are alike as well."""

MOST_CHARS = 20_000
"""For the numbers of all ranks, in all rows."""


class State(StrEnum):
    """What a rank does."""

    LEADING = "leading"
    """It is the head of other ranks: it looks after the run, its sources and outputs."""
    WORKING = "working"
    """It has a task, or it has committed something since the last look."""
    UNCLEAR = "unclear"
    """Tuples for its partitions are not finished, and it has committed nothing since the last look: it is in
    a long tuple, or they are at another rank."""
    IDLE = "idle"
    """It waits for a task, or has nothing to do for its partitions."""
    PARKED = "parked"
    """The auto-scaler has sent it to sleep."""
    LOST = "lost"
    """It has died."""
    LEFT = "left"
    """It has done its part, and told its figures."""


class Sight(NamedTuple):
    """What the head sees of the ranks at one look."""

    idle: Set[int]
    parked: Set[int]
    lost: Set[int]
    left: Set[int]
    committed: Mapping[int, int]
    """The last transaction of each rank."""
    unfinished: Set[int]
    """Ranks with partitions of elements of which tuples are not finished."""


class Facts(NamedTuple):
    """What is told of one rank besides its state."""

    role: str
    host: str = ""
    load: float | None = None
    line_s: float | None = None
    memory_bytes: int | None = None


class RankStates:
    """The states of the ranks of one run, and how long each has lasted.

    Parameters
    ----------
    pool
        Ranks that take tasks.
    size
        Number of ranks.
    """

    def __init__(self, size: int, pool: Iterable[int], now: float) -> None:
        self._pool = frozenset(pool)
        self._since: list[tuple[State, int, float]] = [(State.IDLE, 0, now)] * size
        """State, last transaction, and since when there is neither another state nor another transaction."""

    def look(self, sight: Sight, now: float) -> None:
        """Take in what is seen at `now`."""
        for rank, (state, had, _) in enumerate(self._since):
            has = sight.committed.get(rank, 0)
            new = self._state(rank, sight, has != had)
            if new is not state or has != had:
                self._since[rank] = new, has, now

    def _state(self, rank: int, sight: Sight, committed: bool) -> State:
        if rank == 0:
            return State.LEADING if len(self._since) > 1 else State.WORKING
        if rank in sight.lost or rank in sight.left:
            return State.LOST if rank in sight.lost else State.LEFT
        in_pool = rank in self._pool
        if in_pool and rank in sight.parked:  # others are parked as lenders, beside their own work
            return State.PARKED
        if committed:
            return State.WORKING
        if in_pool:
            return State.IDLE if rank in sight.idle else State.WORKING
        return State.UNCLEAR if rank in sight.unfinished else State.IDLE

    def at_work(self, now: float) -> list[tuple[int, float]]:
        """(rank, seconds since its last transaction) of those that are at work, or may be; the head apart."""
        return [
            (rank, now - since)
            for rank, (state, _, since) in enumerate(self._since)
            if state in (State.WORKING, State.UNCLEAR) and rank
        ]

    def state(self, rank: int) -> State:
        """Of one rank."""
        return self._since[rank][0]

    def rows(self, facts: Sequence[Facts], now: float) -> list[Ranks]:
        """Rows of the status: one for each rank, or for each group of ranks that are alike."""
        alone = len(self._since) <= MOST_ALONE
        groups = [[rank] for rank in range(len(self._since))] if alone else self._groups(facts)
        chars = MOST_CHARS // max(1, len(groups))
        return [self._row(group, facts, now, chars) for group in groups]

    def _groups(self, facts: Sequence[Facts]) -> list[list[int]]:
        """Ranks of the same role, state and host; if that are too many groups, of any host."""
        by_host: dict[tuple[str, State, str], list[int]] = {}
        for rank, (state, _, _) in enumerate(self._since):
            by_host.setdefault((facts[rank].role, state, facts[rank].host), []).append(rank)
        if len(by_host) <= MOST_GROUPS:
            return list(by_host.values())
        anywhere: dict[tuple[str, State], list[int]] = {}
        for (role, state, _), ranks in by_host.items():
            anywhere.setdefault((role, state), []).extend(ranks)
        return [sorted(ranks) for ranks in anywhere.values()]

    def _row(self, group: list[int], facts: Sequence[Facts], now: float, chars: int) -> Ranks:
        first = group[0]
        eldest = min(group, key=lambda rank: self._since[rank][2])
        hosts = {facts[rank].host for rank in group}
        return Ranks(
            ranks=ranges(group, chars),
            count=len(group),
            role=facts[first].role,
            state=self._since[first][0],
            host=facts[first].host if len(hosts) == 1 else "",
            since_s=round(now - self._since[eldest][2], 3),
            since_rank=eldest,
            load=_most(facts[rank].load for rank in group),
            line_s=_most(facts[rank].line_s for rank in group),
            memory_bytes=_most(facts[rank].memory_bytes for rank in group),
        )


def _most(values: Iterable[_T | None]) -> _T | None:
    return max((value for value in values if value is not None), default=None)


def ranges(numbers: Sequence[int], chars: int) -> str:
    """Numbers in their order as text of at most so many characters, with "..." for what has no room.

    Examples
    --------
    >>> ranges([1, 2, 3, 7, 9, 10], 100), ranges([1, 3, 5, 7], 7)
    ('1-3,7,9-10', '1,3,...')
    """
    spans = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        found = [number for _, number in run]
        spans.append(str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}")
    text = ",".join(spans)
    if len(text) <= chars:
        return text
    return text[: text.rfind(",", 0, max(0, chars - 3)) + 1] + "..."
