"""The incarnations of a parallel run: what is made anew for each, and what stays. Rank 0 only.

Most runs have one. The next one is for the ranks that live after something that the run needs has died.
"""

from __future__ import annotations

import os
import pickle
import secrets
from collections.abc import Callable
from contextlib import ExitStack, suppress
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from hpcd4p import logs
from hpcd4p.control.marks import high_marks
from hpcd4p.errors import BrokerLost, ElementFailed, RunStopped, UsageError
from hpcd4p.launch import between
from hpcd4p.launch.blocks import blocks_in
from hpcd4p.launch.blocks_folder import blocks_folder
from hpcd4p.launch.crew import Crew, Departure
from hpcd4p.launch.last_seconds import is_hurried
from hpcd4p.launch.resident import NodeMemory
from hpcd4p.plan.model import Mapping
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime.execute.setup import RedisPlace, Setup, elements_of
from hpcd4p.runtime.head.lead import lead
from hpcd4p.runtime.head.progress import Progress
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.broker import Broker
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.nodes import Nodes, nodes_of
from hpcd4p.workflow.identity import Packed
from hpcd4p.workflow.sentinels import tuple_dumper

if TYPE_CHECKING:
    from hpcd4p.launch.blocks import NodeBlocks
    from hpcd4p.launch.early import Early
    from hpcd4p.launch.going_back import GoingBack
    from hpcd4p.transport.mpi_mesh import MpiMesh
    from hpcd4p.transport.redis_broker import RedisBroker

_log = logs.module_log(__name__)


