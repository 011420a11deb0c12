"""A cluster in one process: the real loops on in-memory transports, in virtual time.

The order in which ranks run, and where they die, follows from a seed; a failing seed fails again.
Nothing here sleeps or opens a socket. One thread runs at any time; others only hold the stacks of
ranks that wait in the middle of a call.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from hpcd4p.control.marks import high_marks
from hpcd4p.errors import Hpcd4pError, RankLost
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime import clock
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.head.head import Head
from hpcd4p.runtime.job import Job
from hpcd4p.runtime.rank.pool import PoolRank
from hpcd4p.runtime.rank.rank import Rank
from hpcd4p.testing.cell import Killed, MemoryCell
from hpcd4p.transport.broker import Broker, Heard
from hpcd4p.transport.guard import GuardedBroker
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.ask import NOTHING_ASKED, Ask
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Commit, Entry, Reply
from hpcd4p.wire.reports import seal
from hpcd4p.workflow.graph import WorkflowGraph

TICK_S = 20e-6
"""Virtual seconds that every look at the clock takes: time passes, but only with work."""

SECRET = b"secret of the simulation"

MOST_STEPS = 2_000_000
"""A simulation that is not over by then hangs."""


class HungError(Hpcd4pError):
    """The cluster has stopped making progress; says what each rank waits for."""


class FaultyBroker(MemoryBroker):
    """A broker whose rank may be killed just before, or just after, a step takes effect."""

    def __init__(self, store: MemoryStore, rank: int, cluster: Cluster) -> None:
        super().__init__(store, rank)
        self._cluster = cluster

    def step(self, commit: Commit, ask: Ask = NOTHING_ASKED, entry: Entry | None = None) -> Reply:
        """See `Broker.step`."""
        self._cluster.perhaps_kill(self.rank)
        reply = super().step(commit, ask, entry)
        self._cluster.perhaps_kill(self.rank)
        return reply

    def wait(self, seconds: float | None) -> Heard:
        """See `Broker.wait`; a rank that waits in the middle of something lets the others run."""
        self._cluster.suspend(self.rank, seconds)
        return super().wait(seconds)


class Cluster:
    """`size` ranks that run one workflow.

    Parameters
    ----------
    graph, inputs, mapping
        As for `hpcd4p.run`. A function that makes the graph is called for each rank, so that no two ranks
        have a class, a function or a global in common, as they have not in processes of their own.
    seed
        Decides everything that is left to chance.
    kills
        How many pool ranks die, at moments that the seed decides.
    suspects
        How many pool ranks are taken for dead, and go on until they hear of it.
    shared
        Others may write to the store: the ranks vouch for what they tell.

    Attributes
    ----------
    sink
        What came out: `results`, `letters`, `events`.
    store, boxes
        What the broker holds, and what the mesh has not delivered.
    ranks
        The loops of the ranks that live.
    lost
        The ranks that died, and those that were taken for dead.
    most_tasks, most_tuples
        Most tasks that waited, and most tuples that were in line at one rank for one element.
    """

    def __init__(
        self,
        graph: WorkflowGraph | Callable[[], WorkflowGraph],
        size: int,
        inputs: Any = None,
        seed: int = 0,
        kills: int = 0,
        suspects: int = 0,
        settings: EngineSettings | None = None,
        mapping: str = "hybrid",
        shared: bool = True,
    ) -> None:
        self.random, self.sink = random.Random(seed), MemorySink()
        self.lost: list[int] = []
        self.most_tasks = self.most_tuples = 0
        self._kills = kills
        self._suspects = suspects
        self._now = 0.0
        self._steps = 0
        self._summary: Summary | None = None
        self._error: BaseException | None = None
        self._stopping = False
        self._home: set[int] = set()
        self._suspended: dict[int, threading.Semaphore] = {}
        self._threads: list[threading.Thread] = []
        before = clock.use(self.clock)
        try:
            self._build(graph, size, inputs, settings or EngineSettings(), mapping, shared)
        finally:
            clock.use(before)

    def _build(
        self,
        graph: WorkflowGraph | Callable[[], WorkflowGraph],
        size: int,
        inputs: Any,
        settings: EngineSettings,
        mapping: str,
        shared: bool,
    ) -> None:
        made = graph if isinstance(graph, WorkflowGraph) else graph()
        by_value = made is not graph
        plan, elements = make_plan(made, size, settings, by_value=by_value, mapping=mapping)
        tasks, high_bytes = high_marks(plan, settings)
        self.store = MemoryStore(low=(tasks // 2, high_bytes // 2), max_attempts=settings.max_attempts)
        self.store.clock = self.clock
        self.boxes: list[deque[Any]] = [deque() for _ in range(size)]
        self.ranks: dict[int, Rank] = {}
        job = Job(plan, elements, resolve_inputs(plan, elements, inputs), settings)
        for r in range(size):
            mesh, codec = MemoryMesh(r, self.boxes), Codec(SECRET, rank=r)
            broker: Broker = FaultyBroker(self.store, r, self)
            if shared:
                broker = GuardedBroker(broker, codec, r, now=self.clock)
            if r == 0:
                self.head = Head(job, broker, mesh, codec, self.sink)
                self.ranks[0] = self.head
                self.head.suspects.make = partial(MemoryCell, plan, elements, 0, self.random)
            else:
                if isinstance(graph, WorkflowGraph):
                    copies = [copy_element(pe, 2) for pe in elements]
                else:
                    copies = make_plan(graph(), size, settings, by_value=True, mapping=mapping)[1]
                self.ranks[r] = rank = PoolRank(plan, copies, settings, broker, mesh, codec)
                rank.suspects.make = partial(MemoryCell, plan, elements, r, self.random)
        self._until = dict.fromkeys(self.ranks, 0.0)
        self._mortal = [r for r in plan.pool_ranks if r not in plan.stateful_ranks]

    def clock(self) -> float:
        """Virtual seconds."""
        self._now += TICK_S
        return self._now

    def run(self) -> Summary:
        """Run to the end; the outputs are in `sink`.

        Raises
        ------
        HungError
            Nothing would ever happen any more, or nothing but waiting.
        RunStopped
            As a run on real ranks would.
        """
        before = clock.use(self.clock)
        try:
            self.head.start(threads=False)
            for rank in self.ranks:
                if rank:
                    self.ranks[rank].start()
            self._hand_over()
            for thread in self._threads:  # grows while ranks wait
                thread.join()
        finally:
            clock.use(before)
        if self._error is not None:
            raise self._error
        assert self._summary is not None
        return self._summary

    # ---- who runs

    def _hand_over(self) -> None:
        """Let another thread choose who runs next; this one must do nothing more but wait."""
        thread = threading.Thread(target=self._turns, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _turns(self) -> None:
        """Let ranks run, one at a time, until one is chosen whose stack is on another thread."""
        try:
            while self._summary is None and not self._stopping:
                self._steps += 1
                if self._steps > MOST_STEPS:
                    raise HungError(self._where())
                rank = self._next()
                if rank in self._suspended:
                    self._suspended.pop(rank).release()
                    return
                self._step(rank)
        except Killed:
            pass  # the simulation is over
        except BaseException as error:  # noqa: BLE001  # `run` raises it
            self._error = error
        self._stopping = True
        for held in self._suspended.values():
            held.release()

    def suspend(self, rank: int, seconds: float | None) -> None:
        """Let others run while `rank` waits in the middle of something."""
        if seconds == 0:
            return
        self._until[rank] = float("inf") if seconds is None else self._now + seconds
        self._suspended[rank] = held = threading.Semaphore(0)
        self._hand_over()
        held.acquire()
        if self._stopping:
            raise Killed

    def _next(self) -> int:
        """A rank that can run; if all wait, time passes to the first that wakes by itself."""
        self.most_tasks = max(self.most_tasks, self.store.tasks)
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
        """One turn of the loop of `rank`."""
        loop = self.ranks[rank]
        if rank in self._home:
            self.store.bells.pop(rank, None)
            return
        try:
            heard = loop.broker.wait(0)
            if heard:
                loop.woken()
                if heard is not Heard.MAIL:
                    loop.rung()
            pause = self._turn_of_head() if rank == 0 else loop.tick()
            self.most_tuples = max([self.most_tuples, *loop.inbox.tuples.values()])
            if loop.stopped is not None:
                self._go_home(rank)
                return
        except Killed:
            if self._stopping:
                raise
            self._bury(rank)
        except RankLost:
            if rank not in self.lost:
                raise
            self._bury(rank)
        else:
            self._until[rank] = float("inf") if pause is None else self._now + pause

    def _turn_of_head(self) -> float:
        if not self.head.coordinator.ending.over:
            return self.head.turn()
        self.head.end(0)
        self._summary = self.head.summary()
        return 0.0

    def _go_home(self, rank: int) -> None:
        loop = self.ranks[rank]
        assert isinstance(loop, PoolRank)
        loop.leave()
        loop.broker.report(seal(loop.codec, loop.report()))
        self._home.add(rank)
        self._until[rank] = float("inf")

    # ---- who dies

    def perhaps_kill(self, rank: int) -> None:
        """Kill `rank`, or take it for dead, if it can be spared and the dice say so."""
        if self._kills + self._suspects <= 0 or rank not in self._mortal or len(self._mortal) < 2:
            return
        if rank in self.store.owners.values():
            return  # the run would end
        if self.random.random() < KILL_CHANCE:
            self._is_lost(rank)
            if self.random.randrange(self._kills + self._suspects) < self._kills:
                self._kills -= 1
                raise Killed
            self._suspects -= 1

    def _is_lost(self, rank: int) -> None:
        if rank not in self.lost:
            self._mortal.remove(rank)
            self.lost.append(rank)
            self.store.alive.discard(rank)

    def _bury(self, rank: int) -> None:
        self._is_lost(rank)
        del self.ranks[rank], self._until[rank]

    def _where(self) -> str:
        lines = [
            f"the cluster hangs at {self._now:.3f} s; "
            f"not drained: {self.head.coordinator.ending.open_elements()}",
            f"pending {self.store.pending}, tasks {self.store.tasks}, idle {sorted(self.store.idle)}",
        ]
        for rank, loop in self.ranks.items():
            queued = {e: n for e, n in loop.inbox.tuples.items() if n}
            lines.append(
                f"rank {rank}: window {len(loop.window)}, inbox {queued}, "
                f"uncommitted {loop.inbox.uncommitted}, outbox {bool(loop.outbox)}"
            )
        return "\n  ".join(lines)


KILL_CHANCE = 0.04
"""Of dying at each of the two sides of a step."""
