"""Names of every Redis key of a run, and every MPI tag.

Every key starts with ``hpcd4p:RUN:``, so that several runs on one Redis never meet and one scan
finds what a run holds.

====================  ===========  ==================================================================
key                   type         holds
====================  ===========  ==================================================================
``t:E``               stream       tasks of element E; fields n (tuples), a (attempts), b (payload)
``pend``              hash         E -> tuples produced for E and not finished
``ready``             hash         ``t`` tasks, ``b`` payload bytes that wait in the streams; E -> tasks of it
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
``lost``              set          ranks declared lost: whatever they ask is refused
``cong``              set          ``E:R``: rank R asks that nobody starts work that feeds E
``stat``              hash         by element: ``n:E`` tuples, ``u:E`` microseconds, ``o:E`` outputs,
                                   ``f:E`` failures, ``b:E`` bytes written, about; ``m:E``,
                                   ``s:E`` as n and u without each rank's first. Of the pool:
                                   ``cpu``, ``queue`` microseconds on a core, and ready without one
``dead``              list         sealed dead letters that the head has not fetched yet
``prog``              hash         ``E:ID`` -> progress of a task that has committed a part of its work
``final``             list         sealed figures of ranks that have finished
``head``              hash         expires when the head has not looked for half a minute (shared Redis only)
====================  ===========  ==================================================================
"""

from __future__ import annotations

GROUP = "pool"
"""Name of the consumer group of every task stream."""

TAG_DATA = 1
"""MPI: head of a message with keyed data."""
TAG_BUFFER = 2
"""MPI: one large buffer of the message before it, from the same sender, in order."""
TAG_NOTICE = 3
"""MPI: number of the sender's last committed transaction."""


class Keys:
    """The keys of one run."""

    def __init__(self, run_id: str) -> None:
        self.prefix = f"hpcd4p:{run_id}:"

    def bell(self, rank: int) -> str:
        """Doorbell of `rank`."""
        return f"{self.prefix}bell:{rank}"

    def tasks(self, element: int) -> str:
        """Task stream of `element`."""
        return f"{self.prefix}t:{element}"

    def client(self, rank: int) -> str:
        """Name of the connection that says that `rank` lives."""
        return f"{self.prefix}{rank}"
