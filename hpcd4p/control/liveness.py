"""Which ranks are alive: a rank lives as long as the kernel keeps its connection to Redis open.

No heart-beat: a rank that spends hours in C code without releasing the interpreter lock counts as alive, and
the death of a rank is known at once, on every node. Owns the rule; does no I/O.
"""

from __future__ import annotations

from collections.abc import Container
from enum import Enum

from hpcd4p.control.life import Life

START_S = 30.0
"""A rank that has not connected by then never will: after MPI_Init it has imported all it needs, and only has
to receive its setup and to connect."""

LOOKS = 2
"""A rank is lost when this many looks in a row do not see it: a single look may come between the opening of
its two connections."""


class RankState(Enum):
    """State of a rank, as the head sees it."""

    STARTING = "starting"
    ALIVE = "alive"
    LOST = "lost"
    LEFT = "left"


ARROWS: dict[RankState, frozenset[RankState]] = {
    RankState.STARTING: frozenset(
        {
            RankState.ALIVE,  # has connected, or was heard
            RankState.LOST,  # has not in `START_S`
        }
    ),
    RankState.ALIVE: frozenset(
        {
            RankState.LOST,  # its connection is gone
            RankState.LEFT,  # has reported its figures, or why it cannot go on
        }
    ),
    RankState.LOST: frozenset(),
    RankState.LEFT: frozenset(),
}


class Liveness:
    """The lives of the ranks of one run, the head apart."""

    def __init__(self, ranks: list[int], now: float) -> None:
        self._lives = {r: Life(f"rank {r}", RankState.STARTING, ARROWS) for r in ranks}
        self._unseen = dict.fromkeys(ranks, 0)
        self._start = now

    def look(self, connected: frozenset[int], heard: Container[int], now: float) -> list[int]:
        """Ranks that were lost since the last look; `heard`: ranks that have ever sent something."""
        lost = []
        for rank, life in self._lives.items():
            if life.state is RankState.STARTING and rank in heard:
                life.go(RankState.ALIVE, "heard", now)
            if rank in connected:
                self._unseen[rank] = 0
                if life.state is RankState.STARTING:
                    life.go(RankState.ALIVE, "connected", now)
            elif self._count_miss(rank, life.state, now):
                life.go(RankState.LOST, "not connected", now)
                lost.append(rank)
        return lost

    def _count_miss(self, rank: int, state: RankState, now: float) -> bool:
        """Whether a rank without a connection is lost now."""
        if state is RankState.ALIVE:
            self._unseen[rank] += 1
            return self._unseen[rank] >= LOOKS
        return state is RankState.STARTING and now - self._start > START_S

    @property
    def unsure(self) -> bool:
        """Whether a rank was missing at the last look; the next one sees it again, or it is lost."""
        return any(self._unseen[r] for r, life in self._lives.items() if life.state is RankState.ALIVE)

    def left(self, rank: int) -> None:
        """Note that `rank` has reported its figures and is leaving; a lost rank stays lost."""
        life = self._lives[rank]
        if life.state is RankState.STARTING:
            life.go(RankState.ALIVE, "heard")
        if life.state is RankState.ALIVE:
            life.go(RankState.LEFT, "has reported")

    def here(self) -> list[int]:
        """Ranks that can be given orders."""
        here = (RankState.STARTING, RankState.ALIVE)
        return [rank for rank, life in self._lives.items() if life.state in here]

    def is_lost(self, rank: int) -> bool:
        """Whether `rank` has died; never the head."""
        return rank in self._lives and self._lives[rank].state is RankState.LOST

    def those(self, state: RankState) -> frozenset[int]:
        """The ranks that are in that state."""
        return frozenset(rank for rank, life in self._lives.items() if life.state is state)

    def count(self, state: RankState) -> int:
        """How many ranks are in that state."""
        return sum(1 for life in self._lives.values() if life.state is state)
