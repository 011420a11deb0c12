"""Which tasks a rank of the pool asks for, and when it may begin one. Pure.

A commit waits until its messages are matched, and no rank commits in the middle of a tuple. So a slow tuple
that is begun too early keeps the results of the task before it back, and those who wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from enum import Enum

TAIL_TASKS = 4
"""While fewer tasks wait for each rank than this, memory is no concern: those go first that have the
longest way to go, so that the end does not wait for them (Graham, SIAM J. Appl. Math. 17:416, 1969)."""

SLOW_S = 0.05
"""A task that may hold a tuple this slow is not begun while an earlier commit is outstanding."""

SETTLE_S = 1.0
"""... but after this time it is: a stateful rank may be in the middle of a slow tuple."""

DEEP_CALLS = 16
"""So many calls wait for room in their middle, each begun by one that waits; a further one goes on. Each is
a dozen of the thousand calls that Python allows. (It takes as many elements in a row that write more than may
wait, in one call each.)"""


def wanted(
    nearest: Sequence[int],
    waiting_tasks: int,
    pool_ranks: int,
    stateful_below: Sequence[Set[int]],
    congested: Set[int],
    full: bool,
) -> Sequence[int]:
    """Elements to ask for a task, the most wanted first.

    Parameters
    ----------
    nearest
        Elements that this rank may run, nearest the sinks first: so memory drains.
    waiting_tasks, pool_ranks
        Tasks that wait, of all elements; ranks of the pool.
    stateful_below
        By element: stateful elements that a task of it may send to.
    congested
        Stateful elements whose ranks are behind.
    full
        Whether as many tasks wait as may, or as many bytes. Where too much waits, what is congested may
        itself be waiting for room: then anything is taken.

    ===============================  =========  ====  =======================  ==================
    tasks that wait for each rank    congested  full  order                    left out
    ===============================  =========  ====  =======================  ==================
    `TAIL_TASKS` or more             none       any   nearest the sinks first  nothing
    fewer                            none       any   farthest first           nothing
    `TAIL_TASKS` or more             some       no    nearest the sinks first  what leads to them
    fewer                            some       no    farthest first           what leads to them
    any                              some       yes   as without congestion    nothing
    ===============================  =========  ====  =======================  ==================
    """
    order = nearest
    if waiting_tasks < TAIL_TASKS * pool_ranks:
        order = nearest[::-1]
    if congested and not full:
        return [e for e in order if not stateful_below[e] & congested]
    return order


def takeable(wanted: Sequence[int], slow: Collection[int], waiting: Mapping[int, int]) -> list[int]:
    """Elements to ask for a task while a commit is outstanding.

    Parameters
    ----------
    wanted
        What the rank would run, the most wanted first.
    slow
        Those whose tuples may be slow. One that has never had a tuple may be, and may never have one: so
        only what waits matters.
    waiting
        Tasks that wait, by element, as far as is known.

    Returns
    -------
    list of int
        Quick ones, up to the first slow one whose turn it is: its task begins when the commit is through.
    """
    quick = []
    for element in wanted:
        if element not in slow:
            quick.append(element)
        elif waiting.get(element):
            break
    return quick


def may_be_slow(service_s: float | None, root: bool) -> bool:
    """Whether an element may have tuples that take long.

    ============  ============  ====
    its speed     it is a root  slow
    ============  ============  ====
    > `SLOW_S`    any           yes
    <= `SLOW_S`   any           no
    unknown       no            yes
    unknown       yes           no: a root whose calls are not known yet has not come to the pool
    ============  ============  ====
    """
    return not root if service_s is None else service_s > SLOW_S


def waited_long(now: float, tended_at: float) -> bool:
    """Whether a commit has been outstanding for so long that a slow task is begun all the same.

    `tended_at`: when the rank last began a task, or looked after its commits inside one.
    """
    return now - tended_at > SETTLE_S


def is_wary(under_way: int, slow: Collection[int], long: bool) -> bool:
    """Whether nothing slow may be begun now.

    ===================  ======================  =============  ====
    commits outstanding  some elements are slow  `waited_long`  wary
    ===================  ======================  =============  ====
    none                 any                     any            no
    some                 no                      any            no
    some                 yes                     no             yes
    some                 yes                     yes            no
    ===================  ======================  =============  ====
    """
    return bool(under_way and slow) and not long


def may_begin(ready: bool, window_full: bool, held_at: int, under_way: int, long: bool) -> bool:
    """Whether a rank may look for a task now.

    Parameters
    ----------
    ready
        Whether it has neither been told to stop nor to park.
    window_full
        See `sealing.is_full`.
    held_at
        Transactions that were under way when a look gave `NoTask.COMMIT`; 0: it did not.
    under_way
        Those that are now.
    long
        See `waited_long`.

    =====  ===========  =======================  =============  =========
    ready  window full  held back by a commit    `waited_long`  may begin
    =====  ===========  =======================  =============  =========
    no     any          any                      any            no
    yes    yes          any                      any            no
    yes    no           no                       any            yes
    yes    no           yes, one is through      any            yes
    yes    no           yes, all are under way   no             no
    yes    no           yes, all are under way   yes            yes
    =====  ===========  =======================  =============  =========
    """
    if not ready or window_full:
        return False
    return not held_at or under_way < held_at or long


class NoTask(Enum):
    """Why a look has given no task, and so when the next look is."""

    COMMIT = "a commit first"  # when one that is outstanding is through, see `may_begin`
    ROOM = "room first"  # in `moves.BLOCKED_S`: no bell rings here when congestion has passed
    ORDERS = "orders first"  # at once: who got orders does not count as idle
    IDLE = "idle"  # when the bell rings


def why_no_task(wary: bool, asked: bool, changed: bool, orders: bool) -> NoTask:
    """What it means that a look has given no task.

    Parameters
    ----------
    wary
        Whether only quick elements were asked for, see `is_wary`.
    asked
        Whether any element was asked for: not all feed what is congested.
    changed
        Whether the answer says otherwise than the one before what is congested, or whether it is full.
        Congestion that has passed since then rings nobody's bell.
    orders
        Whether the answer has brought orders.

    ====  =====  =======  ======  ======
    wary  asked  changed  orders  why
    ====  =====  =======  ======  ======
    yes   any    any      any     COMMIT
    no    no     any      any     ROOM
    no    yes    yes      any     ROOM
    no    yes    no       yes     ORDERS
    no    yes    no       no      IDLE
    ====  =====  =======  ======  ======
    """
    if wary:
        return NoTask.COMMIT
    if changed or not asked:
        return NoTask.ROOM
    return NoTask.ORDERS if orders else NoTask.IDLE


def behind(element: int, waiting: Iterable[int], crowded: Callable[[int], bool]) -> Iterator[int]:
    """Elements of which a rank may do some work in the middle of a call of `element`.

    *Behind* in the order of the plan, which follows the edges. So what is in the middle of a call
    on one rank, from the outer call to the inner, is in that order too, and no two ranks can wait
    for each other: of all that is crowded, the last in the order can always be worked on.

    Parameters
    ----------
    waiting
        Elements for which there is work, the most wanted first.
    crowded
        Whether as much as may waits further down than an element, see `Marks.crowded`.
    """
    return (e for e in waiting if e > element and not crowded(e))


def may_wait(calls: int) -> bool:
    """Whether a call may wait for room in its middle, with so many that do already on this rank."""
    return calls < DEEP_CALLS
