"""How long the thread that asks was on a core, and how long it was ready and waited for one.

Source: Linux, Documentation/scheduler/sched-stats.rst: ``/proc/<pid>/schedstat`` holds nanoseconds on the
CPU, nanoseconds waiting on a run queue, and time slices.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from math import inf

from hpcd4p.wire.statistics import count_cores

LATELY_S = 0.05
"""Five tasks."""


class CpuClock:
    """The CPU clock of the thread that makes it, or of the first of a process; a read takes about 10 µs.

    Parameters
    ----------
    process
        The number of the process; None: the thread that makes it.
    """

    def __init__(self, process: int | None = None) -> None:
        where = "thread-self" if process is None else str(process)
        try:
            self._file: int | None = os.open(f"/proc/{where}/schedstat", os.O_RDONLY)
        except OSError:  # no Linux, or a kernel without it: then only the CPU time is known
            self._file = None
        self._process = process
        self._last = 0, 0

    def read_us(self) -> tuple[int, int]:
        """Microseconds on a core, and in the queue for one, so far; 0 where the kernel does not tell."""
        if self._file is None:
            return (0, 0) if self._process else (time.thread_time_ns() // 1000, 0)
        try:
            on_core, queued = os.pread(self._file, 100, 0).split()[:2]
        except ProcessLookupError:  # it has just ended
            return self._last
        self._last = int(on_core) // 1000, int(queued) // 1000
        return self._last

    def close(self) -> None:
        """Close its file; it is not read any more."""
        if self._file is not None:
            os.close(self._file)


class OwnShare:
    """The part of a core that this process would take if cores were free, lately.

    What it waits for a core is left out of the time that has passed: on a machine whose cores are all in use
    each short piece of work waits, however little the process has to do.

    Parameters
    ----------
    now
        The clock, seconds.
    spent_s
        The seconds that the process has had a core, and those that it has waited for one.
    """

    def __init__(self, now: Callable[[], float], spent_s: Callable[[], tuple[float, float]]) -> None:
        self._now = now
        self._spent_s = spent_s
        self._at = now(), *spent_s()
        self._share = 0.0

    def __call__(self) -> float:
        """Of the last `LATELY_S` or a little more."""
        now = self._now()
        since, had_s, waited_s = self._at
        if now - since > LATELY_S:
            self._at = now, *self._spent_s()
            had_s = self._at[1] - had_s
            free_s = now - since - (self._at[2] - waited_s)
            # the three clocks are not read at one moment
            self._share = had_s / max(had_s, free_s) if had_s > 0 else 0.0
        return self._share


class FreeCores:
    """How many cores of this node, among those that this process may use, nobody uses, lately.

    Source: Linux, Documentation/filesystems/proc.rst: ``/proc/stat`` holds for each core the time that it was
    idle, also while a disk was awaited, in ticks of 10 ms.

    Parameters
    ----------
    now
        The clock, seconds.
    idle_s
        The seconds that these cores have been idle so far; None where the kernel does not tell.
    beside_s
        The seconds of a core that the process beside this one has had: they do not count as used.
    since
        The clock and the idle seconds at a moment before, when there was no process beside this one.
    """

    def __init__(
        self,
        now: Callable[[], float],
        idle_s: Callable[[], float | None],
        beside_s: Callable[[], float],
        since: tuple[float, float | None] | None = None,
    ) -> None:
        self._now = now
        self._idle_s = idle_s
        self._beside_s = beside_s
        self._at = (*since, 0.0) if since is not None else (now(), idle_s(), beside_s())
        self._free = inf if self._at[1] is None else 0.0

    def __call__(self) -> float:
        """Of the last `LATELY_S` or a little more, at first 0; infinity where the kernel does not tell."""
        now = self._now()
        since, idle_s, beside_s = self._at
        if now - since > LATELY_S:
            self._at = now, self._idle_s(), self._beside_s()
            if idle_s is not None and self._at[1] is not None:
                # another process may be beside it now, which has had less
                spent_s = self._at[1] - idle_s + max(0.0, self._at[2] - beside_s)
                self._free = spent_s / (now - since)
        return self._free


def idle_s() -> float | None:
    """The seconds that the cores which this process may use have been idle since the machine began."""
    try:
        mine = {f"cpu{number}" for number in os.sched_getaffinity(0)}
        with open("/proc/stat", encoding="ascii") as file:
            fields = [line.split() for line in file if line.startswith("cpu")]
        ticks = [int(each[4]) + int(each[5]) for each in fields if each[0] in mine]
    except (OSError, AttributeError, ValueError, IndexError):  # no Linux, or a container without it
        return None
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else None


class CpuAccount:
    """What a rank reports of its CPU clock: pool work only, without its start and first calls of elements.

    In their first calls all ranks import at the same time; that they wait for cores then means nothing.
    """

    def __init__(self, clock: CpuClock) -> None:
        self._clock = clock
        self._counted_us: tuple[int, int] | None = None

    def begins(self) -> None:
        """Note that the next call is the first of an element here."""
        self._counted_us = None

    def count(self, growth: dict[str, int]) -> None:
        """Add to `growth` the microseconds since the last call."""
        now = self._clock.read_us()
        before, self._counted_us = self._counted_us or now, now
        count_cores(growth, now[0] - before[0], now[1] - before[1])


def own_share(now: Callable[[], float]) -> OwnShare:
    """That of this process, asked by its main thread; of other threads, what they wait is not known."""
    clock = CpuClock()
    return OwnShare(now, lambda: (time.process_time(), clock.read_us()[1] * 1e-6))
