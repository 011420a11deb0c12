"""The ranks of this node, as /proc shows them: children of their launcher with a number in their environment.

Only what Open MPI starts: other launchers end all ranks themselves when one ends before its time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

_RANK = b"OMPI_COMM_WORLD_RANK="

LAUNCHERS = frozenset({"mpirun", "mpiexec", "prterun", "prted", "orterun", "orted", "mpiexec.hydra"})
"""Names of parents of ranks that end their job on SIGTERM and SIGINT."""


def in_slurm_job(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process belongs to a job of Slurm."""
    return "SLURM_JOB_ID" in environ


def ending_signal() -> signal.Signals:
    """Give the signal that ends a launcher and its ranks; of a Slurm job it does not hear SIGTERM."""
    return signal.SIGINT if in_slurm_job() else signal.SIGTERM


def launcher_of_this_rank() -> int | None:
    """Process of the launcher, if it is the parent of this one: a script may stand between them."""
    parent = os.getppid()
    try:
        name = Path(f"/proc/{parent}/comm").read_text().strip()
    except OSError:
        return None
    return parent if name in LAUNCHERS else None


def ranks_under(launcher: int) -> set[int]:
    """Numbers of the ranks that are living children of the process `launcher`; 20 µs a process."""
    found = set()
    for name in os.listdir("/proc"):
        if name.isdigit() and _parent(name) == launcher:
            rank = _rank(name)
            if rank is not None:
                found.add(rank)
    return found


def _parent(pid: str) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # "pid (name) state ppid ...": the name may hold blanks and brackets
    state, parent = text[text.rindex(b")") + 2 :].split(maxsplit=2)[:2]
    return None if state in (b"Z", b"X") else int(parent)


def _rank(pid: str) -> int | None:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # gone, or of somebody else
        return None
    return next((int(v[len(_RANK) :]) for v in variables if v.startswith(_RANK)), None)
