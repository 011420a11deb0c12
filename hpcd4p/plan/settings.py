"""The engine's settings: one frozen dataclass, the unit in each name, the reason under each field.

Parsed once by `hpcd4p.cli`; nothing below it reads the environment.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineSettings:
    """What the loops of every rank obey; broadcast by rank 0, equal on all ranks."""

    stateful_ranks: int = 0
    """Ranks of the stateful group; 0 lets the plan choose (a quarter of the ranks beside the head,
    never more than there are partitions)."""

    partitions: int = 0
    """Partitions of each keyed element; 0 keeps what the element says (64). A property of the
    workflow, not of the number of ranks: changing it changes what a checkpoint holds."""

    task_s: float = 0.010
    """Seconds of work that a task aims at. 10 ms: a hundred times the round trip that it costs."""

    slice_s: float = 0.020
    """Age at which a transaction stops running downstream elements itself and publishes the rest."""

    max_task_tuples: int = 32768
    """Most tuples in a task: `task_s` of the quickest elements (0.3 µs a tuple), so that the size follows
    from time. At 8192 Redis needed a third more of its core for them."""

    max_task_bytes: int = 1 << 20
    """Most bytes in a task of more than one tuple, so that a few tasks never fill Redis."""

    flush_s: float = 0.001
    """What a source writes after a silence of this many seconds is handed over at once, what follows it so
    much later; while n tasks wait, n times as much. A task and its commit cost all processes together about
    1 ms."""

    high_tasks_per_rank: int = 8
    """Sources wait while more tasks than this, for each pool rank, wait in Redis (at least 32)."""

    high_bytes: int = 32 << 20
    """Sources wait while more bytes than this wait in Redis (which may use 128 MB on any node, and more on a
    large one)."""

    inbox_high_tuples: int = 1 << 16
    """A stateful rank with more tuples than this waiting for one element asks senders to hold."""

    inbox_high_bytes: int = 64 << 20
    """The same in bytes."""

    window: int = 4
    """Transactions of one rank whose messages may be on their way at once; more would only queue
    at a stateful rank that is behind."""

    autoscale: str = "knee"
    """Policy of the auto-scaler: none, fixed:K, knee, queue, idle, or MODULE:CLASS of your own."""

    min_active: int = 1
    """Fewest active ranks of the pool, while there may be work for it."""

    max_active: int = 0
    """Most active ranks of the pool; 0 is all of them."""

    scale_s: float = 0.1
    """Seconds between two questions to the policy. 0.1 s: two tasks' commits, a hundredth of what it costs
    to be wrong for a minute."""

    max_dead_letters: int = 10_000
    """The run stops when more tuples than this have failed."""

    hopeless_after: int = 100
    """The run stops when one element has failed for this many tuples and succeeded for none."""

    max_attempts: int = 4
    """A task whose rank died this many times becomes a dead letter: it probably kills ranks."""
