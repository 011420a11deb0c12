"""The account that each rank keeps of itself while it runs."""

from __future__ import annotations

import os
import resource
from typing import Any

from hpcd4p.runtime import clock


class RankAccount:
    """What one rank did so far; times in seconds."""

    def __init__(self, rank: int, role: str, started: float, host: str = "") -> None:
        self.rank = rank
        self.role = role
        self.host = host or os.uname().nodename
        self.started = started
        self.busy_s = 0.0
        self.parked_s = 0.0
        self.tasks = 0
        self.tuples = 0

    def figures(self) -> dict[str, Any]:
        """The account as it stands: the fields of `record.summary.RankFigures`."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        active = clock.now() - self.started - self.parked_s
        return dict(
            rank=self.rank,
            host=self.host,
            pid=os.getpid(),
            role=self.role,
            active_s=active,
            busy_s=self.busy_s,
            idle_s=max(0.0, active - self.busy_s),
            parked_s=self.parked_s,
            cpu_s=usage.ru_utime + usage.ru_stime,
            tasks=self.tasks,
            tuples=self.tuples,
            peak_rss_bytes=usage.ru_maxrss * 1024,
        )
