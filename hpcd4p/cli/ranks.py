"""The other ranks, seen from the command line of rank 0: they wait, and somebody must tell them.

Between the start of the process and the start of the run, every way out of the command line goes
through `release`. During the run the engine looks after them.
"""

from __future__ import annotations

from hpcd4p.cli.words import complain
from hpcd4p.launch.place import launched_size


class OtherRanks:
    """The ranks that mpirun or srun started beside this one."""

    def __init__(self) -> None:
        self.size = launched_size()

    def meet(self) -> None:
        """Wait in MPI_Init until all are there; see `crew.meet`."""
        from hpcd4p.launch import crew

        crew.meet()

    def release(self) -> None:
        """Send them home without a run, if they still wait."""
        if self.size > 1:
            from hpcd4p.launch import crew

            crew.dismiss()

    def abandon(self) -> None:
        """Leave them to their launcher, unless they have been met; see `crew.abandon`."""
        if self.size > 1:
            from hpcd4p.launch import crew

            crew.abandon()

    def interrupted(self, words: str) -> bool:
        """Say `words` of a signal; whether a launcher of ours does, as before the run has begun."""
        self.abandon()
        if self.size > 1:
            from hpcd4p.launch.status_note import leave_interrupted

            if leave_interrupted():
                return True
        self.complain(words)
        return False

    def complain(self, words: str) -> None:
        """Say that the run was interrupted, where it is heard; see `crew.tell_interrupted`."""
        if self.size > 1:
            from hpcd4p.launch import crew

            if crew.tell_interrupted(words):
                return
        complain(words)

    def leave(self, status: int) -> None:
        """End this process here, if it cannot simply return; see `crew.leave`."""
        if self.size > 1:
            from hpcd4p.launch import crew

            crew.leave(status)
