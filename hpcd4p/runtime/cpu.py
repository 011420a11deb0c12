"""How long the thread that asks was on a core, and how long it was ready and waited for one.

Source: Linux, Documentation/scheduler/sched-stats.rst: ``/proc/<pid>/schedstat`` holds nanoseconds on the
CPU, nanoseconds waiting on a run queue, and time slices.
"""

from __future__ import annotations

import os
import threading
import time


class CpuClock:
    """Of the thread that makes it; one read takes some 10 µs."""

    def __init__(self) -> None:
        try:
            self._file: int | None = os.open(
                f"/proc/self/task/{threading.get_native_id()}/schedstat", os.O_RDONLY
            )
        except OSError:  # no Linux, or a kernel without it: then only the CPU time is known
            self._file = None

    def read_us(self) -> tuple[int, int]:
        """Microseconds on a core, and in the queue for one, so far; 0 where the kernel does not tell."""
        if self._file is None:
            return time.thread_time_ns() // 1000, 0
        on_core, queued = os.pread(self._file, 100, 0).split()[:2]
        return int(on_core) // 1000, int(queued) // 1000
