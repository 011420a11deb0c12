"""When the head looks at its run, and at what. Pure."""

from __future__ import annotations

LOOK_S = 0.1
"""Between two looks when no bell rings."""

SOON_S = 0.01
"""The same at the start of a run, until it is known whether ranks lend themselves."""

STANDING_S = 0.005
"""The same while ranks stand still for a checkpoint: those that do wait for the last one."""

QUIET_S = 0.002
"""Between two looks when bells ring without end."""

ALIVE_S = 0.5
"""Between two looks at who is connected; more with thousands of ranks, whose list is long."""

ALIVE_S_PER_RANK = 0.0005

AGAIN = 0.2
"""... and such a part of that when the last look has missed a rank."""


def next_look(
    looked_at: float, rung: bool, scaler_at: float, soon: bool = False, standing: bool = False
) -> float:
    """When to look next: soon after a bell, and in time for the scaler.

    Parameters
    ----------
    soon
        Whether something is expected of which no bell tells.
    standing
        Whether ranks stand still until all do, of which no bell tells either.
    """
    pause_s = QUIET_S if rung else STANDING_S if standing else SOON_S if soon else LOOK_S
    return min(looked_at + pause_s, scaler_at)


def alive_every_s(ranks: int) -> float:
    """Seconds between two looks at who of so many ranks is connected."""
    return max(ALIVE_S, ALIVE_S_PER_RANK * ranks)


def looks_who_lives(now: float, looked_at: float, every_s: float, unsure: bool) -> bool:
    """Whether a look now is also at who is connected; `unsure`: the last one has missed a rank.

    ======  ============================================
    unsure  looks
    ======  ============================================
    no      `every_s` after the last
    yes     after a part of that, `AGAIN`: it may be lost
    ======  ============================================
    """
    return now - looked_at > every_s * (AGAIN if unsure else 1)


def looks_at_counts(now: float, counted_at: float, every_s: float, scaler_at: float) -> bool:
    """Whether a look now is also at the statistics: when they are due, or the scaler wants them."""
    return now - counted_at >= every_s or now >= scaler_at
