"""The life of each rank of the pool, as the head sees it, and whom to park or wake.

Owns the states and the choice. Must never give an order itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum


class Stand(Enum):
    """State of a pool rank."""

    ACTIVE = "active"
    DRAINING = "draining"  # told to park; finishes and commits its task first
    PARKED = "parked"
    WAKING = "waking"  # told to wake; has not looked for a task yet
    LOST = "lost"


ARROWS: dict[Stand, frozenset[Stand]] = {
    Stand.ACTIVE: frozenset({Stand.DRAINING, Stand.LOST}),
    Stand.DRAINING: frozenset(
        {Stand.PARKED, Stand.WAKING, Stand.LOST}
    ),  # has parked; called back before that
    Stand.PARKED: frozenset({Stand.WAKING, Stand.LOST}),
    Stand.WAKING: frozenset({Stand.ACTIVE, Stand.DRAINING, Stand.LOST}),  # has looked; sent off before that
    Stand.LOST: frozenset(),
}


class Roster:
    """Where each rank of a pool stands. No look at it takes longer with more ranks, but for what changes."""

    def __init__(self, ranks: Iterable[int]) -> None:
        self.stand = dict.fromkeys(ranks, Stand.ACTIVE)
        self._ranks: dict[Stand, set[int]] = {stand: set() for stand in Stand}
        self._ranks[Stand.ACTIVE].update(self.stand)
        self._kept: frozenset[int] = frozenset()

    def _move(self, rank: int, to: Stand) -> None:
        before = self.stand[rank]
        if to not in ARROWS[before]:
            raise AssertionError(f"rank {rank}: no arrow from {before} to {to}")
        self._ranks[before].remove(rank)
        self._ranks[to].add(rank)
        self.stand[rank] = to

    def of(self, *stands: Stand) -> list[int]:
        """Ranks that stand so, lowest first."""
        return sorted(rank for stand in stands for rank in self._ranks[stand])

    def count(self, *stands: Stand) -> int:
        """How many stand so."""
        return sum(len(self._ranks[stand]) for stand in stands)

    @property
    def active(self) -> int:
        """Ranks that take tasks, or are about to."""
        return self.count(Stand.ACTIVE, Stand.WAKING)

    @property
    def living(self) -> int:
        """Ranks that are not lost."""
        return len(self.stand) - self.count(Stand.LOST)

    def aim(self, target: int, idle: Collection[int] = ()) -> tuple[list[int], list[int]]:
        """(ranks to park, ranks to wake) so that `target` are active.

        Parked are those that are idle, and of these the highest numbers; woken are those that have not
        parked yet, then the lowest numbers.
        """
        called = [r for r in self.of(Stand.DRAINING, Stand.PARKED) if r in self._kept and target > 0]
        for rank in called:
            self._move(rank, Stand.WAKING)
        surplus = self.active - target
        if surplus > 0:
            spared = self._kept if target > 0 else frozenset()
            order = [r for r in self.of(Stand.ACTIVE, Stand.WAKING) if r not in spared]
            order.sort(key=lambda r: (r not in idle, -r))
            park = order[:surplus]
            for rank in park:
                self._move(rank, Stand.DRAINING)
            return park, called
        if surplus == 0:
            return [], called
        wake = [*self.of(Stand.DRAINING), *self.of(Stand.PARKED)][:-surplus]
        for rank in wake:
            self._move(rank, Stand.WAKING)
        return [], called + wake

    def keep(self, ranks: Iterable[int]) -> None:
        """Ranks that are not to be parked as long as any is active: only they can do some of the work."""
        self._kept = frozenset(ranks) & self.stand.keys()

    def heard(self, parked: Collection[int]) -> None:
        """Ranks say that they are parked, and by silence that the others are not."""
        for rank in self.of(Stand.DRAINING):
            if rank in parked:
                self._move(rank, Stand.PARKED)
        for rank in self.of(Stand.WAKING):
            if rank not in parked:
                self._move(rank, Stand.ACTIVE)

    def lose(self, rank: int) -> None:
        """`rank` has died."""
        if rank in self.stand:
            self._move(rank, Stand.LOST)
