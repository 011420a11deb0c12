"""A run on all MPI ranks, as rank 0 opens and closes it.

1. gather the hosts; 2. prepare Redis, which `early.Early` has started or a user has named; 3. send every rank
its `Setup` (by MPI, for it holds the secret); 4. lead the run; 5. close, whatever happened.
"""

from __future__ import annotations

import os
import pickle
import secrets
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from hpcd4p import logs
from hpcd4p.control.marks import high_marks
from hpcd4p.errors import BrokerLost, RunStopped, WorkflowError
from hpcd4p.launch.blocks import blocks_in
from hpcd4p.launch.blocks_folder import blocks_folder
from hpcd4p.launch.crew import Crew, Departure
from hpcd4p.plan.model import Mapping
from hpcd4p.record.sink import OutputSink
from hpcd4p.record.summary import Summary
from hpcd4p.runtime.execute.setup import RedisPlace, Setup
from hpcd4p.runtime.head.lead import lead
from hpcd4p.runtime.head.progress import Progress
from hpcd4p.runtime.run_spec import RunSpec
from hpcd4p.transport.broker import Broker
from hpcd4p.wire.codec import Codec
from hpcd4p.workflow.identity import Packed, dumper, pack
from hpcd4p.workflow.kept import keep
from hpcd4p.workflow.sentinels import tuple_dumper

if TYPE_CHECKING:
    from hpcd4p.launch.early import Early
    from hpcd4p.transport.redis_broker import RedisBroker


_log = logs.module_log(__name__)


def run(
    spec: RunSpec,
    sink: OutputSink,
    early: Early,
    crew: Crew,
    on_progress: Callable[[Progress], None] | None = None,
) -> Summary:
    """Run `spec` here and on the ranks of `crew`; its outputs go to `sink`. The caller ends `early`.

    Raises
    ------
    UsageError
        Nothing has been run; the other ranks have been sent home.
    RunStopped
        With the summary so far in its attribute `summary`, if the run had begun.
    """
    secret = early.secret
    keep(spec.elements, spec.by_value)
    packed = _packed(spec)
    codec = Codec(secret)
    codec.dumps = tuple_dumper(spec.by_value)
    with ExitStack() as stack:
        stack.callback(early.stop)  # the ranks do not need it any more, even if the record is still written
        redis: RedisPlace | None = None
        try:
            hosts, muster = crew.meet()
            if spec.plan.mapping is not Mapping.STATIC:
                redis = _redis(spec, hosts, early)
        except BaseException:
            crew.dismiss()
            raise
        if len(set(hosts)) > 1:
            logs.name_host()
        # ranks of several nodes have no memory in common
        shared = spec.settings.shared_bytes and len(set(hosts)) == 1
        folder = stack.enter_context(blocks_folder()) if shared else ""
        setup = Setup(
            spec.plan,
            packed,
            spec.settings,
            spec.module,
            secret,
            spec.by_value,
            redis,
            (hosts[0], os.getpid()),
            spec.dispel4py,
            logs.setup,
            None if spec.checkpoints is None else spec.checkpoints.place(),
            folder,
        )
        crew.brief(pickle.dumps(setup, protocol=5))
        sink.warm()  # while the other ranks connect
        broker: Broker
        from hpcd4p.transport import mpi
        from hpcd4p.transport.mpi_mesh import MpiMesh

        blocks, lent = blocks_in(folder, 0, spec.plan.size, spec.settings.shared_bytes)
        story = [("start", f"{spec.plan.size} ranks on {len(set(hosts))} host(s), {mpi.library()}")]
        if redis is None:
            from hpcd4p.transport.mpi_head_broker import HeadMpiBroker

            mesh = MpiMesh(muster.look, lent)
            broker = HeadMpiBroker(mesh, muster.alive, muster.look)
        else:
            broker = _on_redis(spec, redis, codec, stack)
            # the others connect before they come to the mesh, so that missing ones are known
            muster.connect(broker)
            mesh = MpiMesh(muster.look, lent)
            place = redis.endpoint.unix_path or redis.endpoint.host
            story.append(("redis", f"{'shared' if redis.shared else 'own'}, {place}"))
        _log.info("%d ranks met; the run begins", spec.plan.size)
        crew.begun()
        summary: Summary | None = None
        lost = False
        try:
            summary = lead(spec, broker, mesh, codec, sink, story, setup, on_progress, blocks)
        except RunStopped as stop:
            summary = stop.summary if isinstance(stop.summary, Summary) else None
            lost = isinstance(stop, BrokerLost)
            raise
        finally:
            if summary is not None:
                summary.provenance["mpi"] = mpi.library()
            _name_hosts(summary, hosts)
            crew.depart(_departure(summary, hosts, lost))
        return summary


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


def _redis(spec: RunSpec, hosts: list[str], early: Early) -> RedisPlace:
    """The Redis of the run, ready for its ranks."""
    from hpcd4p.transport.redis_scripts import load_scripts

    run_id = secrets.token_hex(8)
    shared = spec.redis_url is not None
    if spec.redis_url is not None:
        from hpcd4p.launch.shared_redis import check_shared_redis

        endpoint = check_shared_redis(spec.redis_url, several_nodes=len(set(hosts)) > 1)
    else:
        endpoint = early.redis_for(hosts).endpoint
    shas = load_scripts(endpoint, run_id, spec.plan.streams, shared, spec.plan.size)
    return RedisPlace(endpoint, run_id, shas, shared)


def _on_redis(spec: RunSpec, redis: RedisPlace, codec: Codec, stack: ExitStack) -> Broker:
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
    )
    if not redis.shared:
        return broker
    from hpcd4p.transport.guard import GuardedBroker

    stack.callback(_erase, broker)
    return GuardedBroker(broker, codec, 0, broker.keys)


def _packed(spec: RunSpec) -> Packed:
    dumps = dumper(spec.by_value)
    blobs, problems = [], []
    for element, pe in zip(spec.plan.elements, spec.elements, strict=False):
        try:
            blobs.append(dumps(pe))
        except Exception as error:  # noqa: BLE001  # user classes: pickling them may raise anything
            problems.append(
                f"element {element.name} cannot be pickled, so it cannot be sent to another rank: "
                f"{type(error).__name__}: {error}"
            )
    if problems:
        raise WorkflowError(problems)
    return pack(blobs)
