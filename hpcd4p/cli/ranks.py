"""The other ranks, seen from the command line of rank 0: they wait, and somebody must tell them.

Between the start of the process and the start of the run, every way out of the command line goes
through `release`. During the run the engine looks after them.
"""

from __future__ import annotations

from hpcd4p.launch.place import launched_size


class OtherRanks:
    """The ranks that mpirun or srun started beside this one."""

    def __init__(self) -> None:
        self.size = launched_size()
        self._waiting = self.size > 1

    def engage(self) -> None:
        """From now on the engine tells them what to do, its failures included."""
        self._waiting = False

    def release(self, status: int) -> None:
        """Send them home without a run, if they still wait."""
        if self._waiting:
            self._waiting = False
            from hpcd4p.runtime import head

            head.dismiss(status)
