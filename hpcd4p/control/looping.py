"""The life of a rank's loop. Pure."""

from __future__ import annotations

from enum import Enum

from hpcd4p.control.life import Life


class LoopState(Enum):
    """How far the loop of a rank is.

    One that fails raises, and its process ends. That of the head is never told to stop.
    """

    STARTING = "starting"
    WORKING = "working"
    STOPPING = "stopping"
    LEFT = "left"


ARROWS: dict[LoopState, frozenset[LoopState]] = {
    LoopState.STARTING: frozenset(
        {
            LoopState.WORKING,  # every instance that it hosts has preprocessed
        }
    ),
    LoopState.WORKING: frozenset(
        {
            LoopState.STOPPING,  # told to stop
        }
    ),
    LoopState.STOPPING: frozenset(
        {
            LoopState.LEFT,  # its last statistics and figures are told
        }
    ),
    LoopState.LEFT: frozenset(),
}


def loop_of(rank: int) -> Life[LoopState]:
    """A loop that is about to start its instances."""
    return Life(f"the loop of rank {rank}", LoopState.STARTING, ARROWS)
