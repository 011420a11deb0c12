"""How a rank leaves when it cannot go on: what it tells the head, or says itself, and when."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from hpcd4p.errors import (
    BrokerLost,
    BrokerRefused,
    CheckpointError,
    ElementFailed,
    ForeignBytesError,
    HeadLost,
    Hpcd4pError,
    LauncherLost,
    RankLost,
)
from hpcd4p.runtime.execute.at_work import blame
from hpcd4p.wire.reports import Failed, Reason, seal

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.runtime.rank.loop import RankLoop
    from hpcd4p.transport.broker import Broker
    from hpcd4p.wire.codec import Codec

STATUS_FILE = "HPCD4P_STATUS_FILE"
"""Set by our own launcher, which takes the status from rank 0 and not from mpirun."""

HEAD_FIRST_S = 3.0
"""Time for the head to close its record when Redis is lost; if it were much longer, the ranks of a killed
head would linger."""

LAUNCHER_ENDS_S = 1.0
"""Launchers take 0.3 s to end their ranks."""

HEAD_KILLED = (
    "rank 0 was killed in the middle of the run, and there is no record of it. Look for what stands above, "
    "and for memory: the kernel kills what takes too much"
)


def give_up(
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
    if isinstance(error, ForeignBytesError | CheckpointError):
        reason = Reason.FOREIGN if isinstance(error, ForeignBytesError) else Reason.CHECKPOINT
        text = f"{error} (rank {number}, host {os.uname().nodename})"
        broker.report(seal(codec, Failed(number, reason, text)))
        os._exit(0)
    if isinstance(error, LauncherLost):
        os._exit(3)  # rank 0 sees it, too, and says so
    if isinstance(error, (BrokerRefused, RankLost)):
        # out of memory, for example: the head sees this rank as lost, and this is the reason
        say(number, str(error).removeprefix(f"rank {number} "))
        os._exit(3)
    if isinstance(error, BrokerLost):
        leave_lost_head(setup, number, error)
    import traceback

    text = f"rank {number} failed in the engine:\n{''.join(traceback.format_exception(error))}"
    broker.report(seal(codec, Failed(number, Reason.ENGINE, text)))
    os._exit(0)


def _leave_words(rank: RankLoop) -> None:
    """Send the head what elements have logged until now, if possible."""
    with suppress(Hpcd4pError, OSError):  # the element may have closed the connection
        rank.link.tell_last()


def leave_lost_head(setup: Setup, number: int, error: BrokerLost | None) -> NoReturn:
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
        say(number, HEAD_KILLED)
    os._exit(3)


def say(rank: int, text: str) -> None:
    """Say something in the name of a rank."""
    # not to sys.stderr, which user code may have closed
    with suppress(OSError):
        os.write(2, f"hpcd4p: rank {rank}: {text}\n".encode(errors="replace"))
