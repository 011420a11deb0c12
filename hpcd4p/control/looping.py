"""The life of a rank's loop. Pure."""

from __future__ import annotations

from enum import Enum

from hpcd4p.control.life import Life


class LoopState(Enum):
    """How far the loop of a rank is."""

    STARTING = "starting"
    WORKING = "working"
    STOPPING = "stopping"
    LEFT = "left"
    FAILED = "failed"


ARROWS: dict[LoopState, frozenset[LoopState]] = {
    LoopState.STARTING: frozenset(
        {
            LoopState.WORKING,  # every instance that it hosts has preprocessed
            LoopState.STOPPING,  # told to stop by an answer to what a `preprocess` has written
            LoopState.FAILED,  # a `preprocess` has raised, or the broker is lost
        }
    ),
    LoopState.WORKING: frozenset(
        {
            LoopState.STOPPING,  # told to stop; the head: every element is drained
            LoopState.FAILED,  # taken for lost, or the broker is; the head: the run is stopped before its end
        }
    ),
    LoopState.STOPPING: frozenset(
        {
            LoopState.LEFT,  # its last statistics and figures are told
            LoopState.FAILED,  # the broker is lost before that, or refuses them
        }
    ),
    LoopState.LEFT: frozenset(),
    LoopState.FAILED: frozenset(),
}


def loop_of(rank: int) -> Life[LoopState]:
    """A loop that is about to start its instances."""
    return Life(f"the loop of rank {rank}", LoopState.STARTING, ARROWS)
