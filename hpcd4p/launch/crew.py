"""How rank 0 meets the other ranks, briefs them, sends them home, or leaves them.

The functions import MPI, not this file: importing it calls MPI_Init, which waits for every rank; and where it
cannot be imported, the others must still be ended.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import NoReturn

from hpcd4p.errors import MpiSetupError, RankLost, UsageError
from hpcd4p.launch.muster import Muster
from hpcd4p.launch.place import launched_size, say_past
from hpcd4p.launch.siblings import (
    ending_signal,
    launcher_of_this_rank,
    mpich_of_this_rank,
    parent_of_ranks,
    siblings_under,
)
from hpcd4p.launch.status_note import BEGUN, MET, STATUS_VARIABLE, leave_note

LOOK_S = 0.1

ABORT_S = 2.0
"""mpirun takes 0.3 s to end its ranks."""

READ_S = 2.0
"""MPICH forwards nothing any more once it is asked to end."""

FOLLOW_S = 6.0
"""The others let rank 0 close its record first (`leaving.HEAD_FIRST_S`); one in a long call does not
notice."""


class Departure(Enum):
    """How rank 0 ends its process."""

    RETURN = "return"
    """Return from the main function: MPI_Finalize waits for all ranks, and all of them call it."""

    EXIT = "exit"
    """Exit at once: a rank was lost, and MPI_Finalize might wait for it forever."""

    ABORT = "abort"
    """End all ranks: some are in the middle of user code, or wait for one that never comes."""

    FOLLOWED = "followed"
    """The same, but the others end by themselves first, for they see, too, that Redis is gone."""

    UNREACHED = "unreached"
    """The same without an MPI: only the launcher can end them."""


class Crew:
    """The other ranks, for rank 0: met once, briefed once, left once.

    Parameters
    ----------
    close_watch
        Called when the start need not be watched any more; may be called again (`NodeWatch.close`).
    """

    def __init__(self, close_watch: Callable[[], bool] = bool) -> None:
        self._close_watch = close_watch
        self._hosts: list[str] = []
        self._muster: Muster | None = None
        self._briefed = False
        self._departure = Departure.RETURN

    def meet(self) -> tuple[list[str], Muster]:
        """Wait until every rank is there; gives the host of each, and the `Muster` that watches them now.

        Raises
        ------
        MissingPackage, MpiSetupError
            There is no MPI here, or it is not that of the launcher.
        RankLost
            Ranks are missing.
        """
        if self._muster is None:
            from hpcd4p.transport import mpi

            if mpi.world_size() != launched_size():
                self._briefed = True  # each of the others is alone, and leaves by itself
                raise MpiSetupError(
                    f"the launcher started {launched_size()} ranks, but this Python's MPI ({mpi.library()}) "
                    f"sees {mpi.world_size()}: mpirun and mpi4py belong to different MPIs; use the mpirun of "
                    "this MPI (hpcd4p doctor names it)"
                )
            _leave_word(MET)
            try:
                self._hosts = mpi.gather_hosts()
            except RankLost:
                self._briefed = True  # they cannot be reached
                self.depart(Departure.ABORT)
                raise
            self._muster = Muster(self._hosts)
            self._close_watch()
        return self._hosts, self._muster

    def brief(self, data: bytes) -> None:
        """Send every rank its setup.

        Raises
        ------
        RankLost
            Ranks are missing.
        """
        from hpcd4p.transport import mpi

        _, muster = self.meet()
        self._briefed = True
        self.depart(Departure.ABORT)  # unless the run ends in order
        mpi.share(data, muster.look)

    def dismiss(self) -> None:
        """Send the other ranks home, if they wait, for there is nothing to run.

        The reason has been printed already, so this raises nothing.
        """
        if self._briefed:
            return
        try:
            self.brief(pickle.dumps(None))
        except RankLost:
            pass
        except UsageError:
            self.depart(Departure.UNREACHED)
        else:
            self.depart(Departure.RETURN)

    def abandon(self) -> None:
        """Stop waiting for the others: this process was interrupted, and perhaps they were, too."""
        if self._muster is None:
            self._briefed = True
            self.depart(Departure.UNREACHED)

    def has_told(self) -> bool:
        """Whether the watch of the start, which ends now, has told that this was interrupted."""
        return self._close_watch()

    def begun(self) -> None:
        """Tell the process that launched the ranks that the run has begun."""
        _leave_word(f"{BEGUN} {os.getpid()}")

    def depart(self, how: Departure) -> None:
        """Settle how `leave` will end this process."""
        self._departure = how

    def leave(self, status: int) -> None:
        """End this process with `status`, if it cannot simply return from its main function."""
        self._close_watch()
        how = self._departure
        if how is Departure.RETURN:
            return
        _flush()
        if how is not Departure.EXIT:
            from hpcd4p.launch.last_words import until_read

            until_read((1, 2), READ_S)
        if how is not Departure.EXIT and not (how is Departure.FOLLOWED and _wait_until_alone(FOLLOW_S)):
            _end_launcher(mpi=how is not Departure.UNREACHED)
        if how is Departure.ABORT or (how is Departure.FOLLOWED and not launcher_of_this_rank()):
            from hpcd4p.transport import mpi

            mpi.abort(status)
        os._exit(status)


def tell_interrupted(words: str) -> bool:
    """Print `words` in the place of the launcher, which may forward nothing once it is interrupted."""
    launcher = None if STATUS_VARIABLE in os.environ else launcher_of_this_rank()
    return launcher is not None and say_past(launcher, f"hpcd4p: error: {words}\n".encode())


def _leave_word(word: str) -> None:
    with suppress(OSError):  # then the launcher watches the ranks for longer than it must
        leave_note(word)


def go(status: int) -> None:
    """End this process with `status` if elements have left something running; else return."""
    from hpcd4p.runtime.execute.left_behind import settle

    def end(left: list[str]) -> NoReturn:
        for text in left:
            with suppress(OSError):
                os.write(2, f"hpcd4p: {text}\n".encode(errors="replace"))
        _flush()
        if "hpcd4p.transport.mpi" in sys.modules:
            from hpcd4p.transport import mpi

            mpi.finalize()
        os._exit(status)

    settle(end)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # elements may have closed them
            stream.flush()


def _wait_until_alone(seconds: float) -> bool:
    """Wait until all other ranks of this node have left, so that the launcher returns our status."""
    parent = parent_of_ranks()
    if parent is None or STATUS_VARIABLE in os.environ:  # nobody needs the launcher's status
        return False
    end = time.monotonic() + seconds
    while len(siblings_under(parent)) > 1:
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True


def _end_launcher(mpi: bool) -> None:
    """Ask mpirun to end all ranks: quieter than MPI_Abort, which under --enable-recovery does not do it."""
    launcher, how = launcher_of_this_rank(), ending_signal()
    if launcher is None and not mpi:  # no MPI_Abort there
        launcher, how = mpich_of_this_rank(), signal.SIGINT
    if launcher is not None:
        with suppress(OSError):
            os.kill(launcher, how)
            time.sleep(ABORT_S)  # it ends us, too
