"""The engine's settings: each with the unit in its name, and all that is known of it in one place.

A field has its kind, the least and the most that it may be (both included: where a number stops making
sense, not where it stops being wise) or the words that it may be, and its default; below it the first
paragraph says what it means, a second one why the default is so. The flags, their help, what a wrong value is
told and the table of the README are made of that (`hpcd4p.plan.limits`). Parsed once by `hpcd4p.cli`; nothing
below it reads the environment.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

MAX_RANKS = 100_000
"""More ranks than any machine gives to one job of this kind: a typing error."""


class EngineSettings(NamedTuple):
    """What the loops of every rank obey; broadcast by rank 0, equal on all ranks.

    No dataclass: every rank imports this, and the module `dataclasses` takes 5 ms.
    """

    stateful_ranks: Annotated[int, 0, 1_000_000] = 0
    """Ranks of the stateful group; 0: a quarter of the ranks beside the head, never more than there are
    partitions."""

    move: Annotated[str, "group", "all", "off"] = "group"
    """Where partitions move while their rank is behind: to other ranks of the stateful group (group), also to
    ranks of the pool (all), or nowhere (off).

    A rank of the pool costs nothing when it dies, as long as it holds no partition.
    """

    partitions: Annotated[int, 0, 65_536] = 0
    """Partitions of each keyed element; 0: what the element says (64).

    A property of the workflow, not of the number of ranks: changing it changes what a checkpoint holds.
    """

    ordered_outputs: bool = False
    """The outputs of the run come in the order of one process; False: only those of elements that say
    `ordered_outputs`.

    What comes before its turn waits, and paths that meet at an output take tuple by tuple.
    """

    task_s: Annotated[float, 1e-5, 60] = 0.010
    """Seconds of work that a task aims at.

    10 ms: a hundred times the round trip that it costs.
    """

    slice_s: Annotated[float, 1e-5, 60] = 0.020
    """Age in seconds at which a transaction stops running downstream elements itself, and publishes what is
    left."""

    max_task_tuples: Annotated[int, 1, 1 << 20] = 32768
    """Most tuples in a task.

    `task_s` of the quickest elements (0.3 µs a tuple), so that the size follows from time. At 8192 Redis
    needed a third more of its core for them.
    """

    max_task_bytes: Annotated[int, 1 << 10, 1 << 25] = 1 << 20
    """Most bytes in a task of more than one tuple.

    So that a few tasks never fill Redis: at most a quarter of what it may hold anywhere.
    """

    flush_s: Annotated[float, 0.0001, 60] = 0.001
    """What a source writes after a silence of this many seconds is handed over at once, what follows it so
    much later; while n tasks wait, n times as much.

    A task and its commit cost all processes together about 1 ms.
    """

    high_tasks_per_rank: Annotated[int, 1, 1_000_000] = 8
    """Sources wait while more tasks than this, for each pool rank, wait in Redis (at least 32)."""

    high_bytes: Annotated[int, 1 << 20, 1 << 26] = 32 << 20
    """Sources wait while more bytes than this wait in Redis, or in shared memory.

    It may use 128 MB on any node, and more on a large one. At most half of that: a task may come on top.
    """

    shared_bytes: Annotated[int, 0, 1 << 40] = 1 << 16
    """The buffers of large arrays stay in the shared memory of their node on their way to ranks of that node,
    if those of a batch have at least so many bytes; 0: never.

    64 KiB: to make, find and map a file takes as long as copying so much through Redis.
    """

    inbox_high_tuples: Annotated[int, 1, 1 << 30] = 1 << 16
    """A stateful rank with more tuples than this waiting for one element asks senders to hold."""

    inbox_high_bytes: Annotated[int, 1 << 10, 1 << 40] = 64 << 20
    """A stateful rank with more bytes than this waiting for one element asks senders to hold."""

    window: Annotated[int, 1, 1024] = 4
    """Transactions of one rank whose messages may be on their way at once.

    More would only queue at a stateful rank that is behind.
    """

    trace: bool = False
    """Each rank keeps what it does, span by span, for the record: calls of elements, waits, commits, parks.

    It takes memory, at most 2.9 MB of a rank and 92 MB of rank 0 (up to 8,192 ranks).
    """

    autoscale: str = "knee"
    """Policy of the auto-scaler: none, fixed:K, knee, queue, idle, or MODULE:CLASS of your own."""

    min_active: Annotated[int, 1, MAX_RANKS] = 1
    """Fewest active ranks of the pool, while there may be work for it."""

    max_active: Annotated[int, 0, MAX_RANKS] = 0
    """Most active ranks of the pool; 0: all of them."""

    scale_s: Annotated[float, 0.02, 60] = 0.1
    """Seconds between two questions to the policy.

    0.1 s: two tasks' commits, a hundredth of what it costs to be wrong for a minute.
    """

    lend: Annotated[str, "auto", "off"] = "auto"
    """Whether the head and the stateful ranks have tasks of the pool run in a process beside them (auto), or
    not (off)."""

    max_dead_letters: Annotated[int, 0, 10**12] = 10_000
    """The run stops when more tuples than this have failed."""

    hopeless_after: Annotated[int, 1, 10**12] = 100
    """The run stops when one element has failed for this many tuples and succeeded for none."""

    max_attempts: Annotated[int, 1, 1000] = 4
    """A task whose rank died this many times becomes a dead letter.

    It probably kills ranks.
    """
