"""The suite with one process for each rank, of which each is a thread here: it gives the same as in one."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from hpcd4p.testing.conformance import (
    EVERY_BROKER,
    EVERY_MESH,
    LOW,
    MAX_ATTEMPTS,
    MESH_RANKS,
    POOL,
    POOL_RANKS,
    BrokerWorld,
    MeshWorld,
    Relay,
)
from hpcd4p.testing.conformance.every_mesh import a_message_arrives_once
from hpcd4p.testing.conformance.tasks import a_task_is_leased_to_one_rank_only
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_mesh import MemoryMesh
from hpcd4p.transport.memory_store import MemoryStore
from tests.contract.worlds import Time
from tests.contract.wrong import meshes, tasks

DEADLINE_S = 60.0


class Board:
    """What threads share: each of them comes to each call."""

    def __init__(self, size: int) -> None:
        self._barrier = threading.Barrier(size, timeout=DEADLINE_S)
        self._data: bytes | None = None

    def __call__(self, rank: int, mine: bytes | None) -> bytes:
        if mine is not None:
            self._data = mine
        self._barrier.wait()
        data = self._data
        self._barrier.wait()
        assert data is not None
        return data


def together(size, play):
    """How `play` of each rank ends, in threads: None, or what it raises."""

    def end(rank: int):
        try:
            play(rank)
        except AssertionError as error:
            return error

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(end, range(size)))


def play_brokers(promise, kind=MemoryBroker):
    now = Time()
    store = MemoryStore(low=LOW, max_attempts=MAX_ATTEMPTS, clock=now)
    board = Board(POOL_RANKS)

    def play(rank):
        relay = Relay(rank, board)

        def make(other):
            return relay.broker(other, kind(store, rank) if other == rank else None)

        promise(BrokerWorld(make, now.pass_by if rank == 0 else lambda seconds: None))

    return together(POOL_RANKS, play)


def play_meshes(promise, kind=MemoryMesh):
    boxes: list[deque] = [deque() for _ in range(MESH_RANKS)]
    board = Board(MESH_RANKS)
    own = [kind(rank, boxes) for rank in range(MESH_RANKS)]

    def play(rank):
        relay = Relay(rank, board)
        promise(MeshWorld(lambda other: relay.mesh(other, own[other]), lambda seconds: None))

    return together(MESH_RANKS, play)


@pytest.mark.parametrize("promise", EVERY_BROKER + POOL, ids=lambda each: each.__name__)
def test_a_broker_for_each_process(promise):
    assert play_brokers(promise) == [None] * POOL_RANKS


@pytest.mark.parametrize("promise", EVERY_MESH, ids=lambda each: each.__name__)
def test_a_mesh_for_each_process(promise):
    assert play_meshes(promise) == [None] * MESH_RANKS


def test_all_fail_together_where_one_does():
    for ends in (
        play_brokers(a_task_is_leased_to_one_rank_only, tasks.HandsATaskOutTwice),
        play_meshes(a_message_arrives_once, meshes.BringsAMessageTwice),
    ):
        assert [type(end) for end in ends] == [AssertionError] * len(ends)


def test_what_a_transport_raises_is_told_to_all():
    class Breaks(MemoryBroker):
        def step(self, *args):
            raise ConnectionError("cut off")

    for end in play_brokers(a_task_is_leased_to_one_rank_only, Breaks):
        assert "rank 0: ConnectionError: cut off" in str(end)
