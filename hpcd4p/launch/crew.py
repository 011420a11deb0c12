"""The other ranks, as rank 0 meets them, sends them home, or leaves them.

MPI is imported by the functions and not by this file, for importing it is MPI_Init, which waits for every
rank; and where it cannot be imported, the others must still be ended.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from contextlib import suppress

from hpcd4p.errors import MpiSetupError, RankLost, UsageError
from hpcd4p.launch import node_watch
from hpcd4p.launch.muster import Muster
from hpcd4p.launch.place import launched_size
from hpcd4p.launch.siblings import ending_signal, launcher_of_this_rank
from hpcd4p.launch.status_note import BEGUN, MET, leave_note

ABORT_S = 2.0
"""mpirun takes 0.3 s to end its ranks."""

RETURN = "return"
"""Return from the main function: MPI_Finalize waits for all, and all come."""

EXIT = "exit"
"""A rank was lost, and MPI_Finalize might wait for it for ever."""

ABORT = "abort"
"""Some ranks are in the middle of user code, or wait for one that never comes: they are ended with us."""

UNREACHED = "unreached"
"""The same without an MPI: only the launcher can end them."""

_muster: Muster | None = None
_hosts: list[str] = []
_told = False
_departure = RETURN


def meet() -> tuple[list[str], Muster]:
    """Wait until every rank is there; give the host of each, and who looks after them from now on.

    Raises
    ------
    MissingPackage, MpiSetupError
        There is no MPI here, or it is not that of the launcher.
    RankLost
        Ranks are missing.
    """
    global _muster, _hosts, _told
    if _muster is None:
        from hpcd4p.transport import mpi

        if mpi.world_size() != launched_size():
            _told = True  # each of the others is alone, and leaves by itself
            raise MpiSetupError(
                f"the launcher started {launched_size()} ranks, but this Python's MPI ({mpi.library()}) sees "
                f"{mpi.world_size()}: mpirun and mpi4py belong to different MPIs; use the mpirun of this MPI "
                "(hpcd4p doctor names it)"
            )
        _leave_word(MET)
        try:
            _hosts = mpi.gather_hosts()
        except RankLost:
            _told = True  # nothing reaches them
            depart(ABORT)
            raise
        _muster = Muster(_hosts)
        node_watch.close()
    return _hosts, _muster


def tell(data: bytes) -> None:
    """Tell every rank what there is to do.

    Raises
    ------
    RankLost
        Ranks are missing.
    """
    global _told
    from hpcd4p.transport import mpi

    _, muster = meet()
    _told = True
    depart(ABORT)  # until the end is in order
    mpi.share(data, muster.look)


def dismiss() -> None:
    """Send the other ranks home, if they wait: there is nothing to run.

    Why has been said, so this raises nothing.
    """
    if _told:
        return
    try:
        tell(pickle.dumps(None))
    except RankLost:
        pass
    except UsageError:
        depart(UNREACHED)
    else:
        depart(RETURN)


def begun() -> None:
    """Tell who launched the ranks that the run has begun."""
    _leave_word(f"{BEGUN} {os.getpid()}")


def _leave_word(word: str) -> None:
    with suppress(OSError):  # then the launcher looks after the ranks for longer than it must
        leave_note(word)


def depart(how: str) -> None:
    """Settle how `leave` will end this process."""
    global _departure
    _departure = how


def leave(status: int) -> None:
    """End this process with `status`, if it cannot simply return from its main function."""
    node_watch.close()
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
    launcher = launcher_of_this_rank()
    if launcher is not None:
        with suppress(OSError):
            os.kill(launcher, ending_signal())
            time.sleep(ABORT_S)  # it ends us, too
