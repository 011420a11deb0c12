"""Why Slurm ended a job, as far as it can be known while it happens: time limit, preemption, scancel."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from functools import partial

from hpcd4p.errors import Interrupted, RunStopped
from hpcd4p.launch.status_note import plainly
from hpcd4p.slurm_job import moment, read_job, show, value

NEAR_S = 180.0
"""A job may ask for a signal this long before its limit, and `slurm/run.sh` does: 120 s before; and Slurm
looks once a minute."""

SURE_S = 10.0
"""A job that is ended longer than this before its limit is not ended because of it."""


def full_reason(stop: RunStopped) -> str:
    """The reason of `stop` for the user; in a job of Slurm with the cause, as far as it is known."""
    reason = plainly(str(stop))
    why = why_ended(os.environ, time.time(), partial(show, "job")) if isinstance(stop, Interrupted) else ""
    return f"{reason}: {why}" if why else reason


def why_ended(environ: Mapping[str, str], now: float, ask: Callable[[str], str]) -> str:
    """Why Slurm ends this job; '' outside a job, or if it is not known.

    Parameters
    ----------
    ask
        Gives what ``scontrol show job NUMBER`` prints, or ''.
    """
    job = environ.get("SLURM_JOB_ID", "")
    if not job:
        return ""
    said = ask(job)
    job_now = read_job(said)
    state = job_now.state if job_now else ""
    if job_now and job_now.preempted:
        return f"job {job} is preempted by another one"
    if state == "CANCELLED":
        return f"job {job} was cancelled (scancel)"
    ends = _limit(said)  # the variable does not follow changes of the limit, and EndTime may not be the limit
    if ends is None:
        end = environ.get("SLURM_JOB_END_TIME", "")
        ends = float(end) if end.isdigit() else None
    over = job_now is not None and job_now.over_limit
    if state == "COMPLETING" and not over and ends is not None and now < ends - SURE_S:
        return f"job {job} was cancelled (scancel, or an operator)"
    if over or (ends is not None and now > ends - NEAR_S):
        limit = value(said, "TimeLimit")
        words = f" of {limit}" if limit else ""
        return f"the time limit{words} of job {job} has come; give it more with --time"
    return ""


def _limit(said: str) -> float | None:
    """When the time of the job is over."""
    start = moment(value(said, "StartTime"))
    limit = re.fullmatch(r"(?:(\d+)-)?(\d+):(\d+):(\d+)", value(said, "TimeLimit"))
    if start is None or limit is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in limit.groups())
    return start + ((days * 24 + hours) * 60 + minutes) * 60 + seconds
