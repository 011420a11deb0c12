"""Which ranks are alive: a rank lives as long as the kernel keeps its connection to Redis open.

No heart-beat: a rank in hours of C code that never lets go of the interpreter lock is as alive as
any other, and a rank that was killed is known at once, on every node. Owns the rule; asks nobody.
"""

from __future__ import annotations

from collections.abc import Container
from enum import Enum

from hpcd4p.control.life import Life

START_S = 30.0
"""A rank that has not connected by then never will: it was there at MPI_Init with all that it imports, and
has only to hear what there is to do and to connect."""

LOOKS = 2
"""A rank is lost when this many looks in a row do not see it: one look may fall between its two
connections coming up."""


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
        """Ranks that are lost since the last look; `heard` have said something at some time."""
        lost = []
        for rank, life in self._lives.items():
            if life.state is RankState.STARTING and rank in heard:
                life.go(RankState.ALIVE, "heard", now)
            if rank in connected:
                self._unseen[rank] = 0
                if life.state is RankState.STARTING:
                    life.go(RankState.ALIVE, "connected", now)
            elif self._is_missed(rank, life.state, now):
                life.go(RankState.LOST, "not connected", now)
                lost.append(rank)
        return lost

    def _is_missed(self, rank: int, state: RankState, now: float) -> bool:
        """Whether a rank without a connection is lost now."""
        if state is RankState.ALIVE:
            self._unseen[rank] += 1
            return self._unseen[rank] >= LOOKS
        return state is RankState.STARTING and now - self._start > START_S

    @property
    def unsure(self) -> bool:
        """Whether the last look has missed a rank, which the next may see, or lose."""
        return any(self._unseen[r] for r, life in self._lives.items() if life.state is RankState.ALIVE)

    def left(self, rank: int) -> None:
        """`rank` has reported its figures and is leaving; of one that is lost, that changes nothing."""
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

    def count(self, state: RankState) -> int:
        """How many ranks are in that state."""
        return sum(1 for life in self._lives.values() if life.state is state)
