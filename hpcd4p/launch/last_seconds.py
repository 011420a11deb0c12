"""The seconds that a run has left when it was asked to end, and what of them its last checkpoint may take."""

from __future__ import annotations

import os

from hpcd4p.launch.siblings import in_slurm_job, launcher_of_this_rank
from hpcd4p.launch.status_note import STATUS_VARIABLE

LAST_S = 5.0
"""A person waits at the terminal."""

SLURM_S = 18.0
"""Slurm gives 30 s between SIGTERM and SIGKILL, of which the record needs some."""

GRACE_S = 10.0
"""Ranks stop within 2 s, or have a long call to finish."""


def grace_s(saves: bool) -> float:
    """Seconds after which ranks that were asked to end are ended; `saves`: they make a checkpoint first."""
    return GRACE_S + (last_s() if saves else 0.0)


def last_s() -> float:
    """Seconds for the last checkpoint."""
    return SLURM_S if in_slurm_job() else LAST_S


def last_s_of(name: str) -> float:
    """Seconds for it on rank 0, when it was asked to end by this signal; 0: there is no time."""
    return 0.0 if is_hurried(name) else last_s()


def is_hurried(name: str) -> bool:
    """Whether this signal comes from an mpirun that was not started by us: it ends its ranks 0.3 s later."""
    return name != "SIGUSR1" and STATUS_VARIABLE not in os.environ and launcher_of_this_rank() is not None
