"""Which tasks a rank of the pool asks for, and when it may begin one. Pure.

A commit waits until its messages are matched, and no rank commits in the middle of a tuple. So a slow tuple
that is begun too early holds back the results of the task before it, and the ranks that wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from enum import Enum

TAIL_TASKS = 4
"""While fewer tasks per rank than this wait, memory is no concern: tasks farthest from the sinks go first, so
that the end does not wait for them (Graham, SIAM J. Appl. Math. 17:416, 1969)."""

SLOW_S = 0.05
"""A task that may hold a tuple this slow is not begun while an earlier commit is outstanding."""

ASIDE_S = 0.001
"""A rank that is idle and has as much work as this for its partitions, or more, says so first: that costs
about 50 µs of Redis."""

SETTLE_S = 1.0
"""After this time it is begun all the same: a stateful rank may be in the middle of a slow tuple."""

DEEP_CALLS = 16
"""Calls that may wait for room at a time, each begun while the one before waits; one more goes on without
waiting. Each takes a dozen of the thousand nested calls that Python allows. (To reach this, so many elements
in a row must write more than may wait, in one call each.)"""


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
        Stateful elements that are congested: their ranks have too much in line.
    full
        Whether no more tasks, or bytes, should wait. Then a congested element may itself be waiting for room,
        so anything is taken.

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


def left_out(
    may_run: Iterable[int], wanted: Collection[int], ordered: Collection[int], congested: Set[int]
) -> list[int]:
    """Elements of which a rank takes a task all the same, if somebody waits for just this one.

    Whoever is congested may hold so much because it waits for its turn, and something older is missing: that
    is never held back.

    Parameters
    ----------
    may_run
        Elements that the rank may run.
    wanted
        Of which it asks for any task.
    ordered
        Elements that lead to some that are ordered.
    congested
        See `wanted`.
    """
    return [e for e in may_run if e in ordered and e not in wanted] if congested and ordered else []


def takeable(wanted: Sequence[int], slow: Collection[int], waiting: Mapping[int, int]) -> list[int]:
    """Elements to ask for a task while a commit is outstanding.

    Parameters
    ----------
    wanted
        What the rank would run, the most wanted first.
    slow
        Elements whose tuples may be slow. An element without tuples so far may be slow but may never get one;
        so only elements with waiting tasks matter.
    waiting
        Tasks that wait, by element, as far as is known.

    Returns
    -------
    list of int
        Quick elements, up to the first slow one with waiting tasks: its task begins after the commit.
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
    """Whether a commit has been outstanding for so long that a slow task may be begun all the same.

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
        Transactions that were under way when a look gave `NoTask.COMMIT`; 0: the last look did not.
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
    """Why a look has given no task; it decides when the next look is."""

    COMMIT = "a commit first"  # when one that is outstanding is through, see `may_begin`
    ROOM = "room first"  # in `moves.BLOCKED_S`: no bell rings here when congestion has passed
    ORDERS = "orders first"  # at once: who got orders does not count as idle
    IDLE = "idle"  # when the bell rings


def why_no_task(wary: bool, asked: bool, changed: bool, orders: bool) -> NoTask:
    """The reason why a look has given no task.

    Parameters
    ----------
    wary
        Whether only quick elements were asked for, see `is_wary`.
    asked
        Whether any element was asked for; none is if all of them lead to what is congested.
    changed
        Whether what is congested, or `full`, differs from the answer before. No bell rings when congestion
        has passed since then.
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


def further_down(element: int, waiting: Iterable[int], crowded: Callable[[int], bool]) -> Iterator[int]:
    """Elements of which a rank may do some work in the middle of a call of `element`.

    *Further down* in the order of the plan, which follows the edges. So what is in the middle of a call
    on one rank, from the outer call to the inner, is in that order too, and no two ranks can wait
    for each other: of all that is crowded, the last in the order can always be worked on.

    Parameters
    ----------
    waiting
        Elements for which there is work, the most wanted first.
    crowded
        Whether no more should wait further down than an element, see `Marks.crowded`.
    """
    return (e for e in waiting if e > element and not crowded(e))


def may_wait(calls: int) -> bool:
    """Whether a call may wait for room, while so many calls on this rank do already."""
    return calls < DEEP_CALLS


def steps_aside(idle: bool, tuples: int, service_s: float | None) -> bool:
    """Whether a rank of the pool says that it is idle no more, before it works for partitions that it holds.

    Else tasks would be left to wait for it, and the auto-scaler would take it for idle.

    Parameters
    ----------
    idle
        Whether the broker takes it for idle, as far as it knows.
    tuples
        That are in line for the element that is next.
    service_s
        Seconds that each takes; None while unknown.

    ====  =============================  =====
    idle  work in line                   aside
    ====  =============================  =====
    no    any                            no
    yes   unknown, `ASIDE_S` or more     yes
    yes   less                           no
    ====  =============================  =====
    """
    return idle and (service_s is None or tuples * service_s >= ASIDE_S)
