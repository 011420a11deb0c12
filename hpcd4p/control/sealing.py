"""When what a rank has written is sealed, how much may be under way, and when a bell is rung for it. Pure.

A transaction is collected, then sealed: its messages are on their way. It commits when all of them are
matched (`runtime.commit`).
"""

from __future__ import annotations

from hpcd4p.control.granularity import COMMIT_S

PARTIAL_TUPLES = 50_000
"""A transaction that holds more than this in the middle of a call commits what it has."""

HEAVY_BYTES = (1 << 20, 16 << 20)
"""Bounds of the same in bytes; in between, no more than all ranks together may put into Redis."""

SEND_TUPLES = 4096
"""So many tuples for partitions make a message, also in the middle of a transaction: they are pickled
while they are in the cache, and their owner can begin to receive."""

WINDOW_BYTES = 16 << 20
"""Nothing new is begun while this much is under way: megabytes that wait at their owner are in no cache when
their turn comes (72 arrays of 1 MiB on their way to a rank cost it 5 % more of its core than 36)."""

LINGER_S_PER_RANK = 8 * COMMIT_S
"""A rank that holds partitions commits what it has finished this long, times the number of such ranks, after
its last commit at the earliest: so all of them together take an eighth of the Redis server's core at most.
More commits would cost the ranks as much again."""

COLLECT_S = 0.002
"""What the collector has received is committed after this time if nothing more comes: only the end of the run
waits for it."""

TEND_S = 0.001
"""Between two looks, inside a task, whether an earlier transaction can commit."""

RING_AFTER_S = 0.001
"""A message that is not matched by then went to a rank that is asleep: ring its bell."""

URGENT_RING_S = 0.0001
"""While a rank waits for its commit and does nothing else, it rings for its messages after this time."""

RING_AGAIN_S = 0.05
"""And ring again, in case it was only busy."""


def heavy_bytes(high_bytes: int, pool_ranks: int) -> int:
    """Bytes that a transaction may hold, where Redis may hold `high_bytes` of all ranks."""
    share = high_bytes // (2 * max(1, pool_ranks))
    return max(HEAVY_BYTES[0], min(HEAVY_BYTES[1], share))


def is_heavy(tuples: int, size: float, most_bytes: int) -> bool:
    """Whether the current transaction holds as much as it may; `most_bytes`: see `heavy_bytes`."""
    return tuples > PARTIAL_TUPLES or size > most_bytes


def linger_s(stateful_ranks: int, head: bool = False) -> float:
    """Seconds between two commits of a rank that holds partitions, one of so many (and the head's)."""
    wait = LINGER_S_PER_RANK * (1 + stateful_ranks)
    return max(wait, COLLECT_S) if head else wait


def is_due(worked: bool, now: float, began: float, sealed_at: float, slice_s: float, linger_s: float) -> bool:
    """Whether to seal what is finished, between two moves. Times in seconds.

    The first transaction after a silence does not wait for a second one. A rank that holds partitions must
    not commit more often because it is busy.

    Parameters
    ----------
    worked
        Whether there was something to do in this move: then there is probably more.
    began, sealed_at
        When the first of the transaction was written; when the one before was sealed.

    ======  ==============================================
    worked  due
    ======  ==============================================
    yes     a slice, and `linger_s`, after its first tuple
    no      `linger_s` after the one before
    ======  ==============================================
    """
    if worked:
        return now - began > max(slice_s, linger_s)
    return now - sealed_at > linger_s


def line_ends(now: float, began: float, task_s: float, heavy: bool) -> bool:
    """Whether a rank leaves what is in line for an element, for its other duties.

    ==================  =====  ====
    since it began      heavy  ends
    ==================  =====  ====
    `task_s` at most    no     no
    more than `task_s`  any    yes
    any                 yes    yes
    ==================  =====  ====
    """
    return heavy or now - began > task_s


def commits_within(age_s: float, task_s: float) -> bool:
    """Whether to commit an earlier transaction inside a task, because the next task will be taken late.

    `age_s`: seconds since the oldest that is under way was sealed; 0 if there is none.
    """
    return age_s > task_s


def is_full(under_way: int, size: float, most: int) -> bool:
    """Whether no more transactions, or bytes, may be under way. A single transaction is never too large.

    =================  ======================  ====
    under way          bytes                   full
    =================  ======================  ====
    none               any                     no
    fewer than `most`  `WINDOW_BYTES` or less  no
    fewer than `most`  more                    yes
    `most` or more     any                     yes
    =================  ======================  ====
    """
    return under_way >= most or (under_way > 0 and size > WINDOW_BYTES)


def ring_after_s(alert: bool, busy: bool) -> float:
    """Seconds after which an unmatched message means a rank that is asleep or busy, whose bell is rung.

    Parameters
    ----------
    alert
        Whether it is the first that is sent after a sleep: it most likely goes to one that sleeps, too.
    busy
        Whether this rank has something else to do meanwhile.

    =====  ====  ===============
    alert  busy  seconds
    =====  ====  ===============
    yes    any   0
    no     yes   `RING_AFTER_S`
    no     no    `URGENT_RING_S`
    =====  ====  ===============
    """
    if alert:
        return 0.0
    return RING_AFTER_S if busy else URGENT_RING_S


def rings(now: float, sealed: float, rung: float, after_s: float) -> bool:
    """Whether to ring for the messages of a transaction that are not matched.

    ====================  =====================================
    rung for them before  rings
    ====================  =====================================
    no (`rung` is 0)      `after_s` after they were sent
    yes                   `RING_AGAIN_S` after the last ringing
    ====================  =====================================
    """
    return now - max(sealed + after_s - RING_AGAIN_S, rung) >= RING_AGAIN_S


def goes_aside(size: int, least: int) -> bool:
    """Whether so many bytes of buffers are worth shared memory; `least`: `EngineSettings.shared_bytes`."""
    return 0 < least <= size
