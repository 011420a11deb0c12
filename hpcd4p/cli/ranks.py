"""The other ranks, for the command line of rank 0: they wait for a run, or to be sent home.

Between the start of the process and the start of the run, every way out of the command line goes through
`release`. During the run the engine handles them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.cli.words import complain
from hpcd4p.launch.place import launched_size

if TYPE_CHECKING:
    from hpcd4p.launch.crew import Crew


class OtherRanks:
    """The ranks that mpirun or srun started beside this one; for `close_watch` see `crew.Crew`.

    Attributes
    ----------
    size
        How many ranks there are, with this one.
    crew
        Meets and briefs them; None if this rank is alone.
    """

    def __init__(self, close_watch: Callable[[], bool] = bool) -> None:
        self.size = launched_size()
        self.crew: Crew | None = None
        if self.size > 1:
            from hpcd4p.launch.crew import Crew

            self.crew = Crew(close_watch)

    def release(self) -> None:
        """Send them home without a run, if they still wait."""
        if self.crew is not None:
            self.crew.dismiss()

    def abandon(self) -> None:
        """Leave them to their launcher, unless they have been met; see `Crew.abandon`."""
        if self.crew is not None:
            self.crew.abandon()

    def interrupted(self, words: str) -> bool:
        """Say `words` of a signal; whether a launcher of ours does, as before the run has begun."""
        self.abandon()
        if self.crew is not None:
            from hpcd4p.launch.status_note import leave_interrupted

            if leave_interrupted():
                return True
        self.complain(words)
        return False

    def complain(self, words: str) -> None:
        """Say that the run was interrupted, where it is heard; see `crew.tell_interrupted`."""
        if self.crew is not None:
            from hpcd4p.launch.crew import tell_interrupted

            # the launcher ends all ranks and their watches at once, and each would say it
            if self.crew.has_told() or tell_interrupted(words):
                return
        complain(words)

    def leave(self, status: int) -> None:
        """End this process here, if it cannot simply return; see `Crew.leave`."""
        if self.crew is not None:
            self.crew.leave(status)
