"""Where a task runs that may kill its rank. Pure.

A task whose rank died is a *suspect*: one of its tuples may have killed the rank, or something else did.
Suspects run apart, in a process that is not a rank, so they cost at most that process; a tuple that ends a
process in which nothing ran before it is *guilty*.
"""

from __future__ import annotations

from enum import Enum

FEW = 0.5
"""Part of the ranks of a pool. While more are alive, a death costs little and care costs much: every tuple
goes through two pipes. With fewer, the next deaths might be those of all before a suspect was judged."""


class Way(Enum):
    """How a task is run."""

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
        Whether a process apart can be started.

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

    They must when only `FEW` of them are left, until a suspect turns out to be harmless: then the others were
    probably killed from outside. After a guilty tuple they are careful to the end.

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
        """Note that a rank of the pool has died; `left` are alive."""
        self._few = left <= self._few_ranks
        self.careful = self._few

    def judged(self, guilty: bool) -> None:
        """Note that a suspect has run apart."""
        self._guilty = self._guilty or guilty
        self.careful = self._few and self._guilty
