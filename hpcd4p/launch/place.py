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
