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
    BrokerRefused,
    CheckpointError,
    ElementFailed,
    ForeignBytesError,
    HeadLost,
    Hpcd4pError,
    LauncherLost,
    MissingPackage,
    RankLost,
    UsageError,
)
from hpcd4p.launch.blocks import blocks_in
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute import left_behind
from hpcd4p.runtime.execute.at_work import blame
from hpcd4p.runtime.execute.forked import tell_of_exits
from hpcd4p.runtime.execute.garbage import hold
from hpcd4p.runtime.execute.setup import RedisPlace, Setup, elements_of
from hpcd4p.runtime.execute.signals import deafen, hear_alarms
from hpcd4p.runtime.rank.loop import RankLoop
from hpcd4p.transport.broker import Broker, Mesh
from hpcd4p.transport.lent_blocks import LentBlocks
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.reports import Failed, Reason, seal
from hpcd4p.workflow.sentinels import tuple_dumper

STATUS_FILE = "HPCD4P_STATUS_FILE"
"""Set by our own launcher, which takes the status from rank 0 and not from mpirun."""

HEAD_FIRST_S = 3.0
"""Time for the head to close its record when Redis is lost; if it were much longer, the ranks of a killed
head would linger."""

LAUNCHER_ENDS_S = 1.0
"""Launchers take 0.3 s to end their ranks."""

START_LOST_S = 8.0
"""Time for the head to say why Redis is gone before the run began; if it was killed, time for those that
watch the start (`launch.start_watch`, `launch.node_watch`)."""

HEAD_KILLED = (
    "rank 0 was killed in the middle of the run, and there is no record of it. Look for what stands above, "
    "and for memory: the kernel kills what takes too much"
)

LACK_S = 20.0
"""Time for rank 0 to load its workflow and to see that it has no MPI either."""


_log = logs.module_log(__name__)


def main(rank: int, begun: Callable[[], None] = lambda: None) -> int:
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
        _say(rank, str(error))
        return 2
    if mpi.world_size() == 1:
        begun()
        return 2  # started by the launcher of another MPI: rank 0 says so
    try:
        mpi.gather_hosts()
        setup = pickle.loads(mpi.share(None))
    except RankLost as error:  # rank 0 was killed before it could say anything
        _say(rank, str(error))
        os._exit(3)
    if not isinstance(setup, Setup):
        begun()
        return 0  # rank 0 has nothing to run, and has said why
    if lack is not None and setup.redis is not None:
        begun()
        _say(rank, str(lack))
        os._exit(2)
    return serve(setup, rank, begun)


def serve(setup: Setup, number: int, begun: Callable[[], None]) -> int:
    """Run rank `number` of the run that `setup` describes; for `begun` see `main`.

    However this rank fails, its process ends: the others would wait for a rank that is connected and idle.
    """
    try:
        return _serve(setup, number, begun)
    except BaseException as error:  # noqa: BLE001  # what is not foreseen below, or failed while it was told
        with suppress(BaseException):
            _say(number, f"failed in the engine: {type(error).__name__}: {error}")
        os._exit(3)


def _serve(setup: Setup, number: int, begun: Callable[[], None]) -> int:
    logs.begin(setup.log, f"rank {number}")
    codec = Codec(setup.secret, rank=number)
    blocks, lent = blocks_in(setup.blocks, number, setup.plan.size, setup.settings.shared_bytes)
    try:
        if setup.redis is None:
            broker, elements, mesh = _on_mpi(setup, lent)
        else:
            broker, elements, mesh = _on_redis(setup, setup.redis, number, codec, lent)
    except (BrokerLost, RankLost) as error:
        time.sleep(START_LOST_S)  # the head may be ending Redis and soon this rank: it says why
        _say(number, str(error))
        os._exit(3)
    begun()
    descriptors.reserve()
    tell_of_exits(number)
    rank: RankLoop | None = None
    try:
        if isinstance(elements, ElementFailed):
            raise elements
        codec.dumps = tuple_dumper(setup.by_value)
        rank = RankLoop(setup.plan, elements, setup.settings, broker, mesh, codec, Clock(), blocks)
        if rank.pool is not None:
            rank.pool.measure()
        rank.partitions.load.measured = True
        rank.suspects.prepare(setup)
        if setup.checkpoints is not None:
            _equip(rank, setup)
        if setup.plan.holds_state(number):
            _say_where_it_dies()

        def began() -> None:
            _log.info("began: %s, process %d on %s", rank.account.role, os.getpid(), os.uname().nodename)
            hold()

        rank.serve(began)
        _log.info("ends, as the head has told it")
    except BaseException as error:  # noqa: BLE001  # a bug, or a sys.exit: the head must get a report, or it would wait forever
        with descriptors.unreserved():
            _give_up(error, setup, number, broker, codec, rank)
    if rank.stopped is not None and rank.stopped.lost:
        # MPI_Finalize would wait for the rank that was lost
        os._exit(0)

    def end(left: list[str]) -> NoReturn:
        from hpcd4p.transport import mpi

        for text in left:
            _say(number, text)
        mpi.finalize()
        os._exit(0)

    left_behind.settle(end)
    return 0


