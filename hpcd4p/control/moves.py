"""What a rank does next: work, exchange with the broker, or sleep; and for how long. Pure.

Owns the priority of the reasons to wait. Nothing here waits, and no question changes anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

BACKOFF_S = (0.00005, 0.0005)
"""Between two looks for a message or commit that is under way (first, at most)."""

AWAKE_S = 0.003
"""A rank that holds partitions looks for messages for this long before it sleeps until its bell rings; also
after it has rung, for MPI may not show a message at the first look."""

AWAKE_BACKOFF_S = 3 * BACKOFF_S[0]
"""Longest time between two of these looks."""

BLOCKED_S = 0.01
"""Between two looks whether congestion further down is over."""

STATS_S = (0.001, 0.05)
"""Statistics go out with the first commit after this time (first, doubled each time, at most): the sizes
of tasks follow from them, and the first sizes are guesses."""


class What(Enum):
    """What a rank does next."""

    WORK = "work"
    EXCHANGE = "exchange"
    SLEEP = "sleep"


class Move(NamedTuple):
    """The next thing that a rank does, and how long it may sleep then.

    Attributes
    ----------
    what
        After an EXCHANGE the rank sleeps, unless `sleep_s` is 0 or it has been stopped.
    sleep_s
        Seconds at most, 0: not at all. None: until the bell rings.
    grows
        Whether the sleep is short at first, and longer each time that nothing has happened, up to `sleep_s`.
    with_stats
        Whether the statistics go with the exchange, whatever `stats_due` says.
    by_element
        Whether to ask with it what waits, by element: then `blocked` may be otherwise, and it works at once.
    """

    what: What
    sleep_s: float | None = None
    grows: bool = False
    with_stats: bool = False
    by_element: bool = False


WORK = Move(What.WORK, 0.0)
LOOK = Move(What.SLEEP, BACKOFF_S[0])
WAIT = Move(What.SLEEP, BACKOFF_S[1], grows=True)
ASK = Move(What.EXCHANGE, BLOCKED_S, by_element=True)
LISTEN = Move(What.SLEEP, AWAKE_BACKOFF_S, grows=True)
HOLD = Move(What.SLEEP, BLOCKED_S)
STATS = Move(What.EXCHANGE, 0.0, with_stats=True)
SLEEP = Move(What.SLEEP)


class Facts(NamedTuple):
    """What decides the next move of a rank that found nothing to do. Times in seconds."""

    receiving: bool
    """Whether a large message is coming in pieces, each fetched by a look."""
    on_its_way: bool
    """Whether anything is not committed yet: its own transactions, or messages it has received."""
    in_line: bool
    """Whether tuples wait for its partitions, or have come for those that it has handed over."""
    blocked: bool
    """Whether the results of all of them would only pile up further down."""
    listens: bool
    """Whether it holds partitions, so that messages may come."""
    active_at: float
    """When it last did or received something."""
    heard_at: float
    """When its bell last ended a sleep."""
    stats_at: float
    """When its statistics last went out."""
    stats_s: float
    """Least seconds between two sendings of statistics."""
    linger_s: float
    """See `sealing.linger_s`."""
    to_park: bool = False
    """Whether it was ordered to park and has not parked yet."""
    looks: bool = False
    """Whether it may look for a task: it is in a pool that has elements, not ordered to park, and its last
    look did not give `taking.NoTask.IDLE`, or the bell has rung since."""
    stands: bool = False
    """Whether it waits for a cut to be fixed."""
    held_off: bool = False
    """Whether the last look gave `taking.NoTask.ROOM`."""


def next_move(facts: Facts, now: float) -> Move:
    """What a rank does next that found nothing to do. The first line that applies counts.

    =======================================================  =========================================
    of the rank                                              next
    =======================================================  =========================================
    it has been told to park and has not                     WORK: it parks
    a message is coming in pieces                            SLEEP for the first of `BACKOFF_S`
    something is not committed, or it stands still for a     SLEEP, growing up to the last of `BACKOFF_S`
    cut
    tuples wait, and not all are blocked                     WORK: the commit just made put them there
    tuples wait, all are blocked                             EXCHANGE, asking what waits by element, then
                                                             SLEEP for `BLOCKED_S`: no bell rings here when
                                                             congestion has passed
    it listens, and was active or rung in the last           SLEEP, growing up to `AWAKE_BACKOFF_S`
    `AWAKE_S`
    it may look for a task, and the last gave none for       SLEEP for `BLOCKED_S`
    lack of room
    it may look for a task                                   WORK: it looks
    it was not active since its statistics went out          SLEEP until the bell rings
    its statistics are not due                               SLEEP until they are
    its statistics are due                                   EXCHANGE, with them
    =======================================================  =========================================
    """
    if facts.to_park and not facts.stands:
        return WORK
    return _busy(facts, now) or _in_pool(facts) or _idle(facts, now)


def _busy(facts: Facts, now: float) -> Move | None:
    """The move while something is under way, held back, or may come in a moment."""
    if facts.receiving:
        return LOOK
    if facts.on_its_way or facts.stands:
        return WAIT
    if facts.in_line:
        return ASK if facts.blocked else WORK
    if facts.listens and now - max(facts.active_at, facts.heard_at) < AWAKE_S:
        return LISTEN
    return None


def _in_pool(facts: Facts) -> Move | None:
    if not facts.looks:
        return None
    return HOLD if facts.held_off else WORK


def _idle(facts: Facts, now: float) -> Move:
    """The move with nothing to do: sleep until the statistics are due, if there are new ones."""
    if facts.stats_at >= facts.active_at:
        return SLEEP
    due = max(facts.active_at + facts.linger_s, facts.stats_at + facts.stats_s)
    return STATS if due <= now else Move(What.SLEEP, due - now)


def stats_due(now: float, stats_at: float, every_s: float) -> bool:
    """Whether the statistics go with the exchange that is made now; `every_s`: a `Backoff` of `STATS_S`."""
    return now - stats_at > every_s


def soonest(pauses: Iterable[float | None]) -> float | None:
    """The shortest of some sleeps; None: until the bell rings."""
    return min((pause for pause in pauses if pause is not None), default=None)
