"""When a checkpoint is due, and what it may cost. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from hpcd4p.control.life import Life

FIRST_S = 10.0
"""With `auto`, no checkpoint before this: what has run for less is run again as quickly."""

OVERHEAD = 0.02
"""With `auto`, most of the run time that checkpoints take, as far as the last one tells."""

SETTLE_S = 0.5
"""At first, ranks that stand still wait no longer than this for one that is in the middle of something; it
may itself wait for room at one of them, so a cut that takes longer is given up."""

LAST_SETTLE_S = 3.0
"""The same for the last one of a run that was asked to end: what it holds up is of no use any more."""

MOST_DOUBLINGS = 6
"""Each time that they have waited in vain they wait twice as long, so often: some tuples take seconds."""

AGAIN = 4.0
"""A cut that was given up is tried again after so many times the time that it was tried for."""

OFTEN = 3
"""Cuts that are given up in a row before the user is told."""

WRITE_S = 600.0
"""A file that is not there by then is not awaited."""

SLOW_S = 60.0
"""One that is not complete by then is told of: most take less, of any size that a rank can hold."""

MOST_CHANGES = 16
"""Files with changes that follow each other: all of them are read to go on."""

MOST_CHANGED = 1.0
"""... and of what they hold together, by the bytes of the file that they began with."""

LOOK_S = 0.02
"""Between two looks whether a checkpoint is complete: no bell tells."""


class CutState(Enum):
    """Where a checkpoint is."""

    NONE = "none"
    SETTLING = "settling"
    SAVING = "saving"
    COMPLETING = "completing"


ARROWS: dict[CutState, frozenset[CutState]] = {
    CutState.NONE: frozenset(
        {
            CutState.SETTLING,  # it is due
        }
    ),
    CutState.SETTLING: frozenset(
        {
            CutState.SAVING,  # all stand still, and the cut is fixed
            CutState.NONE,  # one of them takes too long
        }
    ),
    CutState.SAVING: frozenset(
        {
            CutState.COMPLETING,  # all files are there
            CutState.NONE,  # one of them will not come
        }
    ),
    CutState.COMPLETING: frozenset(
        {
            CutState.NONE,  # it can be gone on from, or could not be completed
        }
    ),
}


def new_life() -> Life[CutState]:
    """The life of the checkpoints of one run."""
    return Life("checkpoint", CutState.NONE, ARROWS)


def next_due(interval_s: float | None, now: float, began: float, cost_s: float, tries: int) -> float:
    """When the next checkpoint is due, once one has ended.

    Parameters
    ----------
    interval_s
        Seconds from begin to begin; None: `auto`.
    began, now
        When the last one began and ended.
    cost_s
        Seconds of the run that it has taken.
    tries
        How many in a row have been given up.
    """
    spare_s = cost_s / OVERHEAD if interval_s is None else 0.0
    if tries:
        return now + max(spare_s, AGAIN * cost_s, AGAIN * SETTLE_S * 2.0 ** min(tries - 1, MOST_DOUBLINGS))
    if interval_s is not None:
        return max(now, began + interval_s)
    return now + max(FIRST_S, spare_s)


class Patience:
    """How long ranks stand still for one that is in the middle of a tuple."""

    def __init__(self) -> None:
        self._doublings = 0

    def settle_s(self, last: bool = False) -> float:
        """Seconds; `last`: for the last checkpoint of a run that was asked to end."""
        return (LAST_SETTLE_S if last else SETTLE_S) * 2.0**self._doublings

    def was_too_short(self) -> None:
        """A cut was given up for that."""
        self._doublings = min(self._doublings + 1, MOST_DOUBLINGS)

    def was_enough(self, took_s: float) -> None:
        """All stood still after so many seconds."""
        while self._doublings and SETTLE_S * 2.0 ** (self._doublings - 1) >= 2.0 * took_s:
            self._doublings -= 1


def cost(ranks: Sequence[tuple[float, float]]) -> float:
    """Seconds of the run that a checkpoint has taken, as if no core were free for those who write it.

    Parameters
    ----------
    ranks
        Of each rank that has saved something: how long it stood still, and the time of a core for its file.
        Others wait for one that stands, and what writes takes its turn with what works.
    """
    return max((stood + cpu for stood, cpu in ranks), default=0.0)


def whole_is_due(base_bytes: int, changes: Sequence[int]) -> bool:
    """Whether all is written again, and not what has changed.

    Parameters
    ----------
    changes
        Bytes of each file since the one that held all.
    """
    return len(changes) >= MOST_CHANGES or sum(changes) > MOST_CHANGED * base_bytes


def likely_bytes(chain: Sequence[int]) -> int:
    """How long the next file of a rank will be, as far as those before it tell.

    Parameters
    ----------
    chain
        Bytes of the last one that held all, and of those with what has changed since.
    """
    whole, *changes = chain
    return changes[-1] if changes and not whole_is_due(whole, changes) else whole


def first_due(interval_s: float | None, started: float) -> float:
    """When the first one is due."""
    return started + (FIRST_S if interval_s is None else interval_s)


def undeclared(names: str) -> str:
    """Why there are no checkpoints of a run in which elements of the pool have changed."""
    return (
        f"{names} of the pool has changed while it works without declaring it: that is not saved; it is if "
        "it says stateful = True"
    )


def cause(why: str) -> str:
    """Why a checkpoint was not made, without its number: so it is the same for the next one."""
    before, sign, after = why.partition("epoch-")
    return before + sign + after.lstrip("0123456789")


def slow(epoch: int) -> str:
    """What is said of a checkpoint that takes longer than `SLOW_S`, in words."""
    return (
        f"checkpoint {epoch} is not complete {SLOW_S:.0f} s after its moment: its folder is slow (choose "
        "another one with --checkpoint-dir), or the state is large; what is done meanwhile is done again if "
        "the run dies"
    )


def refused(why: str) -> str:
    """Why a run ends that must have checkpoints, in words."""
    return (
        f"--checkpoint required, and the first one could not be made: {why}. Mend that; or take --checkpoint "
        "auto, and it goes on without"
    )
