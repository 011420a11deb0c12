"""Which ranks are missing while rank 0 waits for them at the start, by kernel and Redis: MPI does not say.

On this node a rank is there while its process exists; on every node, once it has its setup, while its
connection to Redis is open (`control.liveness`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection

from hpcd4p.control.liveness import Liveness
from hpcd4p.control.roll import in_words
from hpcd4p.errors import RankLost
from hpcd4p.launch.siblings import parent_of_ranks, ranks_under
from hpcd4p.transport.broker import Broker


class Muster:
    """Rank 0's look at the others; to be called now and then while it waits.

    Parameters
    ----------
    hosts
        Host of each rank.

    Raises
    ------
    RankLost
        From `look`: ranks are missing. Nothing has been run.
    """

    def __init__(self, hosts: list[str]) -> None:
        self._size = len(hosts)
        self._here = [rank for rank, host in enumerate(hosts) if host == hosts[0]]
        self._launcher = parent_of_ranks()
        self._broker: Broker | None = None
        self._life = Liveness([], 0.0)

    def connect(self, broker: Broker) -> None:
        """Look at the connections to `broker` as well, from now on."""
        self._broker = broker
        self._life = Liveness(list(range(1, self._size)), time.monotonic())

    def alive(self) -> frozenset[int]:
        """Ranks that exist, as far as this node can see: those of other nodes count as existing."""
        everyone = frozenset(range(self._size))
        if self._launcher is None:
            return everyone
        return everyone - (frozenset(self._here) - ranks_under(self._launcher))

    def look(self) -> None:
        """Raise `RankLost` if ranks are missing."""
        missing: list[int] = []
        if self._launcher is not None:
            # all were there at MPI_Init: no second look is needed
            missing = sorted(set(self._here) - ranks_under(self._launcher))
        if not missing and self._broker is not None:
            seen = self._broker.observe(alive=True, fetch=False)
            missing = self._life.look(seen.alive or frozenset(), seen.committed, time.monotonic())
        if missing:
            raise missed(missing, self._size)


def missed(ranks: Collection[int], size: int) -> RankLost:
    """The error for `ranks` of `size` that are missing at the start."""
    return _ended_early(in_words(ranks, size))


def some_missed(count: int, here: int) -> RankLost:
    """The same for `count` of the `here` ranks of this node whose numbers are not known."""
    return _ended_early(f"{count} of the {here} ranks on {os.uname().nodename}")


def _ended_early(who: str) -> RankLost:
    return RankLost(
        f"{who} ended before the run began, so nothing was run. Look for what stands "
        "above, and for memory: the kernel kills what takes too much"
    )
