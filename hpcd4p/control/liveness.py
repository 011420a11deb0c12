"""Which ranks are alive: a rank lives as long as the kernel keeps its connection to Redis open.

No heart-beat: a rank in hours of C code that never lets go of the interpreter lock is as alive as
any other, and a rank that was killed is known at once, on every node. Owns the rule; asks nobody.
"""

from __future__ import annotations

from collections.abc import Container
from enum import Enum

START_S = 30.0
"""A rank that has not connected by then never will: it was there at MPI_Init with all that it imports, and
has only to hear what there is to do and to connect."""

LOOKS = 2
"""A rank is lost when this many looks in a row do not see it: one look may fall between its two
connections coming up."""


class Life(Enum):
    """State of a rank, as the head sees it."""

    STARTING = "starting"
    ALIVE = "alive"
    LOST = "lost"
    LEFT = "left"


ARROWS: dict[Life, frozenset[Life]] = {
    Life.STARTING: frozenset({Life.ALIVE, Life.LOST}),  # connected; or never came up
    Life.ALIVE: frozenset({Life.LOST, Life.LEFT}),  # connection gone; or has reported its figures
    Life.LOST: frozenset(),
    Life.LEFT: frozenset(),
}


class Liveness:
    """The lives of the ranks of one run, the head apart."""

    def __init__(self, ranks: list[int], now: float) -> None:
        self.life = dict.fromkeys(ranks, Life.STARTING)
        self._unseen = dict.fromkeys(ranks, 0)
        self._start = now

    def look(self, connected: frozenset[int], heard: Container[int], now: float) -> list[int]:
        """Ranks that are lost since the last look; `heard` have said something at some time."""
        lost = []
        for rank, life in list(self.life.items()):
            if life is Life.STARTING and rank in heard:
                self._move(rank, Life.ALIVE)
                life = Life.ALIVE
            if rank in connected:
                self._unseen[rank] = 0
                if life is Life.STARTING:
                    self._move(rank, Life.ALIVE)
            elif life is Life.ALIVE:
                self._unseen[rank] += 1
                if self._unseen[rank] >= LOOKS:
                    lost.append(rank)
            elif life is Life.STARTING and now - self._start > START_S:
                lost.append(rank)
        for rank in lost:
            self._move(rank, Life.LOST)
        return lost

    @property
    def unsure(self) -> bool:
        """Whether the last look has missed a rank, which the next may see, or lose."""
        return any(self._unseen[rank] for rank, life in self.life.items() if life is Life.ALIVE)

    def left(self, rank: int) -> None:
        """`rank` has reported its figures and is leaving."""
        if self.life[rank] is Life.STARTING:
            self._move(rank, Life.ALIVE)
        if self.life[rank] is Life.ALIVE:
            self._move(rank, Life.LEFT)

    def _move(self, rank: int, to: Life) -> None:
        if to not in ARROWS[self.life[rank]]:
            raise AssertionError(f"rank {rank}: no arrow from {self.life[rank]} to {to}")
        self.life[rank] = to

    def here(self) -> list[int]:
        """Ranks that can be given orders."""
        return [r for r, life in self.life.items() if life in (Life.STARTING, Life.ALIVE)]

    def count(self, life: Life) -> int:
        """How many ranks are in that state."""
        return sum(1 for each in self.life.values() if each is life)
