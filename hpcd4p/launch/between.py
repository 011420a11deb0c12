"""A rank between two incarnations of a run: what it needed has died, and rank 0 may go on without that.

Every rank imports this.
"""

from __future__ import annotations

import gc
import os
import pickle
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcd4p.errors import BrokerLost, BrokerRefused, RankLost
from hpcd4p.runtime.execute.at_work import blame
from hpcd4p.runtime.execute.garbage import let_go

if TYPE_CHECKING:
    from hpcd4p.runtime.execute.setup import Setup
    from hpcd4p.runtime.rank.loop import RankLoop

LIMIT_S = 60.0
"""A rank of another node than rank 0's waits this long to be told what comes next: it cannot see whether rank
0 lives, and the launcher ends it when that has died."""

LONG_S = 365 * 86400.0


class Transports(NamedTuple):
    """Of an incarnation; the next one uses their communicators again."""

    broker: Any
    mesh: Any


def goes_on(error: BaseException, setup: Setup) -> bool:
    """Whether a rank that failed so may be wanted again: not if an element has cut it off from the others."""
    lost = isinstance(error, BrokerLost | RankLost) and not isinstance(error, BrokerRefused)
    return lost and setup.checkpoints is not None and blame(error, 0) is None


def abandon(rank: RankLoop) -> bool:
    """End what `rank` has started beside itself; whether its process can be a rank of the next incarnation.

    It cannot if elements have changed what is not their own: that would not be as it was.
    """
    rank.suspects.close()
    if rank.lending is not None:
        rank.lending.beside.close()
    return rank.cutting is None or not rank.cutting.has_changed()


def release() -> None:
    """Give back the memory of what is gone."""
    let_go()
    gc.collect()


def next_setup(setup: Setup) -> Setup | None:
    """Wait for what comes next; None: nobody tells it any more. Does not return if the run is over."""
    from hpcd4p.transport.mpi_between import wait_for_next

    host, head = setup.head
    launcher = os.getppid()
    near = host == os.uname().nodename

    def lives() -> bool:
        return os.getppid() == launcher and (not near or os.path.exists(f"/proc/{head}"))

    data = wait_for_next(lives, LONG_S if near else LIMIT_S)
    if data == b"":
        os._exit(0)
    if data is None:
        return None
    following: Setup = pickle.loads(data)
    return following
