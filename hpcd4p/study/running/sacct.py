"""Asks accounting (sacct), if there is any, about jobs that squeue has forgotten: one query for all."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from hpcd4p.study.running.squeue import DEADLINE_S, JobState, parse

_COMMAND = ["sacct", "--noheader", "--parsable2", "--allocations", "--format=JobID,State,NodeList"]

_MOST = 5000
"""Jobs of one query: their numbers are one argument of the command."""


def ask(jobs: Sequence[str]) -> dict[str, JobState]:
    """Give how `jobs` ended, as far as accounting knows; empty on a cluster without it."""
    states: dict[str, JobState] = {}
    for i in range(0, len(jobs), _MOST):
        words = [*_COMMAND, f"--jobs={','.join(jobs[i : i + _MOST])}"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            break
        if done.returncode:
            break  # "accounting storage is disabled"
        states |= {job: state for job, state in parse(as_squeue(done.stdout)).items() if state.ended}
    return states


def as_squeue(text: str) -> str:
    """Give what sacct printed in the form of squeue.

    Examples
    --------
    >>> as_squeue("17_3|CANCELLED by 1000|n2")
    '17_3|CANCELLED|n2|'
    """
    rows = [line.split("|") for line in text.splitlines()]
    return "\n".join(f"{r[0]}|{r[1].partition(' ')[0]}|{r[2]}|" for r in rows if len(r) == 3 and r[1])
