"""How a rank has the porter of its node started, when it has the first large buffer there.

A run that has no arrays has no porters. The first rank of a node that has one starts it, and nobody waits for
it: until its folder is there, arrays go as if there were no shared memory.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hpcd4p.launch.blocks_folder import folder_there

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.transport.broker import Line

CLAIM = ".starts"
"""Behind the name of the folder: a folder that the rank makes that starts the porter."""

_NEVER = ("OMPI_", "PMI_", "PMIX_", "PRTE_", "PALS_", "HPCD4P_")
"""Variables that would make the process a rank."""

_DEAF_TO = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2
)  # fmt: skip
"""Slurm signals every process of a step, and ranks still need the porter while the head answers."""

_START = """
import os, pickle, sys
with open(0, 'rb') as read:
    try:
        sys.path[:] = pickle.load(read)
    except (EOFError, pickle.UnpicklingError):
        sys.exit()  # the rank has died already
    from hpcd4p.launch.porter_main import main
    given = pickle.load(read)
main(*given)
"""


class Summons:
    """That of one rank.

    Attributes
    ----------
    folder
        That of its node, which the porter makes.
    """

    def __init__(self, setup: Setup, node: int) -> None:
        self.folder = folder_there(setup.blocks, node, setup.incarnation)
        self._setup = setup
        self._node = node
        self._called = self._there = False

    def answered(self) -> bool:
        """Whether the porter is there; the first call has it started, if nobody has."""
        if not self._there:
            self._there = os.path.isdir(self.folder)
            if not self._there and not self._called:
                self._called = True
                self._start()
        return self._there

    def _start(self) -> None:
        claim = self.folder + CLAIM
        try:
            os.mkdir(claim, 0o700)
        except OSError:  # another rank has, or there is no room
            return
        try:
            self._spawn(claim)
        except (OSError, ValueError):  # no room for another process: arrays go as they would without
            with suppress(OSError):
                os.rmdir(claim)

    def _spawn(self, claim: str) -> None:
        theirs, ours = os.pipe()
        environ = {k: v for k, v in os.environ.items() if not k.startswith(_NEVER)}
        null = [(os.POSIX_SPAWN_OPEN, each, os.devnull, os.O_RDWR, 0) for each in (1, 2)]
        try:
            os.posix_spawn(
                sys.executable, [sys.executable, "-c", _START, self.folder], environ,
                file_actions=[(os.POSIX_SPAWN_DUP2, theirs, 0), *null], setsid=True, setsigmask=_DEAF_TO,
            )  # fmt: skip
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        import pickle

        with suppress(BrokenPipeError), os.fdopen(ours, "wb") as write:
            pickle.dump([p for p in sys.path if p] + [os.getcwd()], write)
            nothing: Any = None
            bare = self._setup._replace(elements=nothing, checkpoints=None)  # it runs none
            pickle.dump((bare, self._node, self.folder, claim), write)


class SummonsLine:
    """See `transport.broker.Line`: takes nothing before the porter is there."""

    def __init__(self, line: Line, summons: Summons) -> None:
        self._line = line
        self._summons = summons

    def hear(self, idle: int, idle_here: int, waiting: int) -> None:
        """See `Line.hear`."""
        self._line.hear(idle, idle_here, waiting)

    def takes_one(self) -> bool:
        """See `Line.takes_one`."""
        return self._summons.answered() and self._line.takes_one()
