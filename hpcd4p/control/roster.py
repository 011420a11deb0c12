"""The life of each rank that works for the pool, as the head sees it, and which ranks to park or wake.

Besides those of the pool there are ranks that may lend themselves to it (`control.lending`). They are parked
at first, have their duties all the same, and rest before the others. Owns the states and the choice. Must
never give an order itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum

from hpcd4p.control.life import Life


class PoolState(Enum):
    """State of a pool rank."""

    ACTIVE = "active"
    DRAINING = "draining"  # told to park; finishes and commits its task first
    PARKED = "parked"
    WAKING = "waking"  # told to wake; has not looked for a task yet
    LOST = "lost"


ARROWS: dict[PoolState, frozenset[PoolState]] = {
    PoolState.ACTIVE: frozenset(
        {
            PoolState.DRAINING,  # told to park
            PoolState.LOST,  # has died
        }
    ),
    PoolState.DRAINING: frozenset(
        {
            PoolState.PARKED,  # has reported it
            PoolState.WAKING,  # called back before that
            PoolState.LOST,  # has died
        }
    ),
    PoolState.PARKED: frozenset(
        {
            PoolState.WAKING,  # told to wake
            PoolState.LOST,  # has died
        }
    ),
    PoolState.WAKING: frozenset(
        {
            PoolState.ACTIVE,  # has looked for a task
            PoolState.DRAINING,  # told to park before that
            PoolState.LOST,  # has died
        }
    ),
    PoolState.LOST: frozenset(),
}


class Roster:
    """The ranks that work for a pool and may be parked. The cost of a look does not grow with their number.

    Attributes
    ----------
    lending
        Whether there is work for which ranks are lent; as long as there is not, lenders do not count.
    """

    def __init__(self, ranks: Iterable[int], lenders: Iterable[int] = ()) -> None:
        self.lending = False
        self._lives = {r: Life(f"pool rank {r}", PoolState.ACTIVE, ARROWS) for r in ranks}
        self._ranks: dict[PoolState, set[int]] = {state: set() for state in PoolState}
        self._ranks[PoolState.ACTIVE].update(self._lives)
        self._lenders = frozenset(lenders)
        self._lives |= {r: Life(f"lender {r}", PoolState.PARKED, ARROWS) for r in self._lenders}
        self._ranks[PoolState.PARKED].update(self._lenders)
        self._kept: frozenset[int] = frozenset()
        self._always: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self._lives)

    @property
    def resting(self) -> int:
        """Ranks that are parked, or will be when their task is done."""
        resting = self._ranks[PoolState.PARKED] | self._ranks[PoolState.DRAINING]
        return len(resting if self.lending else resting - self._lenders)

    @property
    def may_lend(self) -> bool:
        """Whether there are ranks that may lend themselves."""
        return bool(self._lenders)

    def _move(self, rank: int, to: PoolState, cause: str) -> None:
        life = self._lives[rank]
        before = life.state
        life.go(to, cause)
        self._ranks[before].remove(rank)
        self._ranks[to].add(rank)

    def state(self, rank: int) -> PoolState:
        """Give the state of `rank`."""
        return self._lives[rank].state

    def of(self, *states: PoolState) -> list[int]:
        """Ranks in these states, lowest first."""
        return sorted(rank for state in states for rank in self._ranks[state])

    def count(self, *states: PoolState) -> int:
        """How many ranks are in these states."""
        return sum(len(self._ranks[state]) for state in states)

    @property
    def active(self) -> int:
        """Ranks that take tasks, or are about to."""
        return self.count(PoolState.ACTIVE, PoolState.WAKING)

    @property
    def living(self) -> int:
        """Ranks that are not lost."""
        living = len(self._lives) - self.count(PoolState.LOST)
        if self.lending:
            return living
        return living - len(self._lenders - self._ranks[PoolState.LOST])

    def aim(self, target: int, idle: Collection[int] = ()) -> tuple[list[int], list[int]]:
        """(ranks to park, ranks to wake) so that `target` are active.

        Lenders are parked first: there is work that they do not take, so no rank of the pool may rest while
        one of them does not. Then idle ranks, and of these those with the highest numbers. Ranks that have
        not parked yet are woken first, then those with the lowest numbers, and lenders last.
        """
        spared = self._kept if target > 0 else self._always
        called = [r for r in self.of(PoolState.DRAINING, PoolState.PARKED) if r in spared]
        for rank in called:
            self._move(rank, PoolState.WAKING, "it is kept")
        surplus = self.active - target
        if surplus > 0:
            order = [r for r in self.of(PoolState.ACTIVE, PoolState.WAKING) if r not in spared]
            order.sort(key=lambda r: (r not in self._lenders, r not in idle, -r))
            park = order[:surplus]
            for rank in park:
                self._move(rank, PoolState.DRAINING, f"{target} are enough")
            return park, called
        if surplus == 0:
            return [], called
        wake = self._to_wake()[:-surplus]
        for rank in wake:
            self._move(rank, PoolState.WAKING, f"{target} are needed")
        return [], called + wake

    def _to_wake(self) -> list[int]:
        """Ranks that may be woken, in the order in which they should be."""
        states = PoolState.DRAINING, PoolState.PARKED
        ranks = [r for state in states for r in self.of(state) if r not in self._lenders]
        if self.lending:
            ranks += [r for state in states for r in self.of(state) if r in self._lenders]
        return ranks

    def keep(self, ranks: Iterable[int], always: Iterable[int] = ()) -> None:
        """Never park these ranks while any rank is active, for only they can do some of the work.

        Parameters
        ----------
        always
            Never park these, for they do more than the work of the pool.
        """
        self._always = frozenset(always) & self._lives.keys()
        self._kept = self._always | (frozenset(ranks) & self._lives.keys())

    def heard(self, parked: Collection[int]) -> None:
        """Take in which ranks have reported that they are parked; the others are not."""
        for rank in self.of(PoolState.DRAINING):
            if rank in parked:
                self._move(rank, PoolState.PARKED, "says so")
        for rank in self.of(PoolState.WAKING):
            if rank not in parked:
                self._move(rank, PoolState.ACTIVE, "says so")

    def lose(self, rank: int) -> None:
        """Note that `rank` has died."""
        if rank in self._lives:
            self._move(rank, PoolState.LOST, "has died")
