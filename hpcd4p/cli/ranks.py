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

    def meet(self) -> None:
        """Wait in MPI_Init until all are there; see `crew.meet`."""
        from hpcd4p.launch import crew

        crew.meet()

    def release(self) -> None:
        """Send them home without a run, if they still wait."""
        if self.size > 1:
            from hpcd4p.launch import crew

            crew.dismiss()

    def leave(self, status: int) -> None:
        """End this process here, if it cannot simply return; see `crew.leave`."""
        if self.size > 1:
            from hpcd4p.launch import crew

            crew.leave(status)
