"""How busy a rank is with its partitions, and with which: told to the head when that may matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpcd4p.control.behind import WINDOW_S, is_behind, tells
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.rank.cpu import CpuClock
from hpcd4p.runtime.rank.link import Link
from hpcd4p.wire.reports import Load

if TYPE_CHECKING:
    from hpcd4p.plan.model import Plan
    from hpcd4p.runtime.clock import Clock

Key = tuple[int, int]

LATELY = 0.7
"""What was in one window counts so much in the next: a large segment of one partition may fill several."""


class LoadMeter:
    """Of one rank.

    Parameters
    ----------
    measured
        Whether to look at the cores, too; in a process of its own.
    """

    def __init__(
        self, rank: int, link: Link, inbox: Inbox, clock: Clock, plan: Plan, measured: bool = False
    ) -> None:
        self._measured = measured
        self._plan = plan
        self._cpu: CpuClock | None = None
        self._cpu_us: tuple[int, int] | None = None
        self._lately_s = 0.0
        self._lately: dict[Key, float] = {}
        self._rank = rank
        self._link = link
        self._inbox = inbox
        self._clock = clock
        self._told_at = now = clock.now()
        self._begin(now)

    def _begin(self, now: float) -> None:
        """Begin a new window."""
        self._began = now
        self._rested_s = self._link.rested_s
        self._spent: dict[Key, float] = {}
        self._tuples: dict[int, int] = {}

    def _read_us(self) -> tuple[int, int]:
        """Microseconds on a core and in the queue for one; most ranks never come here."""
        if self._cpu is None and self._measured:
            self._cpu = CpuClock()
        return self._cpu.read_us() if self._cpu is not None else (0, 0)

    def gone(self, key: Key) -> None:
        """A partition is here no longer."""
        self._lately.pop(key, None)
        self._spent.pop(key, None)

    def worked(self, key: Key, tuples: int, seconds: float) -> None:
        """Count work for a partition."""
        self._spent[key] = self._spent.get(key, 0.0) + seconds
        self._tuples[key[0]] = self._tuples.get(key[0], 0) + tuples

    def tell(self) -> None:
        """Tell the head, if a window is over and there is something to tell."""
        now = self._clock.now()
        window = now - self._began
        if window < WINDOW_S:
            return
        load = self._load(window)
        if tells(load.busy, load.line_s, now - self._told_at):
            self._told_at = now
            if is_behind(load.busy, load.line_s):
                from hpcd4p.runtime.rank.hot_keys import hot_keys

                load.keys = hot_keys(self._plan, self._inbox, load.partitions)
            self._link.report(load)
        self._begin(now)
        self._cpu_us = self._read_us()

    def _load(self, window: float) -> Load:
        rested = self._link.rested_s - self._rested_s
        now = self._read_us()
        before = self._cpu_us or now
        on_core, queued = ((now[i] - before[i]) / 1e6 / window for i in range(2))
        spent: dict[int, float] = {}
        for (element, _), seconds in self._spent.items():
            spent[element] = spent.get(element, 0.0) + seconds
        each = {e: spent.get(e, 0.0) / tuples for e, tuples in self._tuples.items()}
        line_s = sum(each.get(e, 0.0) * tuples for e, tuples in self._inbox.tuples.items())
        partitions = [(*key, share) for key, share in self._shares(window, each).items()]
        return Load(self._rank, 1 - rested / window, on_core, queued, line_s, partitions)

    def _shares(self, window: float, each: dict[int, float]) -> dict[Key, float]:
        """Part of the time inside each partition: lately, and with what is known to be in line for it.

        Parameters
        ----------
        each
            Seconds for a tuple, by element.
        """
        self._lately_s = window + LATELY * self._lately_s
        self._lately = {key: LATELY * before for key, before in self._lately.items() if before > 1e-3}
        for key, seconds in self._spent.items():
            self._lately[key] = self._lately.get(key, 0.0) + seconds
        both, total = dict(self._lately), self._lately_s
        for element, tuple_s in each.items():
            for partition, tuples in self._inbox.known(element).items():
                key = element, partition
                both[key] = both.get(key, 0.0) + tuples * tuple_s
                total += tuples * tuple_s
        return {key: seconds / total for key, seconds in both.items()}
