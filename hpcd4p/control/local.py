"""Whether a rank itself runs what a task has written, or offers it to others; and when it stops. Pure.

Local first: what a task writes for another element of the pool is run at once, depth first, while the task
is young and no rank is hungry (without a task).
"""

from __future__ import annotations

WORTH_S = 0.002
"""Work below this is done here rather than offered to a hungry rank: handing over costs 0.2 ms."""

LATE_WORTH_S = 0.001
"""The same when the transaction is already past its time slice."""

CARRY_S_PER_BYTE = 6e-9
"""Cost of a byte on its way through Redis to another rank, pickling included: handing over tuples that take
less time than that to run costs more than it saves, however late the task is."""

DEEP = 32
"""Elements that run inside each other at most; what the innermost writes is published. Each takes up to a
dozen of the thousand nested calls that Python allows, and the elements need some, too."""


def is_late(now: float, began: float, slice_s: float) -> bool:
    """Whether a task that began at `began` is past its time slice."""
    return now - began > slice_s


def is_short_of_memory(waiting_bytes: float, high_bytes: int) -> bool:
    """Whether saving memory matters more than balancing load: what runs here does not wait in Redis."""
    return waiting_bytes > high_bytes / 2


def is_worth_it(
    tuples: int,
    tuple_bytes: float,
    late: bool,
    here_s: float | None,
    said_s: float | None,
) -> bool:
    """Whether tuples run so quickly that handing them to a hungry rank costs more than running them.

    Parameters
    ----------
    tuple_bytes
        Estimated bytes of one tuple.
    late
        Whether the task is past its time slice.
    here_s, said_s
        Seconds per tuple as measured on this rank, and according to the broker; None: unknown. A late task
        goes by the former only.
    """
    carry_s = tuples * tuple_bytes * CARRY_S_PER_BYTE
    if late:
        return here_s is not None and tuples * here_s < LATE_WORTH_S + carry_s
    service_s = said_s if here_s is None else here_s
    return service_s is not None and tuples * service_s < WORTH_S + carry_s


def runs_here(depth: int, barred: bool, short: bool, hurried: bool, worth: bool) -> bool:
    """Whether a rank runs at once what its task has written for an element of the pool.

    Parameters
    ----------
    depth
        Batches that this rank is running, each inside the one before.
    barred
        Whether this element must not run inside another one's task: only another rank may run it, its calls
        write too much, or a change of it could not be undone.
    short
        See `is_short_of_memory`.
    hurried
        Whether the task is late, or another rank has no task.
    worth
        See `is_worth_it`; matters only if `hurried`.

    ====================  =====  =======  =====  ====
    barred, or as deep    short  hurried  worth  here
    as `DEEP`
    ====================  =====  =======  =====  ====
    yes                   any    any      any    no
    no                    yes    any      any    yes
    no                    no     no       any    yes
    no                    no     yes      yes    yes
    no                    no     yes      no     no
    ====================  =====  =======  =====  ====
    """
    if barred or depth >= DEEP:
        return False
    return short or not hurried or worth


def gives_back(late: bool, left: int, service_s: float, heavy: bool, repeating: bool) -> bool:
    """Whether a task ends here and its remaining tuples go back to the other ranks.

    Parameters
    ----------
    late
        Whether it is past its time slice.
    left, service_s
        Tuples that are left, and seconds for each of them.
    heavy
        Whether the transaction holds as much as it may, see `sealing.is_heavy`.
    repeating
        Whether the task is still repeating what an earlier holder has committed: then it goes on, for the
        next holder would have to repeat that again.

    =========  =============================  =====  ==========
    repeating  late, and more than            heavy  gives back
               `LATE_WORTH_S` is left
    =========  =============================  =====  ==========
    yes        any                            any    no
    no         yes                            any    yes
    no         no                             yes    yes
    no         no                             no     no
    =========  =============================  =====  ==========
    """
    return not repeating and (heavy or (late and left * service_s > LATE_WORTH_S))
