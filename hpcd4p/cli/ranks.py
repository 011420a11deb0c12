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
        self._engaged = False

    def engage(self) -> None:
        """From now on the engine tells them what to do, also when the run stops."""
        self._engaged = self._waiting
        self._waiting = False

    def release(self) -> None:
        """Send them home without a run, if they still wait."""
        if self._waiting:
            self._waiting = False
            from hpcd4p.launch import parallel

            parallel.dismiss()

    def leave(self, status: int) -> None:
        """End this process here, if after the run it cannot simply return; see `parallel.leave`."""
        if self._engaged:
            from hpcd4p.launch import parallel

            parallel.leave(status)
