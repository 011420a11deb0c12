"""Names of every Redis key of a run, and every MPI tag.

Every key starts with ``hpcd4p:RUN:``, so that several runs on one Redis never meet and one scan
finds what a run holds.

====================  ===========  ==================================================================
key                   type         holds
====================  ===========  ==================================================================
``t:E``               stream       tasks of element E; fields n (tuples), a (attempts), b (payload)
``pend``              hash         E -> tuples produced for E and not finished
``ready``             hash         ``t`` tasks, ``b`` bytes that wait in the streams and in ``dead``;
                                   E -> tasks of it
``idle``              sorted set   pool ranks that found no task, by rank
``wait``              hash         ``c`` ranks in ``idle``, ``t`` since when, ``s`` their waiting so far
                                   (rank-microseconds)
``parked``            set          pool ranks that are parked
``bell:R``            list         a token that a waiting rank blocks on, seldom two. ``m``: a message of
                                   the mesh has come; ``1``: something else
``orders:R``          list         orders of the coordinator to rank R, oldest first
``com``               hash         R -> number of the last committed transaction of rank R
``own``               hash         E -> rank that owns the state of pool element E, which nobody had declared
``firm``              set          E: the ownership of E is final
``fill``              hash         E -> ``R DIGEST``: what rank R found E to hold after its first tuples
``acc``               hash         R -> sealed account of rank R: what it has told in all (shared Redis only)
``got``               hash         R -> orders that rank R has had (shared Redis only)
``lost``              set          ranks declared lost: whatever they ask is refused
``cong``              set          ``E:R``: rank R asks that nobody starts work that feeds E
``stat``              hash         sums of what ranks have done, see `wire.statistics`
``dead``              list         sealed dead letters that the head has not fetched yet
``prog``              hash         ``E:ID`` -> progress of a task that has committed a part of its work
``final``             list         sealed reports that the head has not fetched yet
``head``              hash         expires when the head has not looked for half a minute;
                                   ``client``: number of its connection (shared Redis only)
====================  ===========  ==================================================================

On a Redis that runs share, ``hpcd4p:runs`` says which there are, so that what a killed one has left is found
without a look at every key: a hash, RUN -> number of the head's connection, ranks, elements with a stream.
"""

from __future__ import annotations

from collections.abc import Sequence

RUNS = "hpcd4p:runs"
"""Which runs there are; on a shared Redis only."""

GROUP = "pool"
"""Name of the consumer group of every task stream."""

TAG_DATA = 1
"""MPI: head of a message with keyed data."""
TAG_BUFFER = 2
"""MPI: one large buffer of the message before it, from the same sender, in order."""
TAG_NOTICE = 3
"""MPI: number of the sender's last committed transaction."""


_LASTING = (
    *("pend", "ready", "idle", "wait", "parked", "com", "own", "firm", "fill", "lost", "cong", "stat"),
    *("dead", "prog", "final", "acc", "got"),
)


class Keys:
    """The keys of one run."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.prefix = f"hpcd4p:{run_id}:"

    def lasting(self, elements: Sequence[int]) -> list[str]:
        """All keys but ``head`` and those of single ranks, without the prefix."""
        return [*_LASTING, *(f"t:{e}" for e in elements)]

    def types(self, elements: Sequence[int], size: int) -> dict[str, str]:
        """What each key of a run holds, as Redis calls it."""
        kinds = {"idle": "zset", **dict.fromkeys(("parked", "firm", "lost", "cong"), "set")}
        kinds |= dict.fromkeys(("dead", "final"), "list") | {f"t:{e}": "stream" for e in elements}
        lists = tuple(f"{self.prefix}{kind}:" for kind in ("bell", "orders"))
        return {
            key: "list" if key.startswith(lists) else kinds.get(key.removeprefix(self.prefix), "hash")
            for key in self.every(elements, size)
        }

    def every(self, elements: Sequence[int], size: int) -> list[str]:
        """All keys of a run of `size` ranks."""
        own = [f"{kind}:{rank}" for kind in ("bell", "orders") for rank in range(size)]
        return [self.prefix + name for name in ("head", *self.lasting(elements), *own)]

    def bell(self, rank: int) -> str:
        """Doorbell of `rank`."""
        return f"{self.prefix}bell:{rank}"

    def tasks(self, element: int) -> str:
        """Task stream of `element`."""
        return f"{self.prefix}t:{element}"

    def client(self, rank: int) -> str:
        """Name of the connection that says that `rank` lives."""
        return f"{self.prefix}{rank}"
