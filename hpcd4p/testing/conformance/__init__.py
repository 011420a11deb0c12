"""What every broker, every mesh and all blocks of memory keep, as a suite: for ours, and for yours.

A *promise* is a function that takes a world, plays the ranks of a run in it, and fails with an
``AssertionError`` where the transport does not keep it; its name says what it is. There are five lists:
`EVERY_BROKER`, `POOL` (of a broker that hands out tasks, besides), `NODES` (of one whose ranks live on
several nodes, besides), `EVERY_MESH`, `EVERY_BLOCKS`.

To try a transport of your own, say how it is made for a rank, and how time passes. The pool's promises are
written for a broker that rings the head at `LOW`, and gives a task up after `MAX_ATTEMPTS`:

>>> from hpcd4p.testing.conformance import EVERY_BROKER, LOW, MAX_ATTEMPTS, POOL, BrokerWorld, broken
>>> from hpcd4p.transport.memory_broker import MemoryBroker
>>> from hpcd4p.transport.memory_store import MemoryStore
>>> def world(Broker):
...     store, now = MemoryStore(low=LOW, max_attempts=MAX_ATTEMPTS), [0.0]
...     store.clock = lambda: now[0]
...     return BrokerWorld(lambda rank: Broker(store, rank), lambda s: now.append(now.pop() + s))
>>> broken(EVERY_BROKER + POOL, lambda: world(MemoryBroker))
{}

One that loses all bells breaks some of them:

>>> class Deaf(MemoryBroker):
...     def wait(self, seconds):
...         return super().wait(seconds) * 0
>>> "a_rank_rings_whom_it_will" in broken(POOL, lambda: world(Deaf))
True

Where each rank has a process, all of them go through the suite together, with what `Relay` makes of the
broker or mesh of their own rank; ``tests/mpi`` has it so::

    relay = Relay(rank, MpiShare(serve))
    world = BrokerWorld(lambda other: relay.broker(other, own), late_s=0.03)

With pytest, parametrise a test by a list. Not with ``python -O``, which leaves out what the promises assert.
"""

from __future__ import annotations

from hpcd4p.testing.conformance import (
    bells,
    claims,
    every_blocks,
    every_broker,
    every_mesh,
    leases,
    nodes,
    places,
    snapshots,
    tasks,
    waits,
)
from hpcd4p.testing.conformance.relay import MpiShare as MpiShare
from hpcd4p.testing.conformance.relay import Relay as Relay
from hpcd4p.testing.conformance.trial import broken as broken
from hpcd4p.testing.conformance.trial import promises_of
from hpcd4p.testing.conformance.worlds import BLOCKS_RANKS as BLOCKS_RANKS
from hpcd4p.testing.conformance.worlds import BROKER_RANKS as BROKER_RANKS
from hpcd4p.testing.conformance.worlds import LOW as LOW
from hpcd4p.testing.conformance.worlds import MANY as MANY
from hpcd4p.testing.conformance.worlds import MAX_ATTEMPTS as MAX_ATTEMPTS
from hpcd4p.testing.conformance.worlds import MESH_RANKS as MESH_RANKS
from hpcd4p.testing.conformance.worlds import POOL_RANKS as POOL_RANKS
from hpcd4p.testing.conformance.worlds import SECRET as SECRET
from hpcd4p.testing.conformance.worlds import WHERE as WHERE
from hpcd4p.testing.conformance.worlds import BlocksWorld as BlocksWorld
from hpcd4p.testing.conformance.worlds import BrokerWorld as BrokerWorld
from hpcd4p.testing.conformance.worlds import MeshWorld as MeshWorld

EVERY_BROKER = promises_of(every_broker)
"""Ranks 0 to `BROKER_RANKS` - 1 play."""

POOL = [
    *promises_of(tasks),
    *promises_of(leases),
    *promises_of(bells),
    *promises_of(claims),
    *promises_of(snapshots),
    *promises_of(places),
    *promises_of(waits),
]
"""Ranks 0 to `POOL_RANKS` - 1 play; there are tasks of the elements `MANY`."""

NODES = promises_of(nodes)
"""The same ranks and elements; `WHERE` says on which nodes the ranks live."""

EVERY_MESH = promises_of(every_mesh)
"""Ranks 0 to `MESH_RANKS` - 1 play."""

EVERY_BLOCKS = promises_of(every_blocks)
"""Ranks 0 to `BLOCKS_RANKS` - 1 play."""
