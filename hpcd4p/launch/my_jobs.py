"""The jobs of this user, as squeue tells them: one question for all."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

ASK_S = 5.0
"""For an answer; one that comes later would keep a user waiting who has asked for something else."""

_COMMAND = ["squeue", "--me", "--noheader", "--array", "--format=%i|%T|%r|%j|%Z"]


class MyJob(NamedTuple):
    """One of them."""

    number: str
    state: str
    reason: str
    """Why it waits."""
    name: str
    folder: Path
    """Where it was submitted."""


def my_jobs() -> list[MyJob] | None:
    """All that wait or run; None: there is no Slurm here, or it gives no answer."""
    if shutil.which(_COMMAND[0]) is None:
        return None
    try:
        done = subprocess.run(_COMMAND, capture_output=True, text=True, timeout=ASK_S, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return parse(done.stdout) if done.returncode == 0 else None


def parse(text: str) -> list[MyJob]:
    """The jobs in what squeue has printed.

    Examples
    --------
    >>> parse("17|PENDING|Resources|hpcd4p|/home/ann")[0].reason
    'Resources'
    """
    rows = (line.split("|", 4) for line in text.splitlines())
    return [MyJob(row[0], row[1], row[2], row[3], Path(row[4])) for row in rows if len(row) == 5]
