"""The job of Slurm that this process belongs to: what scontrol says of it, and whether it comes back."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

ASK_S = 5.0
"""For an answer of scontrol. A job has 30 s between SIGTERM and SIGKILL, and others need some of them."""

BY_SLURM = "Slurm itself puts it back"
"""No reason against it."""


class SlurmJob(NamedTuple):
    """What scontrol says of a job."""

    state: str
    """COMPLETING in place of what it was ended with, while its processes are."""
    reason: str
    batch: bool
    """Whether it has a script: others are not put back into the queue."""
    requeue: bool
    """Whether it may be."""
    preempted: bool
    start: float | None
    end: float | None
    """When its time is over, or was; sooner than the limit if it is preempted and has a time of grace."""
    partition: str

    @property
    def over_limit(self) -> bool:
        """Whether its time was over."""
        return self.state == "TIMEOUT" or self.reason == "TimeLimit"


def number_of(environ: Mapping[str, str]) -> str:
    """Give the number of the job: ``17``, or ``17_3`` where ``17`` may be a whole array; '' without one."""
    array, task = environ.get("SLURM_ARRAY_JOB_ID"), environ.get("SLURM_ARRAY_TASK_ID")
    if array and task:
        return f"{array}_{task}"
    return environ.get("SLURM_JOB_ID", "")


def read_job(said: str) -> SlurmJob | None:
    """Give what ``scontrol show job`` has printed; None if that is nothing."""
    state = value(said, "JobState")
    if not state:
        return None
    return SlurmJob(
        state,
        value(said, "Reason"),
        value(said, "BatchFlag") == "1",
        value(said, "Requeue") == "1",
        state == "PREEMPTED" or value(said, "PreemptTime") not in ("", "None", "Unknown"),
        moment(value(said, "StartTime")),
        moment(value(said, "EndTime")),
        value(said, "Partition"),
    )


def value(said: str, name: str) -> str:
    """Give one value of what scontrol has printed; '' without it."""
    match = re.search(rf"(?:^|\s){name}=(\S+)", said)
    return match[1] if match else ""


def moment(text: str) -> float | None:
    """Give an instant as scontrol prints it; None for ``Unknown``."""
    with suppress(ValueError):
        return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    return None


def grace_s(said: str) -> float:
    """Seconds of grace that ``scontrol show partition`` names."""
    text = value(said, "GraceTime")
    return float(text) if text.isdigit() else 0.0


def show(what: str, name: str) -> str:
    """Give what ``scontrol show WHAT NAME`` prints; '' if it gives no answer."""
    done, said = told(["show", what, name])
    return said if done else ""


def told(words: list[str]) -> tuple[bool, str]:
    """Call scontrol: whether it did what it was asked for, and what it said."""
    try:
        done = subprocess.run(
            ["scontrol", *words], capture_output=True, text=True, timeout=ASK_S, check=False,
            stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        return False, f"scontrol: {getattr(error, 'strerror', None) or 'no answer'}"
    return done.returncode == 0, done.stdout if done.returncode == 0 else done.stderr.strip()


def why_not(job: SlurmJob | None, gained: bool, now: float) -> str:
    """Give why a job is not to be put back into the queue; '' if it is. Pure.

    Parameters
    ----------
    gained
        Whether more is done than when the job began.
    """
    if job is None:
        return "scontrol does not say how it is"
    if not job.batch:
        return "it has no batch script"
    if job.state == "CANCELLED":
        return "it was cancelled (scancel)"
    if job.state not in ("RUNNING", "TIMEOUT", "PREEMPTED") and not (job.over_limit or job.preempted):
        if job.state != "COMPLETING" or job.end is None or job.end > now + 1.0:
            return BY_SLURM  # preempted without a time of grace, or a node has failed
        return "it was cancelled (scancel)"
    if not job.requeue:
        return "it may not be (--no-requeue, or so the cluster is set)"
    if not gained:
        return "nothing was done since it began; a tuple may take longer than the job has"
    return ""


def put_back(number: str, gained: bool, now: float) -> str:
    """Put a job back into the queue, if it is to come back (Slurm then ends it); gives why not, or ''."""
    why = why_not(read_job(show("job", number)), gained, now)
    if why:
        return why
    done, said = told(["requeue", number])
    return "" if done else f"Slurm refuses: {said or 'without a word'}"
