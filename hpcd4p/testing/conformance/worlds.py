"""The worlds in which promises are tried: the brokers, or the meshes, of the ranks of one run.

Whoever has a transport of his own says how to make it for a rank, and how time passes there.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from hpcd4p.transport.broker import Blocks, Broker, Heard, Mesh
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.codec import REPORT, Codec, about
from hpcd4p.wire.messages import Arrival, Commit, Notice, Publication, Reply, Task

LOW = (2, 1000)
"""Tasks and bytes at which a broker of the pool rings the head: the promises are written for these."""

MAX_ATTEMPTS = 3
"""Ranks that may die with a task before it is given up: as above."""

STREAMS = (0, 1, 2)
"""Pool elements of which there are tasks in most promises."""

MANY = tuple(range(40))
"""All pool elements that there may be tasks of."""

BROKER_RANKS, POOL_RANKS, MESH_RANKS, BLOCKS_RANKS = 4, 8, 3, 4
"""How many ranks play in the promises of every broker, of the pool's, of every mesh, of all blocks."""

WHERE = (0, 0, 0, 1, 1, 0, 0, 0)
"""The node of each of these, in the promises about nodes."""

SECRET = b"secret of the promises"
"""Of the codec that seals reports: for a transport that looks whether the run has sealed them."""

PATIENCE_S = 10.0
"""What has not happened by then never will."""

MOST_BELLS = 10
"""More than a rank has rung for it in any promise."""

PAUSE_S = 0.002
"""Between two looks for it."""

Transport = TypeVar("Transport")


class World(Generic[Transport]):
    """One transport for each rank, made when it is first asked for: ``world[rank]``.

    Parameters
    ----------
    make
        Gives the transport of a rank. Rank 0 is the head.
    pass_time
        Lets so many seconds pass, for the transport as well.
    """

    def __init__(
        self, make: Callable[[int], Transport], pass_time: Callable[[float], object] = time.sleep
    ) -> None:
        self.pass_time = pass_time
        self._make = make
        self._made: dict[int, Transport] = {}

    def __getitem__(self, rank: int) -> Transport:
        if rank not in self._made:
            self._made[rank] = self._make(rank)
        return self._made[rank]

    def until(self, condition: Callable[[], object]) -> None:
        """Let time pass until `condition` holds; fails when it takes too long."""
        passed = 0.0
        while not condition():
            assert passed < PATIENCE_S, "it never happens"
            passed += PAUSE_S
            self.pass_time(PAUSE_S)

    def close(self) -> None:
        """The run is over."""


class BrokerWorld(World[Broker]):
    """The brokers of one run.

    Parameters
    ----------
    late_s
        A bell may be on its way for so long. 0: it has rung with the call that rings it, and `wait` returns
        at once whatever it is asked.
    """

    def __init__(
        self,
        make: Callable[[int], Broker],
        pass_time: Callable[[float], object] = time.sleep,
        late_s: float = 0.0,
    ) -> None:
        super().__init__(make, pass_time)
        self._late_s = late_s
        self._tx = itertools.count(1)

    def publish(self, *tasks: tuple[int, int, bytes], rank: int = 0, ask: Ask | None = None) -> Reply:
        """Commit tasks (element, tuples, payload) and count their tuples."""
        commit = Commit(next(self._tx))
        for element, tuples, payload in tasks:
            commit.publish.append(Publication(element, tuples, payload))
            commit.counts[element] = commit.counts.get(element, 0) + tuples
        return self[rank].step(commit, ask or Ask())

    def look_for(self, rank: int, elements: Sequence[int] = STREAMS) -> Task | None:
        """The task that `rank` gets, if there is one."""
        return self[rank].step(Commit(), Ask(take=elements)).task

    def take(self, rank: int, elements: Sequence[int] = STREAMS) -> Task:
        """The task that `rank` gets; there must be one."""
        task = self.look_for(rank, elements)
        assert task is not None, f"rank {rank} finds no task"
        return task

    def finish(self, rank: int, task: Task) -> Reply:
        """Commit that `task` is done, and its tuples."""
        commit = Commit(next(self._tx), {task.element: -task.tuples})
        commit.done.append((task.element, task.id))
        return self[rank].step(commit)

    def report(self, rank: int, figures: str) -> bytes:
        """Leave a report for the head; gives what it is to find."""
        sealed = Codec(SECRET, rank=rank).seal(figures, about(REPORT))
        self[rank].report(sealed)
        return sealed

    def pending(self) -> dict[int, int]:
        """Unfinished tuples by element."""
        return self[0].observe(alive=False).pending

    def rung(self, *ranks: int) -> list[int]:
        """Those of `ranks` whose bell has rung."""
        brokers = {rank: self[rank] for rank in ranks}
        if self._late_s:
            self.pass_time(self._late_s)  # what has not come by then never will
        return [rank for rank, broker in brokers.items() if broker.wait(0.0) != Heard.SILENT]

    def hear(self, rank: int) -> Heard:
        """What ends a long wait of `rank`."""
        return self[rank].wait(PATIENCE_S if self._late_s else 0.0)

    def hears(self, rank: int) -> bool:
        """Whether the bell of `rank` rings."""
        return self.hear(rank) != Heard.SILENT

    def quiet(self, *ranks: int) -> None:
        """Take all bells away."""
        for _ in range(MOST_BELLS):
            if not self.rung(*ranks):
                return
        raise AssertionError("a bell rings again and again")

    def leave(self, rank: int) -> None:
        """Have `rank` give up its connections."""
        self._made.pop(rank).close()

    def close(self) -> None:
        """See `World.close`."""
        for broker in self._made.values():
            broker.close()


class MeshWorld(World[Mesh]):
    """The meshes of one run. Nothing that is sent need be there at the first look."""

    def hear(self, rank: int, count: int) -> list[Arrival | Notice]:
        """What comes in at `rank`, until it is `count` messages."""
        heard: list[Arrival | Notice] = []

        def enough() -> bool:
            heard.extend(self[rank].poll())
            return len(heard) >= count

        self.until(enough)
        assert len(heard) == count
        return heard

    def settle(self, sender: int, tickets: Sequence[Any]) -> None:
        """Let time pass until `sender` knows that all these messages have been matched."""
        self.until(lambda: all(self[sender].sent(ticket) for ticket in tickets))


class BlocksWorld(World[Blocks]):
    """The blocks of memory of one run."""
