"""A cluster in one process: the real loops on in-memory transports, in virtual time.

The order in which ranks run, and where they die, follows from a seed; a failing seed fails again.
Nothing here sleeps, opens a socket or starts a thread.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Any

from hpcd4p.errors import Hpcd4pError
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime import clock
from hpcd4p.runtime.head import Head
from hpcd4p.runtime.job import Job
from hpcd4p.runtime.pool import PoolRank
from hpcd4p.runtime.rank import Rank, high_marks
from hpcd4p.runtime.setup import copy_element
from hpcd4p.transport.memory import MemoryBroker, MemoryMesh, MemoryStore
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit, Reply
from hpcd4p.workflow.graph import WorkflowGraph

TICK_S = 20e-6
"""Virtual seconds that every look at the clock takes: time passes, but only with work."""

MOST_STEPS = 2_000_000
"""A simulation that is not over by then hangs."""


class Killed(BaseException):
    """The rank that is running has just been killed. Not an Exception: nothing may catch it."""


class HungError(Hpcd4pError):
    """The cluster has stopped making progress; says what each rank waits for."""


class FaultyBroker(MemoryBroker):
    """A broker whose rank may be killed just before, or just after, a step takes effect."""

    def __init__(self, store: MemoryStore, rank: int, cluster: Cluster) -> None:
        super().__init__(store, rank)
        self._cluster = cluster

    def step(self, commit: Commit, *args: Any, **kwargs: Any) -> Reply:
        """See `Broker.step`."""
        self._cluster.perhaps_kill(self.rank)
        reply = super().step(commit, *args, **kwargs)
        self._cluster.perhaps_kill(self.rank)
        return reply

    def wait(self, seconds: float | None) -> bool:
        """See `Broker.wait`; a rank that waits in the middle of something lets the others run."""
        self._cluster.run_others(self.rank)
        return super().wait(seconds)


class Cluster:
    """`size` ranks that run one workflow.

    Parameters
    ----------
    graph, inputs
        As for `hpcd4p.run`.
    seed
        Decides everything that is left to chance.
    kills
        How many pool ranks die, at moments that the seed decides.
    """

    def __init__(
        self,
        graph: WorkflowGraph,
        size: int,
        inputs: Any = None,
        seed: int = 0,
        kills: int = 0,
        settings: EngineSettings | None = None,
    ) -> None:
        self._now = 0.0
        before = clock.use(self.clock)
        try:
            self._build(graph, size, inputs, seed, kills, settings or EngineSettings())
        finally:
            clock.use(before)

    def _build(
        self, graph: WorkflowGraph, size: int, inputs: Any, seed: int, kills: int, settings: EngineSettings
    ) -> None:
        self.random = random.Random(seed)
        self.sink = MemorySink()
        self.lost: list[int] = []
        self._kills = kills
        self._running: set[int] = set()
        plan, elements = make_plan(graph, size, settings)
        tasks, high_bytes = high_marks(plan, settings)
        self.store = MemoryStore(low=(tasks // 2, high_bytes // 2), max_attempts=settings.max_attempts)
        boxes: list[deque[Any]] = [deque() for _ in range(size)]
        codec = Codec(b"secret of the simulation")
        self.ranks: dict[int, Rank] = {}
        job = Job(plan, elements, resolve_inputs(plan, elements, inputs), settings)
        for r in range(size):
            broker = FaultyBroker(self.store, r, self)
            mesh = MemoryMesh(r, boxes)
            if r == 0:
                self.head = Head(job, broker, mesh, codec, self.sink)
                self.ranks[0] = self.head
            else:
                copies = [copy_element(pe, 0, 2) for pe in elements]
                self.ranks[r] = PoolRank(plan, copies, settings, broker, mesh, codec)
        self._until = dict.fromkeys(self.ranks, 0.0)
        self._mortal = [r for r in plan.pool_ranks if r not in plan.stateful_ranks]

    def clock(self) -> float:
        """Virtual seconds."""
        self._now += TICK_S
        return self._now

    def run(self) -> Summary:
        """Run to the end; the outputs are in `sink`."""
        before = clock.use(self.clock)
        try:
            self.head.start(threads=False)
            for rank in self.ranks:
                if rank:
                    self.ranks[rank].start()
            steps = 0
            while not self.head.coordinator.ending.over:
                self._step(self._next())
                steps += 1
                if steps > MOST_STEPS:
                    raise HungError(self._where())
            return self.head.summary(0, "")
        finally:
            clock.use(before)

    def _next(self) -> int:
        """A rank that can run; if all wait, time passes to the first that wakes by itself."""
        bells = self.store.bells
        ready = [r for r in self.ranks if self._until[r] <= self._now or r in bells]
        if not ready:
            first = min(self._until.values())
            if first == float("inf"):
                raise HungError(self._where())
            self._now = first
            ready = [r for r in self.ranks if self._until[r] <= self._now]
        return self.random.choice(ready)

    def _step(self, rank: int) -> None:
        loop = self.ranks[rank]
        self._running.add(rank)
        try:
            if loop.broker.wait(0):
                loop.rung()
            pause = self.head.turn() if rank == 0 else loop.tick()
        except Killed:
            self._bury(rank)
        else:
            self._until[rank] = float("inf") if pause is None else self._now + pause
        finally:
            self._running.discard(rank)

    def run_others(self, rank: int) -> None:
        """Let some other ranks run while `rank` waits in the middle of something."""
        self._now += TICK_S
        if len(self._running) > 1:
            return
        others: Sequence[int] = [r for r in self.ranks if r not in self._running]
        for other in self.random.sample(others, min(2, len(others))):
            self._step(other)

    def perhaps_kill(self, rank: int) -> None:
        """Kill `rank` if it can be spared and the dice say so."""
        if self._kills <= 0 or rank not in self._mortal or len(self._mortal) < 2:
            return
        if self.random.random() < KILL_CHANCE:
            self._kills -= 1
            raise Killed

    def _bury(self, rank: int) -> None:
        self._mortal.remove(rank)
        self.lost.append(rank)
        self.store.alive.discard(rank)
        del self.ranks[rank], self._until[rank]

    def _where(self) -> str:
        lines = [
            f"the cluster hangs at {self._now:.3f} s; "
            f"not drained: {self.head.coordinator.ending.open_elements()}"
        ]
        lines.append(
            f"pending {self.store.pending}, tasks {self.store.tasks}, idle {sorted(self.store.idle)}"
        )
        for rank, loop in self.ranks.items():
            queued = {e: n for e, n in loop.inbox.tuples.items() if n}
            lines.append(
                f"rank {rank}: window {len(loop.window)}, inbox {queued}, "
                f"uncommitted {loop.inbox.uncommitted}, outbox {bool(loop.outbox)}"
            )
        return "\n  ".join(lines)


KILL_CHANCE = 0.02
"""Of dying at each of the two sides of a step."""
