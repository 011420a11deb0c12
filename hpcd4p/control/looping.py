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
            LoopState.STOPPING,  # told to stop, in the answer to a commit of what a `preprocess` wrote
            LoopState.FAILED,  # a `preprocess` has raised, or the broker is lost
        }
    ),
    LoopState.WORKING: frozenset(
        {
            LoopState.STOPPING,  # told to stop; the head: every element is drained
            LoopState.FAILED,  # declared lost, or the broker is lost; the head: the run is stopped early
        }
    ),
    LoopState.STOPPING: frozenset(
        {
            LoopState.LEFT,  # its last statistics and figures are sent
            LoopState.FAILED,  # the broker is lost before that, or refuses them
        }
    ),
    LoopState.LEFT: frozenset(),
    LoopState.FAILED: frozenset(),
}


def loop_of(rank: int) -> Life[LoopState]:
    """A loop that is about to start its instances."""
    return Life(f"the loop of rank {rank}", LoopState.STARTING, ARROWS)
