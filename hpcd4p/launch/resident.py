"""The memory of the ranks of this node and of the run's Redis, as /proc shows it. Rank 0 only."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from hpcd4p.launch.siblings import MPICH_NUMBERS, NUMBERS, siblings_under
from hpcd4p.live.run import Resident, resident_bytes

if TYPE_CHECKING:
    from hpcd4p.launch.redis_server import RunRedis

MOST_AT_ONCE = 16
"""Ranks that are looked at each time, one after the other: 20 µs each."""


class NodeMemory:
    """Of one run.

    Parameters
    ----------
    redis
        Gives the run's own Redis, if it has one; another one after an incarnation.
    """

    def __init__(self, redis: Callable[[], RunRedis | None]) -> None:
        self._redis = redis
        self._pids: list[tuple[int, int]] = []
        self._processes: dict[int, int] = {}
        self._redis_most = 0
        self._known: dict[int, int] = {}
        self._next = 0

    def look(self) -> Resident:
        """What is known now; of many ranks some of it is some seconds old."""
        if not self._pids:
            self._pids = ranks_here()
            self._processes = dict(self._pids)
            self._redis_most = redis_most()
        many = len(self._pids)
        for at in range(self._next, self._next + min(MOST_AT_ONCE, many)):
            rank, pid = self._pids[at % many]
            found = resident_bytes(pid)
            if found:
                self._known[rank] = found
            else:
                self._known.pop(rank, None)  # it has died
        self._next = (self._next + MOST_AT_ONCE) % many
        server = self._redis()
        if server is None:
            return Resident(self._known, processes=self._processes)
        return Resident(self._known, resident_bytes(server.pid), self._redis_most, self._processes)


def redis_most() -> int:
    """Bytes that a Redis of a run on this node may use."""
    from hpcd4p.launch.node import node_bytes
    from hpcd4p.launch.redis_config import memory_mb

    return memory_mb(node_bytes()) << 20


def ranks_here() -> list[tuple[int, int]]:
    """(rank, process) of this node's ranks: those with the parent of this one, which is rank 0."""
    found = {each.rank: each.pid for each in siblings_under(os.getppid(), NUMBERS + MPICH_NUMBERS)}
    return sorted((found | {0: os.getpid()}).items())
