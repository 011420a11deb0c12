"""The ranks of this node, as /proc shows them: children of their launcher with a number in their environment.

Only what Open MPI or srun starts: other launchers end all ranks themselves when one ends before its time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hpcd4p.descriptors import unreserved
from hpcd4p.processes import stat_of

_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)
"""What reading /proc raises for a process that has ended, or is somebody else's."""

# the number of a rank, and that on its node; an mpirun in a job of Slurm inherits the variables of a step
NUMBERS = (
    (b"OMPI_COMM_WORLD_RANK", b"OMPI_COMM_WORLD_LOCAL_RANK"),
    (b"SLURM_PROCID", b"SLURM_LOCALID"),
)
MPICH_NUMBERS = ((b"PMI_RANK", b"MPI_LOCALRANKID"),)
"""Of ranks that MPICH has started, which need nobody that looks whether they live."""

LAUNCHERS = frozenset({"mpirun", "mpiexec", "prterun", "prted", "orterun", "orted", "mpiexec.hydra"})
"""Names of parents of ranks that end all their ranks on SIGTERM and SIGINT."""

STEP = "slurmstepd"
"""Name of the parent of ranks that srun has started. It belongs to Slurm, and takes signals only from it."""


class Sibling(NamedTuple):
    """A rank of this node."""

    pid: int
    rank: int
    local: int
    """Its number on this node."""


def in_slurm_job(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this process belongs to a job of Slurm."""
    return "SLURM_JOB_ID" in environ


def ending_signal() -> signal.Signals:
    """Give the signal that ends a launcher and its ranks; in a Slurm job it ignores SIGTERM."""
    return signal.SIGINT if in_slurm_job() else signal.SIGTERM


def launcher_of_this_rank() -> int | None:
    """Process of the launcher, if it is the parent of this one: a script may stand between them."""
    parent = os.getppid()
    return parent if process_name(parent) in LAUNCHERS else None


def mpich_of_this_rank() -> int | None:
    """Process of MPICH's launcher, if this is its rank on the same node: a second SIGINT ends it all."""
    parent = os.getppid()
    if process_name(parent) != "hydra_pmi_proxy":
        return None
    launcher = _parent(str(parent))
    return launcher if launcher and process_name(launcher) in LAUNCHERS else None


def parent_of_ranks(parent: int | None = None) -> int | None:
    """Process below which the ranks of this node are, if it is `parent`, or that of this process."""
    parent = parent or os.getppid()
    return parent if process_name(parent) in LAUNCHERS | {STEP} else None


def process_name(pid: int) -> str:
    """Name of a process; empty if it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def ranks_under(parent: int) -> set[int]:
    """Numbers of the ranks that are living children of the process `parent`; 20 µs a process."""
    return {sibling.rank for sibling in siblings_under(parent)}


def siblings_under(parent: int, numbers: Sequence[tuple[bytes, bytes]] = NUMBERS) -> list[Sibling]:
    """Ranks that are living children of the process `parent`; `numbers`: variables that hold theirs."""
    with unreserved():  # elements of rank 0 may have used up all descriptors
        pids = [name for name in os.listdir("/proc") if name.isdigit() and _parent(name) == parent]
        return [sibling for pid in pids if (sibling := _sibling(pid, numbers)) is not None]


def _parent(pid: str) -> int | None:
    try:
        stat = stat_of(pid)
    except _GONE:
        return None
    return stat.parent if stat.lives else None


def _sibling(pid: str, numbers: Sequence[tuple[bytes, bytes]]) -> Sibling | None:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except _GONE:
        return None
    environ = dict(variable.split(b"=", 1) for variable in variables if b"=" in variable)
    for rank, local in numbers:
        if environ.get(rank, b"").isdigit():
            return Sibling(int(pid), int(environ[rank]), int(environ.get(local, environ[rank])))
    return None
