"""A cluster in one process: the real loops, from start to end, on in-memory transports, in virtual time.

The order in which ranks run, how late messages are, and who dies where, follows from a seed; a failing seed
fails again. Nothing here sleeps or opens a socket.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import Any

from hpcd4p.control.marks import high_marks
from hpcd4p.control.near_line import line_of
from hpcd4p.errors import BrokerLost, ElementFailed, RankLost
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.plan.survivors import among
from hpcd4p.record.memory import MemorySink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.setup import copy_element
from hpcd4p.runtime.head.going_on import keep
from hpcd4p.runtime.head.head import Head
from hpcd4p.runtime.head.reach import Reach
from hpcd4p.runtime.rank.cutting import Cutting
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.runtime.rank.porter import Porter
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.testing.cell import Killed, MemoryCell
from hpcd4p.testing.checkpoints import MemoryCheckpoint, MemoryKeeper, MemorySaver
from hpcd4p.testing.faults import Fates, FaultyBroker, FaultyMesh
from hpcd4p.testing.net import Net
from hpcd4p.testing.turns import Turns
from hpcd4p.transport.broker import Broker
from hpcd4p.transport.guard import GuardedBroker
from hpcd4p.transport.memory_blocks import MemoryBlocks
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.nodes import Nodes, node_of, porter_of, ranks_on
from hpcd4p.wire.reports import Failed, Reason
from hpcd4p.workflow.graph import WorkflowGraph

SECRET = b"secret of the simulation"


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
    doomed
        Ranks of any kind, or ``"broker"``, that die as well.
    checkpoint_s
        Seconds between two checkpoints; None: there are none.
    resume
        What the run goes on from.
    absent
        Ranks that have died before it goes on.
    shared
        Others may write to the store: the ranks vouch for what they tell.
    nodes
        The node of each rank; empty: all are on one.
    before
        The incarnation before: what its ranks have sent comes late, on the same network.

    Attributes
    ----------
    sink
        What came out: `results`, `letters`, `events`.
    store
        What the broker holds.
    fates
        Who dies.
    head, ranks
        Rank 0; the loops of all ranks that live, by number.
    lost
        The ranks that died, and those that were taken for dead.
    ends
        How each rank ended, and when: "left" as it was told, "killed", "failed" because of an element, or
        "cut off" from the broker.
    keeper
        Keeps the checkpoints.
    summary
        Of the run, when it is over.
    blocks
        The shared memory of each node, in which large buffers lie.
    net
        What is on its way between them.
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
        doomed: tuple[int | str, ...] = (),
        checkpoint_s: float | None = None,
        resume: MemoryCheckpoint | None = None,
        absent: Collection[int] = (),
        last_s: float = 0.0,
        nodes: Nodes = (),
        before: Cluster | None = None,
    ) -> None:
        self.sink = MemorySink() if resume is None else resume.sink()
        self.keeper = MemoryKeeper(self.sink)
        self.summary: Summary | None = None
        self.most_tasks = self.most_tuples = 0
        self.ranks: dict[int, RankLoop] = {}
        self.ends: dict[int, tuple[str, float]] = {}
        self._seed = seed
        settings = settings or EngineSettings()
        made = graph if isinstance(graph, WorkflowGraph) else graph()
        plan, elements = make_plan(made, size, settings, by_value=made is not graph, mapping=mapping)
        if absent:
            plan = among(plan, [rank for rank in range(size) if rank not in absent], settings)
        tasks, high_bytes = high_marks(plan, settings)
        self.blocks: dict[int, dict[Block, list[bytes]]] = {node: {} for node in {0, *nodes}}
        self.store = MemoryStore(low=(tasks // 2, high_bytes // 2), max_attempts=settings.max_attempts)
        self.store.nodes = nodes
        self._plan = plan
        self._turns = Turns(random.Random(seed), self._look, self.where)
        self.store.clock = self._turns.clock
        mortal = [r for r in plan.pool_ranks if r not in plan.stateful_ranks]
        self.fates = Fates(random.Random(seed + 1), self.store, mortal, kills, suspects, doomed)
        former = None if before is None else before.net
        self.net: Net = Net(size, random.Random(seed + 2), lambda: self._turns.now, former)
        self._cells = random.Random(seed + 3)
        self._shared = shared
        spec = RunSpec(plan, elements, resolve_inputs(plan, elements, inputs), settings)
        spec.resume = None if resume is None else resume.resumption()
        self.head = Head(spec, *self._transports(0), self.sink, self._clock(), self._blocks(0))
        if checkpoint_s is not None:
            keep(self.head, self.keeper, checkpoint_s, self._saver(0, plan), lambda name: last_s)
        if nodes:
            self.head.reach = Reach(self.head.loop.link, nodes)
        self._add(self.head.loop, elements)
        for node in [node for node in self.blocks if node and len(ranks_on(node, nodes)) > 1]:
            self._turns.add(porter_of(node), partial(self._be_porter, node))
        for rank in plan.others:
            if isinstance(graph, WorkflowGraph):
                copies = [copy_element(pe, 2) for pe in elements]
            else:
                copies = make_plan(graph(), size, settings, by_value=True, mapping=mapping)[1]
            loop = RankLoop(
                plan, copies, settings, *self._transports(rank), self._clock(), self._blocks(rank)
            )
            if spec.resume is not None:
                loop.restored = spec.resume.restored
            if checkpoint_s is not None:
                loop.cutting = Cutting(
                    rank, loop.committer, loop.partitions, self._saver(rank, plan), loop.clock
                )
            self._add(loop, elements)

    def _saver(self, rank: int, plan: Plan) -> MemorySaver:
        return MemorySaver(rank, plan, self.keeper, self._cells)

    def _clock(self) -> Clock:
        return Clock(self._turns.clock)

    def _blocks(self, rank: int) -> MemoryBlocks | None:
        nodes = self.store.nodes
        node = node_of(rank, nodes)
        line = line_of(self._plan, nodes, node)
        return MemoryBlocks(rank, self.blocks[node], line) if line is not None or not nodes else None

    def _transports(self, rank: int) -> tuple[Broker, FaultyMesh, Codec]:
        codec = Codec(SECRET, rank=rank)
        broker: Broker = FaultyBroker(self.store, rank, self.fates, self._turns)
        if self._shared:
            broker = GuardedBroker(broker, codec, rank, now=self._turns.clock)
        return broker, FaultyMesh(rank, self.net, self.fates), codec

    def _add(self, loop: RankLoop, elements: list[Any]) -> None:
        rank = loop.rank
        self.ranks[rank] = loop
        clock = Clock(self._turns.clock, 0.0)
        loop.suspects.make = partial(MemoryCell, loop.plan, elements, rank, self._cells, clock)
        self._turns.add(rank, partial(self._be_rank, loop) if rank else self._be_head)

    @property
    def lost(self) -> list[int]:
        """The ranks that died, and those that were taken for dead."""
        return self.fates.lost

    def clock(self) -> float:
        """Virtual seconds."""
        return self._turns.clock()

    def run(self) -> Summary:
        """Run to the end; the outputs are in `sink`.

        Raises
        ------
        HungError
            Nothing would ever happen any more, or nothing but waiting.
        RunStopped
            As a run on real ranks would.
        """
        self._turns.run()
        if self._turns.error is not None:
            raise self._turns.error
        if self.summary is None:
            raise RankLost("rank 0 was killed")
        return self.summary

    # ---- the ranks, as `launch` has them

    def _be_head(self) -> None:
        try:
            self.summary = self.head.run(threads=False)
            self._ends(0, "left")
        except BaseException as error:
            del self.ranks[0]
            self._ends(0, "killed" if isinstance(error, Killed) else "left")
            raise
        finally:
            self.fates.broker_lost = True  # it takes the broker with it
            self._turns.wake_all()

    def _be_rank(self, loop: RankLoop) -> None:
        try:
            loop.serve()
            self._ends(loop.rank, "left")
        except ElementFailed as error:  # as `launch.worker` tells it
            loop.link.report(Failed(loop.rank, Reason.ELEMENT, str(error)))
            self._ends(loop.rank, "failed")
        except (Killed, RankLost, BrokerLost) as error:
            del self.ranks[loop.rank]
            if isinstance(error, RankLost) and loop.rank not in self.fates.lost:
                raise
            self._ends(loop.rank, "killed" if isinstance(error, Killed) else "cut off")
            self.fates.is_lost(loop.rank)

    def _be_porter(self, node: int) -> None:
        number = porter_of(node)
        codec = Codec(SECRET, rank=number)
        broker: Broker = FaultyBroker(self.store, number, self.fates, self._turns)
        if self._shared:
            broker = GuardedBroker(broker, codec, number, now=self._turns.clock)
        try:
            with suppress(BrokerLost):
                Porter(broker, codec, MemoryBlocks(number, self.blocks[node])).serve()
        finally:
            self.store.porters.pop(number, None)
            broker.close()

    def _ends(self, rank: int, how: str) -> None:
        self.ends[rank] = how, self._turns.now

    # ---- what is seen from outside

    def _look(self) -> dict[int, Any]:
        """Between two turns: the bells that ring."""
        self.most_tasks = max(self.most_tasks, self.store.tasks)
        for loop in self.ranks.values():
            if loop.inbox.tuples:
                self.most_tuples = max(self.most_tuples, *loop.inbox.tuples.values())
        return self.store.bells

    def where(self) -> str:
        """What each rank waits for."""
        lines = [
            f"the cluster hangs at {self._turns.now:.3f} s (seed {self._seed}); "
            f"not drained: {self.head.coordinator.ending.open_elements()}",
            f"pending {self.store.pending}, tasks {self.store.tasks}, idle {sorted(self.store.idle)}",
        ]
        for rank, loop in self.ranks.items():
            queued = {e: n for e, n in loop.inbox.tuples.items() if n}
            lines.append(
                f"rank {rank}: window {len(loop.outgoing.window)}, inbox {queued}, "
                f"uncommitted {loop.inbox.uncommitted}, outbox {bool(loop.outgoing.outbox)}"
            )
        return "\n  ".join(lines)
