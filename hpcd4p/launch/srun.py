"""srun as the launcher: for sites without an mpirun, or whose MPI wants to be started by Slurm.

srun must be told how the ranks of an MPI find each other (``--mpi=pmix`` or ``pmi2``); SLURM_MPI_TYPE says it
where the site or the user has chosen.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from hpcd4p.errors import MpiSetupError
from hpcd4p.launch.mpi_program import SRUN, VERSION_S, Mpi, has_several_nodes

LIBRARY_S = 60.0
"""Time for a process to load the MPI library, even from a cold shared file system."""

_LIBRARY = (
    "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI; print(MPI.Get_library_version())"
)

RANKS_PER_CORE = 128
"""More ranks on one machine would only wait for each other. Beyond some thousands its memory and its
processes run out, and a launcher that is refused one of them may hang."""

LEAST_LIMIT = 256
"""... but so many are allowed on any machine: that is where large runs are tried."""

INTERACTIVE_STEPS = 0xFFFFFFF0
"""Steps from here on are no steps of srun: the batch script, and the shell of salloc."""


def find_srun(environ: Mapping[str, str] = os.environ) -> Mpi:
    """Give srun with the kind of ``--mpi`` that fits the MPI of this Python.

    Raises
    ------
    MpiSetupError
        There is no srun, this is no job of Slurm, or srun knows no kind that fits.
    """
    path = shutil.which("srun")
    if path is None:
        raise MpiSetupError("--launcher srun: there is no srun on PATH; use --launcher mpirun")
    if "SLURM_JOB_ID" not in environ:
        raise MpiSetupError(
            "--launcher srun: this is no job of Slurm. Submit it (sbatch slurm/run.sh, or python -m hpcd4p "
            "submit), or take salloc first"
        )
    chosen = environ.get("SLURM_MPI_TYPE", "")
    return Mpi(Path(path), SRUN, (), chosen or fitting(_library(), _kinds(path)))


def fitting(library: str, kinds: Collection[str]) -> str:
    """Give the kind of ``srun --mpi`` for an MPI library, out of those that srun knows.

    Raises
    ------
    MpiSetupError
        None of them fits.

    Examples
    --------
    >>> fitting("Open MPI v5.0.11", ["none", "pmi2", "pmix", "pmix_v4"])
    'pmix'
    >>> fitting("MPICH Version: 5.0.2", ["none", "pmi2", "pmix"])
    'pmi2'
    """
    wanted = ("pmix",) if "Open MPI" in library else ("pmi2", "cray_shasta", "pmix")
    for kind in wanted:
        if kind in kinds:
            return kind
    raise MpiSetupError(
        f"--launcher srun: {library or 'this MPI'} needs srun --mpi={wanted[0]}, and srun here knows "
        f"{', '.join(kinds) or 'none'}. Use --launcher mpirun, or set SLURM_MPI_TYPE"
    )


def kinds_in(text: str) -> list[str]:
    """Give the kinds that ``srun --mpi=list`` names."""
    lines = [line.strip() for line in text.splitlines()]
    kinds = [line for line in lines if re.fullmatch(r"[a-z0-9_]+", line)]
    versions = next((line.partition(":")[2] for line in lines if line.startswith("specific pmix")), "")
    return [*kinds, *(v.strip() for v in versions.split(",") if v.strip())]


def check_place(n: int, environ: Mapping[str, str] = os.environ) -> None:
    """Make sure that `n` ranks can be started here, in a job of Slurm or on one machine.

    Raises
    ------
    MpiSetupError
        Inside a step of srun, where launchers of MPI hang; or there are more ranks than tasks in the job, or
        than one machine can take.
    """
    step = environ.get("SLURM_STEP_ID", "")
    if step.isdigit() and int(step) < INTERACTIVE_STEPS:
        raise MpiSetupError(
            f"-n {n} inside a step of srun: mpirun would wait there for ever. Start it in the batch script "
            f"itself, or let srun start the ranks: srun -n {n} python -m hpcd4p run WORKFLOW"
        )
    tasks = environ.get("SLURM_NTASKS", "")
    if tasks.isdigit() and "SLURM_JOB_ID" in environ and n > int(tasks):
        raise MpiSetupError(
            f"-n {n}: the job has {tasks} tasks on {environ.get('SLURM_JOB_NUM_NODES', '?')} nodes. Ask for "
            "more, --nodes and --ntasks-per-node, or take fewer ranks"
        )
    if not tasks and not has_several_nodes(environ):
        cores = len(os.sched_getaffinity(0))
        most = max(LEAST_LIMIT, RANKS_PER_CORE * cores)
        if n > most:
            raise MpiSetupError(
                f"-n {n}: this machine has {cores} cores, and takes up to {most} ranks ({RANKS_PER_CORE} for "
                f"each core, {LEAST_LIMIT} in any case). Take fewer, or start them on the nodes of a batch "
                "job (hpcd4p submit)"
            )


def _library() -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _LIBRARY], capture_output=True, text=True, timeout=LIBRARY_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.split("\n", 1)[0].strip("\x00 ")


def _kinds(path: str) -> list[str]:
    try:
        done = subprocess.run(
            [path, "--mpi=list"], capture_output=True, text=True, timeout=VERSION_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return kinds_in(done.stdout + done.stderr)
