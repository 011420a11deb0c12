"""The process of a porter (`runtime.rank.porter`). It ends with the run, whatever becomes of its node.

It has the folder of its node, and a shell that removes that if this process is killed.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from hpcd4p import logs
from hpcd4p.control.marks import high_marks
from hpcd4p.control.placing import Placing
from hpcd4p.errors import RunStopped
from hpcd4p.launch.blocks_folder import blocks_folder
from hpcd4p.runtime.execute.setup import Setup
from hpcd4p.runtime.rank.porter import Porter
from hpcd4p.transport.broker import Broker
from hpcd4p.transport.guard import GuardedBroker
from hpcd4p.transport.own_blocks import OwnBlocks
from hpcd4p.transport.redis_broker import RedisBroker
from hpcd4p.transport.shared_blocks import SharedBlocks
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.nodes import porter_of

_log = logs.module_log(__name__)

_OPEN = 1 << 16
"""Descriptors of the rank that has started this process: while they are open here, nobody sees its end."""


def main(setup: Setup, node: int, folder: str, claim: str) -> None:
    """Be the porter of `node`, to the end of the run."""
    os.closerange(3, _OPEN)
    logs.begin(setup.log, f"porter {node}")
    try:
        broker = _broker(setup, node)
    except RunStopped:  # it is over already
        with suppress(OSError):
            os.rmdir(claim)
        sys.exit(0)
    # from here on the head knows of it, and then ranks see the folder
    with blocks_folder(folder, also=[claim]) as made:
        if made:
            _log.info("process %d looks after %s", os.getpid(), folder)
            here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)  # so that it counts as being in use
            blocks = SharedBlocks(OwnBlocks(folder, porter_of(node), Placing(1, setup.settings.shared_bytes)))
            with suppress(RunStopped):
                Porter(broker, Codec(setup.secret, rank=porter_of(node)), blocks).serve()
            os.close(here)
    broker.close()


def _broker(setup: Setup, node: int) -> Broker:
    redis, number = setup.redis, porter_of(node)
    assert redis is not None  # else there are no tasks
    tasks, size = high_marks(setup.plan, setup.settings)
    broker = RedisBroker(
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
    if not redis.shared:
        return broker
    return GuardedBroker(broker, Codec(setup.secret, rank=number), number, Keys(redis.run_id))
