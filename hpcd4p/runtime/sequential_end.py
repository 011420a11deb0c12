"""The end of a run in one process that makes checkpoints, once it was asked to end: its last one first.

On many ranks rank 0 goes on with its work until it is made. Here the process may be in a call of user code
for an hour, so a thread sees to it that the seconds are not more than what there is.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.runtime.execute.signals import Asked
from hpcd4p.runtime.head.last_cut import LastCut

if TYPE_CHECKING:
    from hpcd4p.runtime.clock import Clock
    from hpcd4p.runtime.head.last_cut import Hurries


class SequentialEnd:
    """Of one run.

    Parameters
    ----------
    last_s
        See `LastCut`.
    """

    def __init__(self, clock: Clock, last_s: Callable[[str], float]) -> None:
        self._last = LastCut(clock, last_s)
        self._last_s = last_s
        self._name = ""
        self._asked = threading.Event()
        self._ends = threading.Event()
        self._main = threading.get_ident()
        self._watch = threading.Thread(target=self._insist_in_time, name="hpcd4p-last", daemon=True)
        self._watch.start()

    def asked(self, name: str) -> None:
        """The run was asked to end, by the signal of this name. From its handler.

        Raises
        ------
        Asked
            It is to end at once.
        """
        # Slurm says one wish in several ways; there only a person's Ctrl-C insists
        self._last.asked(name == "SIGINT" or "SLURM_JOB_ID" not in os.environ)
        if not self._name:
            self._name = name
            if self._last_s(name) <= 0:
                self._last.insist()
            self._asked.set()
        if self._last.insisted:
            raise Asked(self._name)

    def look(self, cutter: Hurries, move: Callable[[], None]) -> None:
        """Nothing is under way: if the run was asked to end, make the last checkpoint, and end it.

        Parameters
        ----------
        cutter
            Makes it, in small moves.
        move
            Has `cutter` do what there is to do, now.

        Raises
        ------
        Asked
            The run was asked to end.
        """
        if not self._name:
            return
        while self._last.awaited(self._name, cutter):
            move()
        raise Asked(self._name)

    def close(self) -> None:
        """The run has ended."""
        self._ends.set()
        self._asked.set()
        self._watch.join()

    def _insist_in_time(self) -> None:
        self._asked.wait()
        if not self._ends.wait(self._last_s(self._name)):
            self._last.insist()
            signal.pthread_kill(self._main, signal.Signals[self._name])
