"""The clock of a run, made at its start and handed to all that need the time.

A simulated cluster hands its own. Only `runtime` reads it: decisions get `now` as an argument.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """A monotonic clock, in seconds from an arbitrary origin.

    Parameters
    ----------
    now
        Gives the time in seconds; by default the clock of this machine.
    started
        When the run started; by default now.

    Attributes
    ----------
    now, started
        The same; `now` is a plain function, for it is called between any two batches.
    cpu
        Gives the seconds of a core that this thread has had: what waits for a core takes none. Where time is
        simulated, that is all the time.
    """

    __slots__ = ("_real", "cpu", "now", "started")

    def __init__(self, now: Callable[[], float] | None = None, started: float | None = None) -> None:
        self._real = now is None
        self.now: Callable[[], float] = now or time.perf_counter
        self.cpu: Callable[[], float] = now or time.thread_time
        self.started = self.now() if started is None else started

    def elapsed(self) -> float:
        """Seconds since the start of the run."""
        return self.now() - self.started

    def instant(self, moment: float) -> float:
        """Seconds since the epoch at `moment` of `now()`, so that ranks can compare; else just `moment`."""
        return time.time() - (self.now() - moment) if self._real else moment
