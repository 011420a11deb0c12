"""When Python's cycle collector runs on a rank: between tasks and in slow calls, not within a batch.

The collector looks through every young container that is alive; a batch has thousands of them, and nothing
to collect. A rank lets it run when its batches are gone. In a call that may take long it runs as usual. Owns
that switch of this process; must never be used in a process of the user's.
"""

from __future__ import annotations

import gc

SLOW_S = 0.005
"""In runs of an element that are expected to take longer than this the collector is on, so that garbage does
not pile up. A shorter one leaves little."""

held = False
"""Whether the collector waits for `breathe`."""


def hold() -> None:
    """From now on the collector runs in `breathe` and between `run_begins` and `run_ends` only."""
    global held
    held = True
    gc.freeze()  # imported modules stay: there is nothing to collect in them
    gc.disable()


def let_go() -> None:
    """Undo `hold`: in a forked child, which is no rank."""
    global held
    if held:
        held = False
        gc.unfreeze()
        gc.enable()


def breathe() -> None:
    """Let the collector run if it is due by its own thresholds."""
    if held:
        gc.enable()
        _allocate()
        gc.disable()


def _allocate() -> list[None]:
    return []  # the collector checks its thresholds at an allocation and, from CPython 3.12 on, at a call


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
