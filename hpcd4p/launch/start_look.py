"""The ranks of a run that is starting, as this host sees them. Only reads /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hpcd4p.launch.place import launched_here
from hpcd4p.launch.siblings import MPICH_NUMBERS, NUMBERS, Sibling, siblings_under
from hpcd4p.live.kernel import in_words, waits_in
from hpcd4p.live.starting import StartingRank, StartSeen
from hpcd4p.processes import stat_of

if TYPE_CHECKING:
    from hpcd4p.live.document import Identity

MPI = "libmpi"
"""Part of the name of the library that a process has mapped from MPI_Init on, of Open MPI and MPICH."""


def seen_here(run: Identity) -> StartSeen | None:
    """What this host shows; None: no rank of the run is here, or none may be looked at."""
    here = os.uname().nodename
    pid = run.pid if run.host == here else _of_job(run.job)
    try:
        parent = stat_of(pid).parent
        environ = _environ(pid)
    except OSError:
        return None
    found = siblings_under(parent, NUMBERS + MPICH_NUMBERS)
    ranks = [each for each in map(_looked_at, sorted(found, key=lambda each: each.rank)) if each is not None]
    _, expected = launched_here(environ)
    return StartSeen(here, ranks, expected, environ.get("SLURM_JOB_NODELIST", ""))


def _of_job(job: str) -> int:
    """Process of a rank that srun or mpirun has started here in that job; 0: there is none."""
    for name in filter(str.isdigit, os.listdir("/proc") if job else ()):
        with suppress(OSError):
            environ = _environ(int(name))
            words = Path(f"/proc/{name}/cmdline").read_bytes()
            if environ.get("SLURM_JOB_ID") == job and launched_here(environ)[1] and b"hpcd4p" in words:
                return int(name)
    return 0


def _looked_at(sibling: Sibling) -> StartingRank | None:
    try:
        state = stat_of(sibling.pid).state
        has_mpi = MPI in Path(f"/proc/{sibling.pid}/maps").read_text(errors="replace")
    except OSError:
        return None  # it has ended
    waits_for = in_words(waits_in(str(sibling.pid))) if state in "SD" else ""
    return StartingRank(sibling.rank, sibling.pid, state, has_mpi, waits_for)


def _environ(pid: int) -> dict[str, str]:
    words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(os.fsdecode(word).split("=", 1) for word in words if b"=" in word)
