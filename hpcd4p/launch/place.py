"""Which rank this process is, as its launcher says it in the environment. Imports no MPI.

Every rank asks this first, before anything else is imported, so this file must never import more
than `os`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

# The launcher nearest to the process comes first: an mpirun inside a Slurm step inherits the
# variables of the step.
_RANK = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "JSM_NAMESPACE_RANK", "PMIX_RANK", "SLURM_PROCID")
_SIZE = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "JSM_NAMESPACE_SIZE", "SLURM_STEP_NUM_TASKS")
_LOCAL = ("OMPI_COMM_WORLD_LOCAL_RANK", "SLURM_LOCALID")
_COUNT = ("OMPI_COMM_WORLD_LOCAL_SIZE",)


def launched_size(environ: Mapping[str, str] = os.environ) -> int:
    """Number of ranks that the launcher started; 1 without a launcher.

    A batch script is not a rank: Slurm gives it SLURM_PROCID and SLURM_NTASKS, but no step with
    tasks, and that is why SLURM_NTASKS is not asked.
    """
    return max(1, _first(_SIZE, environ, 1))


def launched_rank(environ: Mapping[str, str] = os.environ) -> int:
    """Number of this rank among `launched_size`; 0 without a launcher."""
    return _first(_RANK, environ, 0) if launched_size(environ) > 1 else 0


def _first(names: tuple[str, ...], environ: Mapping[str, str], default: int) -> int:
    for name in names:
        value = environ.get(name, "")
        if value.isdigit():
            return int(value)
    return default


def launched_here(environ: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Number of this rank on its node, and how many ranks are there; (0, 0) if the launcher does not say."""
    local, count = _first(_LOCAL, environ, -1), _first(_COUNT, environ, 0)
    if not count:  # srun names it for each of its nodes: "16(x3),8"
        counts = environ.get("SLURM_STEP_TASKS_PER_NODE", "")
        count = _at(counts, _first(("SLURM_NODEID",), environ, 0))
    return (local, count) if 0 <= local < count else (0, 0)


def keeps_watch(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this rank is one that watches those of its node while they start (see `node_watch`).

    Not where our launcher does: on one node, where mpirun is its child and the note is in its own memory. A
    single rank waits for nobody.
    """
    if launched_size(environ) < 2:
        return False
    if "OMPI_COMM_WORLD_SIZE" in environ and environ.get("HPCD4P_STATUS_FILE", "").startswith("/proc/"):
        return False
    local, count = launched_here(environ)
    return local < min(count, 2)


def _at(counts: str, node: int) -> int:
    for part in counts.split(","):
        count, _, times = part.rstrip(")").partition("(x")
        if not count.isdigit() or not (times or "1").isdigit():
            return 0
        node -= int(times or 1)
        if node < 0:
            return int(count)
    return 0


def say_past(launcher: int, words: bytes) -> bool:
    """Print something in the place of the launcher: Open MPI forwards nothing while it ends its ranks."""
    try:
        with open(f"/proc/{launcher}/fd/2", "ab", buffering=0) as stream:
            stream.write(words)
    except OSError:  # a socket, or gone
        return False
    return True
