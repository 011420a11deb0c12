"""Every rank but 0: wait for the setup, work until told to stop, report, leave.

Imports as little as possible: 10,000 of these start at once. MPI comes last: importing it calls MPI_Init,
where all ranks meet, so that after it no rank has anything left to read from a slow file system.
"""

from __future__ import annotations

import os
import pickle
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from hpcd4p import descriptors, logs
from hpcd4p.control.marks import high_marks
from hpcd4p.errors import (
    BrokerLost,
    ElementFailed,
    MissingPackage,
    RankLost,
    UsageError,
)
from hpcd4p.launch import between
from hpcd4p.launch.blocks import NodeBlocks, blocks_in
from hpcd4p.launch.leaving import give_up, leave_lost_head, say
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute import left_behind
from hpcd4p.runtime.execute.forked import tell_of_exits
from hpcd4p.runtime.execute.garbage import hold
from hpcd4p.runtime.execute.setup import RedisPlace, Setup, elements_of
from hpcd4p.runtime.execute.signals import deafen, hear_alarms
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.transport.broker import Broker, Mesh
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.keys import Keys
from hpcd4p.workflow.sentinels import tuple_dumper

START_LOST_S = 8.0
"""Time for the head to say why Redis is gone before the run began; if it was killed, time for those that
watch the start (`launch.start_watch`, `launch.node_watch`)."""

LACK_S = 20.0
"""Time for rank 0 to load its workflow and to see that it has no MPI either."""


_log = logs.module_log(__name__)


def main(rank: int, begun: Callable[[], object] = bool) -> int:
    """Run the rank of that number, which the launcher has given; returns the exit status.

    `begun` is called when the start need not be watched any more: see `launch.node_watch`.
    """
    # the head handles signals for all ranks; if another rank ended, mpirun would kill the head
    deafen((signal.SIGINT, signal.SIGUSR1, signal.SIGTERM))
    hear_alarms()
    lack: MissingPackage | None = None
    try:
        import hpcd4p.transport.redis_broker  # noqa: F401
    except MissingPackage as error:
        lack = error  # reported only if rank 0 has something to run: if it lacks the same, it reports for all
    try:
        from hpcd4p.transport import mpi
    except UsageError as error:
        begun()
        time.sleep(LACK_S)  # as above: rank 0 reports it, and has the launcher end this rank
        say(rank, str(error))
        return 2
    if mpi.world_size() == 1:
        begun()
        return 2  # started by the launcher of another MPI: rank 0 says so
    try:
        mpi.gather_hosts()
        setup = pickle.loads(mpi.share(None))
    except RankLost as error:  # rank 0 was killed before it could say anything
        say(rank, str(error))
        os._exit(3)
    if not isinstance(setup, Setup):
        begun()
        return 0  # rank 0 has nothing to run, and has said why
    if lack is not None and setup.redis is not None:
        begun()
        say(rank, str(lack))
        os._exit(2)
    return serve(setup, rank, begun)


def serve(setup: Setup, number: int, begun: Callable[[], object]) -> int:
    """Run rank `number` of the run that `setup` describes; for `begun` see `main`.

    However this rank fails, its process ends: the others would wait for a rank that is connected and idle.
    """
    before: between.Transports | None = None
    try:
        while True:
            before = _serve(setup, number, begun, before)
            if before is None:
                return 0
            between.release()
            following = between.next_setup(setup)
            if following is None:
                leave_lost_head(setup, number, None)
            setup = following
    except BaseException as error:  # noqa: BLE001  # what is not foreseen below, or failed while it was told
        with suppress(BaseException):
            say(number, f"failed in the engine: {type(error).__name__}: {error}")
        os._exit(3)


def _serve(
    setup: Setup, number: int, begun: Callable[[], object], before: between.Transports | None
) -> between.Transports | None:
    """Run it in one incarnation of the run; what the next one uses, None if the run is over."""
    logs.begin(setup.log, f"rank {number}")
    codec = Codec(setup.secret, rank=number)
    blocks = blocks_in(setup, number)
    try:
        if setup.redis is None:
            broker, elements, mesh = _on_mpi(setup, blocks, before)
        else:
            broker, elements, mesh = _on_redis(setup, setup.redis, number, codec, blocks, before)
    except (BrokerLost, RankLost) as error:
        if before is not None and between.goes_on(error, setup):
            return before
        time.sleep(START_LOST_S)  # the head may be ending Redis and soon this rank: it says why
        say(number, str(error))
        os._exit(3)
    if before is None:
        begun()
        descriptors.reserve()
        tell_of_exits(number)
    rank, again = _work(setup, number, broker, elements, mesh, codec, blocks)
    if not again:
        _go_home(rank, number)
        return None
    if not between.abandon(rank):
        os._exit(0)
    broker.close()
    return between.Transports(broker, mesh)


