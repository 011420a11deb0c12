"""What the ranks of a simulated pool have done, and how much of it they have reported."""

from __future__ import annotations

from hpcd4p.backoff import Backoff
from hpcd4p.control.moves import STATS_S


class Tally:
    """The sums over all ranks; times in seconds.

    Attributes
    ----------
    tuples, busy_s, cpu_s, queued_s
        What ranks have reported: tuples done, time inside elements, on a core, ready and waiting for one.
    """

    def __init__(self, ranks: int) -> None:
        self.ranks = ranks
        self.tuples = 0
        self.busy_s = 0.0
        self.cpu_s = 0.0
        self.queued_s = 0.0
        self.tasks = 0
        self.all_busy_s = 0.0
        self._mine: list[list[float]] = [[0, 0.0, 0.0, 0.0] for _ in range(ranks + 1)]
        self._reported_at = [0.0] * (ranks + 1)
        self._every = [Backoff(*STATS_S) for _ in range(ranks + 1)]
        self._idle_s = 0.0
        self._idle_at = 0.0
        self._parked_s = 0.0
        self._parked_at: dict[int, float] = {}

    def ran(self, rank: int, tuples: int, busy_s: float, cpu_s: float, queued_s: float) -> None:
        """`rank` has run a task."""
        mine = self._mine[rank]
        mine[0] += tuples
        mine[1] += busy_s
        mine[2] += cpu_s
        mine[3] += queued_s
        self.tasks += 1
        self.all_busy_s += busy_s

    def tell(self, rank: int, now: float, always: bool = False) -> None:
        """Report what `rank` has done, if that is due with this commit."""
        if not always and now - self._reported_at[rank] <= self._every[rank].now_s:
            return
        self._reported_at[rank] = now
        self._every[rank].next()
        mine = self._mine[rank]
        if mine[0]:
            self.tuples += int(mine[0])
            self.busy_s += mine[1]
            self.cpu_s += mine[2]
            self.queued_s += mine[3]
            mine[:] = 0, 0.0, 0.0, 0.0

    def idle(self, ranks: int, now: float) -> None:
        """So many have been idle until now, since the last call."""
        self._idle_s += ranks * (now - self._idle_at)
        self._idle_at = now

    def waited_s(self, ranks: int, now: float) -> float:
        """Seconds that ranks have been idle so far; `ranks` are now."""
        return self._idle_s + ranks * (now - self._idle_at)

    def parked(self, rank: int, now: float) -> None:
        """`rank` is parked from now on."""
        self._parked_at[rank] = now

    def woken(self, rank: int, now: float) -> None:
        """`rank` is no longer parked."""
        self._parked_s += max(0.0, now - self._parked_at.pop(rank))

    def process_s(self, now: float) -> float:
        """Seconds that ranks have been active, all together."""
        until_now = sum(max(0.0, now - since) for since in self._parked_at.values())
        return self.ranks * now - self._parked_s - until_now
