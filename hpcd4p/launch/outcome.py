"""The errors for ranks that ended without a status of rank 0. Pure."""

from __future__ import annotations

from typing import NamedTuple

from hpcd4p.errors import Hpcd4pError, Interrupted, MpiSetupError, RankLost
from hpcd4p.launch.muster import missed
from hpcd4p.launch.status_note import INTERRUPTED

GAVE_UP = 3
"""Status of a rank that cannot go on without Redis, which may have gone with rank 0."""

_KILLED = (0, GAVE_UP, 9)
"""Statuses that may mean a killed rank: Open MPI gives 0 when all ranks were lost, MPICH 9 after a
SIGKILL."""

_LAST_SIGNAL = 128 + 64
"""Launchers give 128 plus the number of the signal; above that are Open MPI's own errors."""

_MEMORY = "Look for what stands above, and for memory: the kernel kills what takes too much"

_EXITS = (
    "does an element, or a library that it calls, end its process (os._exit, exit in C, STOP in Fortran)? "
    "It should raise"
)


class Outcome(NamedTuple):
    """How a launcher and its ranks ended."""

    ranks: int
    launcher: str
    """Its name, version and path."""
    ended: int
    """Its status; negative: ended by that signal."""
    survivors: bool = True
    """Whether it lets the others go on when one rank ends too early."""
    several: bool = False
    """Whether there is more than one node."""
    word: str = ""
    """What rank 0 wrote last into its note; empty: nothing."""
    begun: bool = False
    """Whether the run had begun."""
    missing: tuple[int, ...] = ()
    """Ranks that were missing during the start."""
    asked_to_stop: str | None = None
    """Name of the first signal that came to this process."""
    left: bool = False
    """A rank left in the middle of the run, and rank 0 had time to close its record."""

    def error(self) -> Hpcd4pError:
        """The error to raise."""
        # first of all: if ranks were missing, the others were ended for it
        if self.asked_to_stop or self.word == INTERRUPTED:
            return Interrupted(self._interrupted())
        if self.missing:
            return missed(self.missing, self.ranks)
        said = f"{self.launcher} ended with status {self.ended}"
        # an exit with a status is no error to Open MPI here (`error-nonzero-status`): it says 0 all the same
        silent = self.ended == 0 and not self.word
        if killed(self.ended) and not self.left and not silent:
            return RankLost(self._killed(said))
        if self.left:
            what = "a node of the job was lost, or a rank left" if self.several else "a rank left"
            return RankLost(
                f"{what} in the middle of the run, and the launcher ended the others: {said}. If nothing "
                f"above says why: {_EXITS}. The record holds what came out until then"
            )
        return MpiSetupError(
            f"the {self.ranks} ranks did not start: {said} and rank 0 left none. What they said stands above "
            "(if nothing does, the kernel may have killed them for memory); `python -m hpcd4p doctor` tries "
            "every part"
        )

    def _interrupted(self) -> str:
        if not self.begun:
            return f"interrupted by {self.asked_to_stop or 'a signal'} before the run began; nothing was run"
        return (
            f"interrupted by {self.asked_to_stop}: the {self.ranks} ranks were ended before rank 0 could "
            "close its record"
        )

    def _killed(self, said: str) -> str:
        node = ", or a node of the job was lost" if self.several else ""
        if self.survivors:
            return f"rank 0 was killed{node}: {said} and rank 0 left none. {_MEMORY}"
        return (
            f"a rank, perhaps rank 0, was killed or ended its process{node}, and the launcher ended the "
            f"others: {said}. {_MEMORY}. Or {_EXITS}"
        )


def killed(ended: int) -> bool:
    """Whether a launcher that ended with this status may have lost ranks to a signal."""
    return ended in _KILLED or ended < 0 or 128 < ended <= _LAST_SIGNAL
