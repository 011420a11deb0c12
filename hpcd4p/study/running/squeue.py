"""Asks Slurm about our jobs: one query for all of them, without accounting (sacct).

Finished jobs stay known for `MinJobAge`, mostly 300 s: asked more rarely than that, squeue does not say how
they ended. Then `sacct` is asked; without accounting, a job that is gone without a marker counts as lost.
"""

from __future__ import annotations

import os
import subprocess
from typing import NamedTuple

from hpcd4p.study.running.states import CANCELLED, LOST, PENDING, RUNNING, TIMED_OUT

DEADLINE_S = 30.0

_COMMAND = ["squeue", "--noheader", "--array", "--states=all", "--format=%i|%T|%N|%r"]

_WAITS = frozenset(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESIZING"}
)
_WORKS = frozenset({"RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT"})
_ENDS = {"TIMEOUT": TIMED_OUT, "DEADLINE": TIMED_OUT, "CANCELLED": CANCELLED, "REVOKED": CANCELLED}


class JobState(NamedTuple):
    """State of a job; `ended`: it will not leave a marker any more. `words` are Slurm's words for it."""

    state: str
    ended: bool
    words: str


def ask() -> dict[str, JobState] | None:
    """Give the state of each job of this user by its number (``17``, or ``17_3`` of an array).

    None when Slurm gives no answer, which says nothing about the jobs.
    """
    user = ["--user", str(os.getuid())]
    try:
        done = subprocess.run(
            [*_COMMAND, *user], capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse(done.stdout) if done.returncode == 0 else None


def parse(text: str) -> dict[str, JobState]:
    """Give the state of each job in what squeue printed.

    Examples
    --------
    >>> parse("17_3|NODE_FAIL|n2|NodeDown")["17_3"].words
    'NODE_FAIL on n2 (NodeDown)'
    """
    states = {}
    for line in text.splitlines():
        fields = line.split("|")
        if len(fields) < 4:
            continue
        number, word, nodes, reason = (f.strip() for f in fields[:4])
        words = (
            word + (f" on {nodes}" if nodes else "") + (f" ({reason})" if reason not in ("", "None") else "")
        )
        if word in _WAITS or word in _WORKS:
            states[number] = JobState(PENDING if word in _WAITS else RUNNING, False, words)
        else:
            states[number] = JobState(_ENDS.get(word, LOST), True, words)
    return states
