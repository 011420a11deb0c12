"""The clock of a simulation: what happens next, in seconds of the run and in seconds of work.

Two heaps. One holds instants of the run. The other holds instants of *work time*, which runs slower than time
while ranks slow each other down: so work that was begun need not be planned again when that changes.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Event = tuple[float, int, Callable[[Any], None], Any]


class EventClock:
    """The time of a simulation, and the calls that are planned.

    Attributes
    ----------
    now
        Seconds since the start of the run.
    work
        Work time: in seconds that a rank needs when nothing slows it down.
    slowness
        Seconds of time for a second of work, 1 or more.
    events
        How many have happened.

    Examples
    --------
    >>> clock, seen = EventClock(), []
    >>> clock.at(2.0, seen.append, "time")
    >>> clock.slowness = 4.0
    >>> clock.after_work(1.0, seen.append, "work")
    >>> clock.run(lambda: len(seen) == 2)
    >>> seen, clock.now
    (['time', 'work'], 4.0)
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.work = 0.0
        self.slowness = 1.0
        self.events = 0
        self._number = 0  # of calls at the same instant, the one planned first comes first
        self._times: list[Event] = []
        self._works: list[Event] = []

    def at(self, time_s: float, call: Callable[[Any], None], argument: Any = None) -> None:
        """Have `call(argument)` called at `time_s`."""
        self._number += 1
        heappush(self._times, (time_s, self._number, call, argument))

    def after_work(self, seconds: float, call: Callable[[Any], None], argument: Any = None) -> None:
        """Have `call(argument)` called after so many seconds of work time."""
        self._number += 1
        heappush(self._works, (self.work + seconds, self._number, call, argument))

    def run(self, over: Callable[[], bool]) -> None:
        """Run the planned calls until `over()`, or until nothing is planned any more."""
        times, works = self._times, self._works
        while not over():
            if works:
                due = self.now + max(0.0, works[0][0] - self.work) * self.slowness
                if not times or due <= times[0][0]:
                    event = heappop(works)
                    self.now = due
                    self.work = max(self.work, event[0])
                    self.events += 1
                    event[2](event[3])
                    continue
            elif not times:
                return
            event = heappop(times)
            self.work += (event[0] - self.now) / self.slowness
            self.now = event[0]
            self.events += 1
            event[2](event[3])
