"""The other ranks, as rank 0 meets them, sends them home, or leaves them.

MPI is imported by the functions and not by this file, for importing it is MPI_Init, which waits for every
rank; and where it cannot be imported, the others must still be ended.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from hpcd4p.errors import MpiSetupError, UsageError
from hpcd4p.launch.place import launched_size

ABORT_S = 2.0
"""mpirun takes 0.3 s to end its ranks."""

LAUNCHERS = frozenset({"mpirun", "mpiexec", "prterun", "prted", "orterun", "orted", "mpiexec.hydra"})
"""Parents of a rank that end its job on SIGTERM."""

RETURN = "return"
"""Return from the main function: MPI_Finalize waits for all, and all come."""

EXIT = "exit"
"""A rank was lost, and MPI_Finalize might wait for it for ever."""

ABORT = "abort"
"""Some ranks are in the middle of user code, or wait for one that never comes: they are ended with us."""

UNREACHED = "unreached"
"""The same without an MPI: only the launcher can end them."""

_met = False
_departure = RETURN


def meet() -> list[str]:
    """Gather the host of every rank; once.

    Raises
    ------
    MissingPackage, MpiSetupError
        There is no MPI here, or it is not that of the launcher.
    """
    global _met
    from hpcd4p.transport import mpi

    _met = True
    if mpi.world_size() != launched_size():
        raise MpiSetupError(
            f"the launcher started {launched_size()} ranks, but this Python's MPI ({mpi.library()}) sees "
            f"{mpi.world_size()}: mpirun and mpi4py belong to different MPIs; use the mpirun of this MPI "
            "(hpcd4p doctor names it)"
        )
    return mpi.gather_hosts()


def dismiss() -> None:
    """Send the other ranks home: there is nothing to run. What is wrong has been said; raises nothing."""
    if _met:
        return
    try:
        meet()
        from hpcd4p.transport import mpi

        mpi.share(pickle.dumps(None))
    except UsageError:
        depart(UNREACHED)


def depart(how: str) -> None:
    """Settle how `leave` will end this process."""
    global _departure
    _departure = how


def leave(status: int) -> None:
    """End this process with `status`, if it cannot simply return from its main function."""
    if _departure == RETURN:
        return
    sys.stdout.flush()
    sys.stderr.flush()
    if _departure != EXIT:
        _end_launcher()
    if _departure == ABORT:
        from hpcd4p.transport import mpi

        mpi.abort(status)
    os._exit(status)


def _end_launcher() -> None:
    """Ask mpirun to end the job: quieter than MPI_Abort, which under --enable-recovery does not do it."""
    parent = os.getppid()
    with suppress(OSError):
        if Path(f"/proc/{parent}/comm").read_text().strip() in LAUNCHERS:
            os.kill(parent, signal.SIGTERM)
            time.sleep(ABORT_S)  # it ends us, too
