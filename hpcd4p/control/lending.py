"""Which ranks lend themselves to the pool, and which tasks they take. Pure.

A rank with duties of its own (it holds partitions, or is the head) has tasks of the pool run in a process
beside it. So neither keyed data nor the head's looks wait for a task, however long it is, and a tuple that
ends its process does not end the rank.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from hpcd4p.plan.model import HEAD, Plan

LEAST_S = 0.0005
"""Quicker tuples are not worth the way to the process and back, which takes 0.1 ms of a core for a task, and
for each tuple about as long as to pickle it twice."""

MOST_OWN = 0.5
"""A rank whose own duties take more than this part of a core does not lend itself: the process would take the
core from them."""

LEAST_FREE = 0.3
"""A rank does not lend itself where less than this of a core of its node is free, what the process beside it
takes not counted: it would only take cores from other ranks, and import once more what elements need."""

WAITS = 0.3
"""... unless elements need a core for less than this part of their time, and wait for the rest."""

MOST_HANDLED = 0.25
"""If the rank has to work for more than this part of the time that the process works, for its results are
large, it does not take that element any more."""

TRIED_S = 0.05
"""... which is judged after so much work of the process."""

MOST_REFUSED = 3
"""So often a rank tries an element that has filled in, beside it, something else than on other ranks: until
one of those has released it, nobody knows what it should be."""


def lenders(plan: Plan, on: bool) -> tuple[int, ...]:
    """Ranks that may lend themselves: those that have no part in the pool, where there is one."""
    if not on or not plan.streams or not plan.pool_ranks:
        return ()
    return tuple(r for r in (HEAD, *plan.others) if r not in plan.pool_ranks)


def is_slow_enough(service_s: float | None) -> bool:
    """Whether tuples that take so long are worth lending a rank for; None: nobody knows yet."""
    return service_s is not None and service_s >= LEAST_S


def lendable(
    elements: Iterable[int],
    service_s: Callable[[int], float | None],
    barred: Collection[int],
    all_of_it: bool,
) -> list[int]:
    """Elements whose tasks a rank beside the pool takes, in their order.

    Parameters
    ----------
    service_s
        Measured seconds per tuple; None while unknown.
    barred
        Elements that must not run beside this rank.
    all_of_it
        Whether the ranks of the pool have all died: then there is nobody else.

    =========  =========  ============================  =====
    all of it  barred     `service_s`                   takes
    =========  =========  ============================  =====
    yes        any        any                           yes
    no         yes        any                           no
    no         no         unknown, or below `LEAST_S`   no
    no         no         `LEAST_S` or more             yes
    =========  =========  ============================  =====
    """
    if all_of_it:
        return list(elements)
    return [e for e in elements if e not in barred and is_slow_enough(service_s(e))]


def may_lend(
    in_line: bool, own: float, free: float, core_share: float | None, window_full: bool, all_of_it: bool
) -> bool:
    """Whether a rank may take a task of the pool now.

    Parameters
    ----------
    in_line
        Whether tuples wait for its partitions.
    own
        Part of a core that its own duties take, lately.
    free
        Cores of the node that are free, or in the hands of the process beside it, lately.
    core_share
        See `Statistics.core_share`.
    window_full
        See `sealing.is_full`.
    all_of_it
        See `lendable`.

    =======  ===========  ==================  ====================  ================  =========  ====
    in line  window full  `own`               `free`                `core_share`      all of it  may
    =======  ===========  ==================  ====================  ================  =========  ====
    any      yes          any                 any                   any               any        no
    any      no           any                 any                   any               yes        yes
    yes      no           any                 any                   any               no         no
    no       no           above `MOST_OWN`    any                   any               no         no
    no       no           `MOST_OWN` or less  below `LEAST_FREE`    `WAITS` or more,  no         no
                                                                    or not known
    no       no           `MOST_OWN` or less  below `LEAST_FREE`    below `WAITS`     no         yes
    no       no           `MOST_OWN` or less  `LEAST_FREE` or more  any               no         yes
    =======  ===========  ==================  ====================  ================  =========  ====
    """
    if window_full:
        return False
    room = free >= LEAST_FREE or (core_share is not None and core_share < WAITS)
    return all_of_it or (room and not in_line and own <= MOST_OWN)


def pays(worked_s: float, handled_s: float) -> bool:
    """Whether it pays to have an element run beside a rank.

    Parameters
    ----------
    worked_s, handled_s
        Seconds that the process has worked for it, and the rank with what came out.
    """
    return worked_s < TRIED_S or handled_s <= MOST_HANDLED * worked_s


def is_patient(refused: int) -> bool:
    """Whether to try an element again that was refused so often; see `MOST_REFUSED`."""
    return refused < MOST_REFUSED
