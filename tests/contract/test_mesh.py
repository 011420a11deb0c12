"""The mesh in memory keeps the contract; the one on MPI is held to it in ``tests/mpi``."""

from __future__ import annotations

from collections import deque

import pytest

from hpcd4p.transport.memory_mesh import MemoryMesh
from tests.contract.conversations import CONVERSATIONS


class InOneProcess:
    """Two ranks, both played here."""

    def __init__(self):
        boxes = [deque(), deque()]
        self.meshes = [MemoryMesh(rank, boxes) for rank in (0, 1)]
        self.heard = {0: [], 1: []}

    def act(self, rank):
        return self.meshes[rank]

    def settle(self, condition):
        for _ in range(10):
            if condition():
                return
        raise AssertionError("it never happens")

    def meet(self):
        pass


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c.__name__)
def test_in_memory(conversation):
    conversation(InOneProcess())


def test_what_the_sender_does_to_its_buffer_afterwards_is_not_seen():
    world = InOneProcess()
    buffer = bytearray(b"before")
    world.act(1).send(0, 1, [b"head", memoryview(buffer)])
    buffer[:] = b"after!"
    (arrival,) = world.act(0).poll()
    assert bytes(arrival.frames[1]) == b"before"
