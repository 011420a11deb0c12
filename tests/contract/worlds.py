"""The worlds in which the brokers and meshes of one process are tried."""

from __future__ import annotations

import itertools
import random
from collections import deque
from typing import Any

from hpcd4p.control.placing import Placing
from hpcd4p.testing.conformance import (
    BLOCKS_RANKS,
    LOW,
    MANY,
    MAX_ATTEMPTS,
    MESH_RANKS,
    POOL_RANKS,
    SECRET,
    BlocksWorld,
    BrokerWorld,
    MeshWorld,
)
from hpcd4p.testing.faults import Fates, FaultyMesh
from hpcd4p.testing.net import Net
from hpcd4p.transport.guard import GuardedBroker
from hpcd4p.transport.memory_blocks import MemoryBlocks
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.transport.own_blocks import OwnBlocks
from hpcd4p.transport.redis_broker import RedisBroker
from hpcd4p.transport.redis_scripts import load_scripts
from hpcd4p.transport.shared_blocks import SharedBlocks
from hpcd4p.wire.block import Block
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.endpoint import Endpoint
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.nodes import Nodes

BELL_S = 0.1
"""A bell of Redis comes over a connection of its own: what has not come by then never will."""

RUNS = itertools.count()


class Time:
    """Passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def in_memory(
    kind: type[MemoryBroker] = MemoryBroker, guarded: bool = False, nodes: Nodes = ()
) -> BrokerWorld:
    now = Time()
    store = MemoryStore(low=LOW, max_attempts=MAX_ATTEMPTS, clock=now, nodes=nodes)

    def make(rank: int):
        broker = kind(store, rank)
        return GuardedBroker(broker, Codec(SECRET, rank=rank), rank, now=now) if guarded else broker

    return BrokerWorld(make, now.pass_by)


def on_redis(endpoint: Endpoint, guarded: bool = False, nodes: Nodes = ()) -> BrokerWorld:
    """`guarded`: as on a Redis that others share."""
    run_id = f"run{next(RUNS)}"
    shas = load_scripts(endpoint, run_id, MANY, guarded, POOL_RANKS)

    def make(rank: int):
        broker = RedisBroker(
            endpoint, run_id, rank, shas, MANY, LOW, MAX_ATTEMPTS, guarded, POOL_RANKS, nodes
        )
        if not guarded:
            return broker
        return GuardedBroker(broker, Codec(SECRET, rank=rank), rank, Keys(run_id))

    world = BrokerWorld(make, late_s=BELL_S)
    world[0]  # the head is there before all others
    return world


def blocks_in_memory(kind: type[MemoryBlocks] = MemoryBlocks) -> BlocksWorld:
    held: dict[Block, list[bytes]] = {}
    return BlocksWorld(lambda rank: kind(rank, held))


def blocks_in(folder: str) -> BlocksWorld:
    return BlocksWorld(lambda rank: SharedBlocks(OwnBlocks(folder, rank, Placing(BLOCKS_RANKS, 1))))


def meshes_in_memory(kind: type[MemoryMesh] = MemoryMesh) -> MeshWorld:
    boxes: list[deque[Any]] = [deque() for _ in range(MESH_RANKS)]
    return MeshWorld(lambda rank: kind(rank, boxes), lambda seconds: None)


def late_meshes(seed: int) -> MeshWorld:
    """Those of the simulated cluster, where messages are late."""
    now = Time()
    net = Net(MESH_RANKS, random.Random(seed), now)
    fates = Fates(random.Random(seed), MemoryStore(), [], 0, 0, ())
    return MeshWorld(lambda rank: FaultyMesh(rank, net, fates), now.pass_by)
