"""Ends a run in order before Slurm does, by the clock: a job need not ask for a signal before its limit.

Nor is a signal sure: what stands in a batch script beside a step of srun gets none at all when the time of
grace of a preemption begins, unless the site and the job ask for one.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from hpcd4p.logs import module_log
from hpcd4p.slurm_job import SlurmJob, grace_s, number_of, read_job, show

SHARE = 0.1
"""Of the limit, for the last checkpoint and the end of the run; within the bounds of `LEAD_S`."""

LEAD_S = (30.0, 150.0)
"""The signal of our batch scripts comes 120 s before the limit, and gives a checkpoint less time."""

REST_S = 20.0
"""Of the lead, for all but the last checkpoint."""

RETRY_S = 60.0
"""Slurm gave no answer."""

POLLS = 4.0
"""Looks in a time of grace, if the partition of the job has one."""

POLL_S = 5.0
"""... and not more often than this."""

_log = module_log(__name__)


class Look(NamedTuple):
    """What follows from a look at the job."""

    over: bool
    """The run is to end."""
    wait_s: float | None
    """Until the next look; None: there is none."""


def decide(job: SlurmJob | None, said_end: float | None, now: float, grace_s: float) -> Look:
    """Give whether the time of a run is over. Pure.

    Parameters
    ----------
    job
        What Slurm says of it; None: nothing.
    said_end
        Its end as its environment says, if it does.
    grace_s
        What the partition gives a job that is preempted.
    """
    if job is not None and job.preempted:
        return Look(True, None)
    end = job.end if job is not None else said_end
    if end is None:
        wait_s = RETRY_S if job is None else None
    else:
        limit_s = end - job.start if job is not None and job.start is not None else 0.0
        wait_s = end - now - min(max(SHARE * limit_s, LEAD_S[0]), LEAD_S[1])
        if wait_s <= 0.0:
            return Look(job is not None or end - now <= LEAD_S[0], RETRY_S / 2)
        if job is None:
            wait_s = min(wait_s, RETRY_S)
    if grace_s > 0.0:
        often_s = max(POLL_S, grace_s / POLLS)
        wait_s = often_s if wait_s is None else min(wait_s, often_s)
    return Look(False, wait_s)


class TimeWatch:
    """A context manager: within it this process gets SIGUSR1 when its job has little time left.

    Parameters
    ----------
    end
        Called instead of the signal.
    """

    def __init__(self, end: Callable[[], None] | None = None) -> None:
        self._number = os.environ.get("SLURM_JOB_ID", "")
        self._end = end or (lambda: os.kill(os.getpid(), signal.SIGUSR1))
        self._over = threading.Event()
        self._until: float | None = None
        self._thread = threading.Thread(target=self._watch, name="time limit", daemon=True)

    def left_s(self) -> float:
        """Seconds that the last checkpoint may take; 0: the run was not asked to end by the clock."""
        return 0.0 if self._until is None else max(0.0, self._until - REST_S - time.time())

    def __enter__(self) -> TimeWatch:
        if self._number:
            self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()

    def _watch(self) -> None:
        text = os.environ.get("SLURM_JOB_END_TIME", "")
        said_end = float(text) if text.isdigit() else None  # since Slurm 23.02
        given_s: float | None = None
        while True:
            job = read_job(show("job", self._number))
            if job is not None and given_s is None:
                given_s = grace_s(show("partition", job.partition))
            look = decide(job, said_end, time.time(), given_s or 0.0)
            if look.over and not self._over.is_set():
                _log.info("the time of job %s is nearly over: the run ends", number_of(os.environ))
                self._until = job.end if job is not None else said_end
                self._end()
            if look.over or look.wait_s is None or self._over.wait(look.wait_s):
                return