class Incarnations:
    """Those of one run, one after the other. Rank 0 only.

    Parameters
    ----------
    packed
        The elements as they were before they worked.
    going_back
        None where the run cannot go on.
    """

    def __init__(
        self,
        spec: RunSpec,
        sink: OutputSink,
        early: Early,
        crew: Crew,
        packed: Packed,
        going_back: GoingBack | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._spec, self._sink, self._early, self._crew = spec, sink, early, crew
        self._packed = packed
        self._going_back = going_back
        self._on_progress = on_progress
        self._hosts, self._muster = crew.meet()
        self._number = 0
        self._folders: list[str] = []
        """Of the shared memory, so far: one that a rank was slow to leave goes at the end of the next."""
        self._memory = NodeMemory(lambda: early.redis)
        self._mesh: MpiMesh | None = None
        self._broker: Any = None

    def come_back(self, stop: RunStopped) -> RedisPlace | None:
        """Make ready for the next one after `stop`, raised again if that cannot be; gives its Redis."""
        self._number += 1
        self._broker.close()
        between.release()
        if self._spec.plan.mapping is Mapping.STATIC:
            return None
        try:
            return redis_of(self._spec, self._hosts, self._early, again=True)
        except UsageError as error:  # no Redis can be had any more
            stop.args = (f"{stop}; it cannot go on: {error}",)
            raise stop from error

    def lead(self, redis: RedisPlace | None, stack: ExitStack) -> Summary:
        """Run it to its end."""
        spec, hosts, muster = self._spec, self._hosts, self._muster
        nodes = nodes_of(hosts)
        # ranks of several nodes have no memory in common; what others need is carried, in tasks
        shared = spec.settings.shared_bytes and (redis is not None or nodes.count(0) != 1)
        guarded = self._early.redis is not None  # its watchdog removes the folder, too
        if self._number and not guarded:
            self._early.renew_blocks()
        folder = ""
        if shared:
            folder = stack.enter_context(blocks_folder(self._early.blocks, guarded, also=self._folders))
            self._folders = [*self._folders, folder]
        codec = Codec(self._early.secret)
        codec.dumps = tuple_dumper(spec.by_value)
        setup = self._setup(redis, folder, nodes)
        self._brief(setup)
        self._sink.warm()  # while the other ranks connect
        if spec.live is not None:
            spec.live.hosts, spec.live.resident = hosts, self._memory.look
        from hpcd4p.transport import mpi

        blocks = blocks_in(setup, 0)
        story = [
            ("start", f"{len(spec.plan.others) + 1} ranks on {len(set(hosts))} host(s), {mpi.library()}")
        ]
        broker: Broker
        if redis is None:
            broker, mesh = self._on_mpi(blocks)
        else:
            broker = self._broker = _on_redis(spec, redis, codec, stack, nodes)
            if not self._number:
                # the others connect before they come to the mesh, so that missing ones are known
                muster.connect(broker)
            mesh = self._new_mesh(blocks)
            place = redis.endpoint.unix_path or redis.endpoint.host
            story.append(("redis", f"{'shared' if redis.shared else 'own'}, {place}"))
        _log.info("%d ranks met; the run begins", len(spec.plan.others) + 1)
        self._crew.begun()
        summary: Summary | None = None
        redis_is_gone = False
        agrees = (lambda head, stop: False) if self._going_back is None else self._going_back.agrees
        try:
            summary = lead(
                spec,
                broker,
                mesh,
                codec,
                self._sink,
                story,
                setup,
                self._on_progress,
                blocks,
                agrees,
                is_hurried,
            )
        except RunStopped as stop:
            summary = stop.summary if isinstance(stop.summary, Summary) else None
            redis_is_gone = isinstance(stop, BrokerLost)
            raise
        finally:
            self._settle(summary, redis_is_gone)
        return summary

    def _setup(self, redis: RedisPlace | None, folder: str, nodes: Nodes) -> Setup:
        spec = self._spec
        return Setup(
            spec.plan,
            self._packed,
            spec.settings,
            spec.module,
            self._early.secret,
            spec.by_value,
            redis,
            (self._hosts[0], os.getpid()),
            spec.dispel4py,
            logs.setup,
            None if spec.checkpoints is None else spec.checkpoints.place(),
            folder,
            nodes,
            self._number,
        )

    def _brief(self, setup: Setup) -> None:
        if not self._number:
            self._crew.brief(pickle.dumps(setup, protocol=5))
            return
        assert self._going_back is not None
        self._going_back.brief(setup.plan.others, setup)
        elements = elements_of(setup)  # as they were before they worked
        if isinstance(elements, ElementFailed):
            raise elements
        self._spec.elements = elements
        self._spec.resume = None

    def _new_mesh(self, blocks: NodeBlocks | None) -> MpiMesh:
        from hpcd4p.transport.mpi_mesh import MpiMesh

        self._mesh = MpiMesh(self._muster.look, blocks, self._mesh, self._number)
        return self._mesh

    def _on_mpi(self, blocks: NodeBlocks | None) -> tuple[Broker, MpiMesh]:
        from hpcd4p.transport.mpi_head_broker import HeadMpiBroker

        mesh, muster = self._new_mesh(blocks), self._muster
        self._broker = HeadMpiBroker(
            mesh, muster.alive, self._spec.plan.others, muster.look, self._broker, self._number
        )
        return self._broker, mesh

    def _settle(self, summary: Summary | None, redis_is_gone: bool) -> None:
        """Complete the figures, and settle how this process ends."""
        from hpcd4p.transport import mpi

        if summary is not None:
            summary.provenance["mpi"] = mpi.library()
            if self._going_back is not None:
                have = {figures.rank for figures in summary.ranks_figures}
                summary.ranks_figures += [f for r, f in self._going_back.lost.items() if r not in have]
                summary.ranks_figures.sort(key=attrgetter("rank"))
        _name_hosts(summary, self._hosts)
        self._crew.depart(_departure(summary, self._hosts, redis_is_gone))


def _erase(broker: RedisBroker) -> None:
    with suppress(BrokerLost):  # then there is nothing to erase, and the run has reported it
        broker.erase()


def _name_hosts(summary: Summary | None, hosts: list[str]) -> None:
    """Give each rank of `summary` its host."""
    for figures in summary.ranks_figures if summary is not None else []:
        figures.host = hosts[figures.rank]


def _departure(summary: Summary | None, hosts: list[str], redis_is_gone: bool) -> Departure:
    """How this process can end."""
    ranks_figures = summary.ranks_figures if summary is not None else []
    if len(ranks_figures) < len(hosts):
        return Departure.FOLLOWED if redis_is_gone else Departure.ABORT
    if any(figures.state == "lost" for figures in ranks_figures):
        return Departure.EXIT
    return Departure.RETURN


def redis_of(spec: RunSpec, hosts: list[str], early: Early, again: bool = False) -> RedisPlace:
    """The Redis of the run, ready for its ranks; `again`: the one before may be dead."""
    from hpcd4p.transport.redis_scripts import load_scripts

    run_id = secrets.token_hex(8)
    shared = spec.redis_url is not None
    if spec.redis_url is not None:
        from hpcd4p.launch.shared_redis import check_shared_redis

        endpoint = check_shared_redis(spec.redis_url, several_nodes=len(set(hosts)) > 1)
    else:
        server = early.redis_again(hosts) if again else early.redis_for(hosts)
        endpoint = server.endpoint
    shas = load_scripts(endpoint, run_id, spec.plan.streams, shared, spec.plan.size)
    return RedisPlace(endpoint, run_id, shas, shared)


def _on_redis(spec: RunSpec, redis: RedisPlace, codec: Codec, stack: ExitStack, nodes: Nodes) -> Broker:
    """The head's broker."""
    from hpcd4p.transport.redis_broker import RedisBroker

    tasks, size = high_marks(spec.plan, spec.settings)
    broker = RedisBroker(
        redis.endpoint,
        redis.run_id,
        0,
        redis.shas,
        spec.plan.streams,
        (tasks // 2, size // 2),
        spec.settings.max_attempts,
        redis.shared,
        spec.plan.size,
        nodes,
    )
    if not redis.shared:
        return broker
    from hpcd4p.transport.guard import GuardedBroker

    stack.callback(_erase, broker)
    return GuardedBroker(broker, codec, 0, broker.keys)
