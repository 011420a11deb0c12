"""One contract, several meshes: in memory, and in the simulated cluster; ``tests/mpi`` tries that on MPI."""

from __future__ import annotations

import pytest

from hpcd4p.testing.conformance import EVERY_MESH
from tests.contract.worlds import late_meshes, meshes_in_memory

SEEDS = range(20)
"""Of messages that are late."""

names = pytest.mark.parametrize("promise", EVERY_MESH, ids=lambda each: each.__name__)


@names
def test_the_mesh_in_memory(promise):
    promise(meshes_in_memory())


@names
def test_the_mesh_of_the_simulated_cluster(promise):
    for seed in SEEDS:
        promise(late_meshes(seed))


def test_in_memory_a_buffer_is_copied_when_it_is_sent():
    world = meshes_in_memory()
    buffer = bytearray(b"before")
    world[1].send(0, 1, [b"head", memoryview(buffer)])
    buffer[:] = b"after!"
    (arrival,) = world[0].poll()
    assert bytes(arrival.frames[1]) == b"before"
