"""How much is taken from a source at a time, and when again. Pure.

A task for each tuple of a slow source would cost more than the tuples; and while it is unknown how long
tuples take, many of them in one task might keep one rank busy and leave the others waiting.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpcd4p.control.granularity import Granularity

MANY_TUPLES = 256
"""A source that gives so many tuples at a time is not slow: its tasks are large enough."""

LONGEST_LINE = 9
"""With so many tasks in line, or more, a slow source is left alone this many times as long."""

ASK_S = (0.001, 0.02)
"""Between two questions to the broker how long a tuple takes (first, at most), while that is unknown."""


# ---- when


def pause_s(taken: int, waiting_tasks: int, flush_s: float) -> float:
    """Seconds from one take from a source to the next.

    Parameters
    ----------
    taken
        Tuples that it gave at the last one.
    waiting_tasks
        Tasks that wait: one more small task would make the line longer, and cost as much as a large one.
    flush_s
        The setting: seconds, if nothing waits.

    ======================  ===============  ============================
    taken                   tasks that wait  seconds
    ======================  ===============  ============================
    `MANY_TUPLES` or more   any              `flush_s`
    fewer                   0 or 1           `flush_s`
    fewer                   n                n `flush_s`
    fewer                   `LONGEST_LINE`   `LONGEST_LINE` times `flush_s`
                            or more
    ======================  ===============  ============================
    """
    if taken >= MANY_TUPLES:
        return flush_s
    return flush_s * min(max(1, waiting_tasks), LONGEST_LINE)


def is_early(left_s: float, taken: int, held: int, done: bool) -> bool:
    """Whether to wait for more from a slow source, because a larger task costs no more.

    Parameters
    ----------
    left_s
        Seconds that are left of `pause_s` since the last take; 0 or less: none.
    taken, held
        Tuples that it gave then, and that it has written since.
    done
        Whether it has ended: that is handled at once.

    ====  =============  ======  =============  =====
    done  taken          left_s  held           early
    ====  =============  ======  =============  =====
    yes   any            any     any            no
    no    `MANY_TUPLES`  any     any            no
    no    fewer          0       any            no
    no    fewer          more    `MANY_TUPLES`  no
    no    fewer          more    fewer          yes
    ====  =============  ======  =============  =====
    """
    return not done and taken < MANY_TUPLES and left_s > 0 and held < MANY_TUPLES


def patience_s(left_s: float, held_back: bool, done: bool) -> float | None:
    """How long to leave a source alone; None: until what it waits for wakes the head.

    What is written after a silence is taken at once, and what follows it `pause_s` later.

    Parameters
    ----------
    left_s, done
        As in `is_early`.
    held_back
        Whether nothing may be taken, because an element below it is congested or the window is full.

    =========  ====  ======  ==================================================
    held back  done  left_s  seconds
    =========  ====  ======  ==================================================
    yes        any   any     None
    no         no    more    `left_s`
    no         no    0       0, unless it is silent: then its next write wakes us
    no         yes   any     0
    =========  ====  ======  ==================================================
    """
    if held_back:
        return None
    return left_s if left_s > 0 and not done else 0.0


# ---- how much


def round_tuples(targets: Collection[int], granularity: Granularity, waiting_tasks: int) -> int | None:
    """Tuples to publish now for these elements of the pool; None: any number.

    While it is unknown how many make a task, one for each rank, and no more while no rank lacks work.

    ======================  ==================  ===============  =================================
    speed of the targets    one without was     tasks that wait  tuples
                            tried before
    ======================  ==================  ===============  =================================
    all are known           any                 any              None
    some are not            no                  any              a round: the least of those
    some are not            yes                 none             a round: the least of those
    some are not            yes                 some             0: ask how long they take, first
    ======================  ==================  ===============  =================================
    """
    unknown = [target for target in targets if not granularity.known(target)]
    if not unknown:
        return None
    if waiting_tasks and any(map(granularity.tried, unknown)):
        return 0
    return min(map(granularity.round_tuples, unknown))


def most_of(
    ahead: Mapping[str, Collection[int]],
    written: Collection[str],
    granularity: Granularity,
    waiting_tasks: int,
) -> dict[str, int]:
    """Most to take of each output of a source that leads to elements whose speed is not known.

    Nothing is taken of an output on which nothing was written: it says nothing about the others.

    Parameters
    ----------
    ahead
        Elements of the pool that an output leads to.
    written
        Outputs on which something has been written and not taken.
    """
    most: dict[str, int] = {}
    for output, targets in ahead.items():
        tuples = round_tuples(targets, granularity, waiting_tasks)
        if tuples is not None:
            most[output] = tuples if output in written else 0
    return most


def has_to_ask(most: Mapping[str, int], written: Collection[str]) -> bool:
    """Whether tuples wait of which none may be taken until it is known how long they take."""
    return any(most.get(output) == 0 for output in written)
