"""What ranks share beside Redis: the cores of their node, and whatever else only one can have at a time.

- *cores*: m ranks that compute on a node of c cores have min(1, c/m) of a core each (processor sharing). How
  many tasks get done in the long run depends then on the work alone, not on its distribution or its order
  (Baskett, Chandy, Muntz, Palacios, J. ACM 22:248, 1975), so a task first waits, then computes.
- *anything else*: n ranks at work take 1 + a(n-1) + b n(n-1) times as long as one (Gunther, Guerrilla
  Capacity Planning, 2007: the universal scalability law; a is what serialises, b what has to be agreed on).
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, NamedTuple

from hpcd4p.simulation.events import EventClock


class Contention(NamedTuple):
    """The universal scalability law's two numbers."""

    alpha: float = 0.0
    beta: float = 0.0

    def slowness(self, ranks: int) -> float:
        """Seconds for what one rank alone does in a second, with `ranks` at work."""
        return 1.0 + (ranks - 1) * (self.alpha + self.beta * ranks) if ranks > 1 else 1.0


NONE = Contention()


class Node:
    """The cores of one node, shared by the ranks on it that compute."""

    def __init__(self, cores: int, clock: EventClock) -> None:
        self._cores = cores
        self._clock = clock
        self._given = 0.0  # seconds of a core that each rank has had so far
        self._at = 0.0  # work time of that
        self._due: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._version = 0
        self._number = 0

    def compute(self, seconds: float, call: Callable[[Any], None], argument: Any) -> None:
        """Have `call(argument)` called when so many seconds of a core have been given."""
        self._advance()
        self._number += 1
        heappush(self._due, (self._given + seconds, self._number, call, argument))
        self._plan()

    def _rate(self) -> float:
        return min(1.0, self._cores / len(self._due))

    def _advance(self) -> None:
        now = self._clock.work
        if self._due:
            self._given += (now - self._at) * self._rate()
        self._at = now

    def _plan(self) -> None:
        self._version += 1  # what was planned before is void
        if self._due:
            left = max(0.0, self._due[0][0] - self._given) / self._rate()
            self._clock.after_work(left, self._first, self._version)

    def _first(self, version: int) -> None:
        if version != self._version:
            return
        self._advance()
        given, _, call, argument = heappop(self._due)
        self._given = max(self._given, given)
        self._plan()
        call(argument)