def _equip(rank: RankLoop, setup: Setup) -> None:
    """Have the rank make its part of checkpoints, and go on from one."""
    from hpcd4p.launch.restoring import equip

    try:
        equip(rank, setup.checkpoints, setup.secret, setup.by_value)
    except CheckpointError as error:
        raise ElementFailed(str(error)) from error


def _give_up(
    error: BaseException, setup: Setup, number: int, broker: Broker, codec: Codec, rank: RankLoop | None
) -> NoReturn:
    """Report to the head why this rank cannot go on, if possible, and end."""
    failed = error if isinstance(error, ElementFailed) else None
    blamed = failed or blame(error, number)
    if blamed is not None:
        if rank is not None:
            _leave_words(rank)
        where = f" (rank {number}, host {os.uname().nodename})" if failed else ""
        broker.report(seal(codec, Failed(number, Reason.ELEMENT, f"{blamed}{where}")))
        os._exit(0)  # the run is over: no other rank will call MPI_Finalize
    if isinstance(error, ForeignBytesError):
        text = f"{error} (rank {number}, host {os.uname().nodename})"
        broker.report(seal(codec, Failed(number, Reason.FOREIGN, text)))
        os._exit(0)
    if isinstance(error, LauncherLost):
        os._exit(3)  # rank 0 sees it, too, and says so
    if isinstance(error, (BrokerRefused, RankLost)):
        # out of memory, for example: the head sees this rank as lost, and this is the reason
        _say(number, str(error).removeprefix(f"rank {number} "))
        os._exit(3)
    if isinstance(error, BrokerLost):
        _leave_lost_head(setup, number, error)
    import traceback

    text = f"rank {number} failed in the engine:\n{''.join(traceback.format_exception(error))}"
    broker.report(seal(codec, Failed(number, Reason.ENGINE, text)))
    os._exit(0)


def _leave_words(rank: RankLoop) -> None:
    """Send the head what elements have logged until now, if possible."""
    with suppress(Hpcd4pError, OSError):  # the element may have closed the connection
        rank.link.tell_last()


def _on_redis(
    setup: Setup, redis: RedisPlace, number: int, codec: Codec, lent: LentBlocks | None
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
    )
    if redis.shared:
        from hpcd4p.transport.guard import GuardedBroker

        broker = GuardedBroker(broker, codec, number, Keys(redis.run_id))
    elements = elements_of(setup)
    return (
        broker,
        elements,
        MpiMesh(lent=lent),
    )  # by the connection the head knows already that this rank is there


def _on_mpi(setup: Setup, lent: LentBlocks | None) -> tuple[Broker, Any, Mesh]:
    from hpcd4p.transport.mpi import processor
    from hpcd4p.transport.mpi_broker import RankMpiBroker
    from hpcd4p.transport.mpi_mesh import MpiMesh

    elements = elements_of(setup)
    mesh = MpiMesh(lent=lent)
    host, process = setup.head
    return RankMpiBroker(mesh, process if host == processor() else None), elements, mesh


def _say_where_it_dies() -> None:
    """Have Python print the line of a segfault; in the pool, dead letters have it."""
    import faulthandler

    with suppress(ValueError, OSError):  # no standard error
        faulthandler.enable(2, all_threads=False)


def _leave_lost_head(setup: Setup, number: int, error: BrokerLost) -> NoReturn:
    """End this rank: the head is gone, or has ended without waiting for it.

    If rank 0 was killed and no launcher of ours says so, one rank of its node does.
    """
    says = number == 1 and STATUS_FILE not in os.environ
    if isinstance(error, HeadLost):
        time.sleep(LAUNCHER_ENDS_S if says else 0)  # the launcher may be ending all, beginning with the head
    else:
        # if it lives it has a record to write, and without --enable-recovery mpirun ends it as soon as one
        # rank leaves with a status
        time.sleep(HEAD_FIRST_S)
    host, process = setup.head
    gone = host == os.uname().nodename and not os.path.exists(f"/proc/{process}")
    if says and gone:
        _say(number, HEAD_KILLED)
    os._exit(3)


def _say(rank: int, text: str) -> None:
    # not to sys.stderr, which user code may have closed
    with suppress(OSError):
        os.write(2, f"hpcd4p: rank {rank}: {text}\n".encode(errors="replace"))
