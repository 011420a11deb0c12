"""How long the thread that asks was on a core, and how long it was ready and waited for one.

Source: Linux, Documentation/scheduler/sched-stats.rst: ``/proc/<pid>/schedstat`` holds nanoseconds on the
CPU, nanoseconds waiting on a run queue, and time slices.
"""

from __future__ import annotations

import os
import time

from hpcd4p.wire.statistics import count_cores


class CpuClock:
    """The CPU clock of the thread that makes it; one read takes about 10 µs."""

    def __init__(self) -> None:
        try:
            self._file: int | None = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        except OSError:  # no Linux, or a kernel without it: then only the CPU time is known
            self._file = None

    def read_us(self) -> tuple[int, int]:
        """Microseconds on a core, and in the queue for one, so far; 0 where the kernel does not tell."""
        if self._file is None:
            return time.thread_time_ns() // 1000, 0
        on_core, queued = os.pread(self._file, 100, 0).split()[:2]
        return int(on_core) // 1000, int(queued) // 1000


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
