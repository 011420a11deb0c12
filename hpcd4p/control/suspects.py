"""Where a task runs that may kill its rank. Pure.

A task whose rank died is a *suspect*: one of its tuples may have killed it, or it was only there when
somebody else did. Suspects run apart, in a process that is no rank, so they cost at most that process;
a tuple that ends a process in which nothing ran before it is *guilty*.
"""

from __future__ import annotations

from enum import Enum

FEW = 0.5
"""Of the ranks of a pool. As long as more live, a death costs little, and care costs much: every tuple goes
through two pipes. With fewer, the next deaths might end all of them before anybody has seen one."""


class Way(Enum):
    """What becomes of a task."""

    HERE = "on the rank"
    APART = "in a process apart"
    REFUSED = "not run any more"


def way(attempts: int, careful: bool, can_part: bool) -> Way:
    """Where a rank runs a task.

    Parameters
    ----------
    attempts
        How many ranks died with it.
    careful
        Whether only a `FEW` ranks of the pool are left; see `Suspicion`.
    can_part
        Whether a process apart can be had.

    =========  ====  ========  =======
    attempts  careful can_part  way
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
        return Way.APART if careful and can_part else Way.HERE
    if can_part:
        return Way.APART
    return Way.REFUSED if careful else Way.HERE


class Suspicion:
    """Whether the ranks of a pool must be careful with every task.

    They are when so many of them have died that there are `FEW` left, until a suspect has shown that it kills
    nobody: then the others were probably killed from outside. A guilty tuple makes them careful for good.

    Parameters
    ----------
    pool
        Ranks of the pool at the start.
    """

    def __init__(self, pool: int) -> None:
        self.careful = False
        self._few_ranks = max(1, int(FEW * pool))
        self._few = False
        self._guilty = False

    def died(self, left: int) -> None:
        """A rank of the pool has died, `left` have not."""
        self._few = left <= self._few_ranks
        self.careful = self._few

    def judged(self, guilty: bool) -> None:
        """A suspect has run apart."""
        self._guilty = self._guilty or guilty
        self.careful = self._few and self._guilty
