"""When Python's cycle collector runs on a rank: between tasks and in slow calls, not within a batch.

The collector looks through every young container that is alive, and a batch is thousands of them; it
finds nothing there. A rank lets it run when its batches are gone. In a call that may last, it runs as
it always does. Owns that switch of this process; must never be used where the process is not ours.
"""

from __future__ import annotations

import gc

SLOW_S = 0.005
"""Longer runs of an element than this get the collector: garbage must not pile up in them. Below it, a
task leaves less than memory notices."""

held = False
"""Whether the collector waits for `breathe`."""


def hold() -> None:
    """From now on the collector runs in `breathe` and between `run_begins` and `run_ends` only."""
    global held
    held = True
    gc.freeze()  # what has been imported stays: looking through it again and again finds nothing
    gc.disable()


def let_go() -> None:
    """Undo `hold`: in a forked child, which is no rank."""
    global held
    if held:
        held = False
        gc.unfreeze()
        gc.enable()


def breathe() -> None:
    """Let the collector run if, by its own thresholds, it is due."""
    if held:
        gc.enable()
        _allocate()
        gc.disable()


def _allocate() -> list[None]:
    return []  # an allocation, and from CPython 3.12 on a call, is when it looks whether it is due


def run_begins(expected_s: float) -> bool:
    """Have the collector run as usual if what comes now may last; pass the answer to `run_ends`."""
    if held and expected_s > SLOW_S:
        gc.enable()
        return True
    return False


def run_ends(enabled: bool) -> None:
    """Undo `run_begins`."""
    if enabled:
        gc.disable()