def _work(
    setup: Setup, number: int, broker: Broker, elements: Any, mesh: Mesh, codec: Codec, blocks: Any
) -> tuple[RankLoop, bool]:
    """Be the rank, to its last word; and whether the run goes on without what it has done."""
    rank: RankLoop | None = None
    try:
        if isinstance(elements, ElementFailed):
            raise elements
        codec.dumps = tuple_dumper(setup.by_value)
        rank = RankLoop(setup.plan, elements, setup.settings, broker, mesh, codec, Clock(), blocks, True)
        _prepare(rank, setup)
        role = rank.account.role

        def began() -> None:
            _log.info("began: %s, process %d on %s", role, os.getpid(), os.uname().nodename)
            hold()

        rank.serve(began)
        _log.info("ends, as the head has told it")
        return rank, rank.stopped is not None and rank.stopped.again
    except BaseException as error:  # noqa: BLE001  # a bug, or a sys.exit: the head must get a report, or it would wait forever
        if rank is None or not between.goes_on(error, setup):
            with descriptors.unreserved():
                give_up(error, setup, number, broker, codec, rank)
        _log.info("the run goes on without what was done since its last checkpoint: %s", error)
        return rank, True


def _prepare(rank: RankLoop, setup: Setup) -> None:
    """What it has in a process of its own, and only there."""
    rank.suspects.prepare(setup)
    if setup.checkpoints is not None:
        _equip(rank, setup)
    if setup.plan.holds_state(rank.rank):
        _say_where_it_dies()


def _go_home(rank: RankLoop, number: int) -> None:
    if rank.stopped is not None and rank.stopped.lost:
        # MPI_Finalize would wait for the rank that was lost
        os._exit(0)

    def end(left: list[str]) -> NoReturn:
        from hpcd4p.transport import mpi

        for text in left:
            say(number, text)
        mpi.finalize()
        os._exit(0)

    left_behind.settle(end)


def _equip(rank: RankLoop, setup: Setup) -> None:
    """Have the rank make its part of checkpoints, and go on from one."""
    from hpcd4p.launch.restoring import equip

    equip(rank, setup.checkpoints, setup.secret, setup.by_value)


def _on_redis(
    setup: Setup,
    redis: RedisPlace,
    number: int,
    codec: Codec,
    blocks: NodeBlocks | None,
    before: between.Transports | None,
) -> tuple[Broker, Any, Mesh]:
    from hpcd4p.transport.mpi_mesh import MpiMesh
    from hpcd4p.transport.redis_broker import RedisBroker

    tasks, size = high_marks(setup.plan, setup.settings)
    broker: Broker = RedisBroker(
        redis.endpoint,
        redis.run_id,
        number,
        redis.shas,
        setup.plan.streams,
        (tasks // 2, size // 2),
        setup.settings.max_attempts,
        redis.shared,
        setup.plan.size,
        setup.nodes,
    )
    if redis.shared:
        from hpcd4p.transport.guard import GuardedBroker

        broker = GuardedBroker(broker, codec, number, Keys(redis.run_id))
    elements = elements_of(setup)
    # by the connection the head knows already that this rank is there
    mesh = MpiMesh(loans=blocks, before=before and before.mesh, incarnation=setup.incarnation)
    return broker, elements, mesh


def _on_mpi(
    setup: Setup, blocks: NodeBlocks | None, before: between.Transports | None
) -> tuple[Broker, Any, Mesh]:
    from hpcd4p.transport.mpi import processor
    from hpcd4p.transport.mpi_broker import RankMpiBroker
    from hpcd4p.transport.mpi_mesh import MpiMesh

    elements = elements_of(setup)
    mesh = MpiMesh(loans=blocks, before=before and before.mesh, incarnation=setup.incarnation)
    host, process = setup.head
    near = process if host == processor() else None
    return RankMpiBroker(mesh, near, before and before.broker, setup.incarnation), elements, mesh


def _say_where_it_dies() -> None:
    """Have Python print the line of a segfault; in the pool, dead letters have it."""
    import faulthandler

    with suppress(ValueError, OSError):  # no standard error
        faulthandler.enable(2, all_threads=False)
