"""Where a task runs that may kill its rank. Pure.

A task whose rank died is a *suspect*: one of its tuples may have killed it, or it was only there when
somebody else did. Suspects run apart, in a process that is no rank, so they cost at most that process;
a tuple that ends a process in which nothing ran before it is *guilty*.
"""

from __future__ import annotations

from enum import Enum


class Way(Enum):
    """What becomes of a task."""

    HERE = "on the rank"
    APART = "in a process apart"
    REFUSED = "not run any more"


def way(attempts: int, last: bool, can_part: bool) -> Way:
    """Where a rank runs a task.

    Parameters
    ----------
    attempts
        How many ranks died with it.
    last
        Whether this is the last rank of a pool in which others died: if it dies, the run ends.
    can_part
        Whether a process apart can be had.

    =========  ====  ========  =======
    attempts   last  can_part  way
    =========  ====  ========  =======
    0          no    any       HERE
    0          yes   yes       APART
    0          yes   no        HERE
    1 or more  any   yes       APART
    1 or more  no    no        HERE
    1 or more  yes   no        REFUSED
    =========  ====  ========  =======
    """
    if attempts == 0:
        return Way.APART if last and can_part else Way.HERE
    if can_part:
        return Way.APART
    return Way.REFUSED if last else Way.HERE


class Last:
    """Whether the last rank of a pool must be careful with every task.

    It is from the moment that it is the last, until a suspect has shown that it kills nobody: then the others
    were probably killed from outside. A guilty tuple makes it careful for good.
    """

    def __init__(self) -> None:
        self.careful = False
        self._last = False
        self._guilty = False

    def alone(self) -> None:
        """All other ranks of the pool have died."""
        self._last = self.careful = True

    def judged(self, guilty: bool) -> None:
        """A suspect has run apart."""
        self._guilty = self._guilty or guilty
        self.careful = self._last and self._guilty
