"""The mesh on MPI keeps what every mesh keeps: one process for each rank."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from hpcd4p.launch.blocks_folder import blocks_folder
from hpcd4p.testing.conformance import EVERY_MESH, MESH_RANKS, every_mesh
from tests.mpi.ranks import of_meshes


@pytest.mark.mpi(min_size=MESH_RANKS)
@pytest.mark.parametrize("promise", EVERY_MESH, ids=lambda each: each.__name__)
def test_the_mesh(promise):
    promise(of_meshes())


@pytest.fixture
def folder():
    """In shared memory, for the ranks of the job."""
    from hpcd4p.transport import mpi

    with blocks_folder() if mpi.world_rank() == 0 else nullcontext() as made:
        yield mpi.share(None if made is None else made.encode()).decode()


@pytest.mark.mpi(min_size=MESH_RANKS)
@pytest.mark.parametrize("promise", EVERY_MESH, ids=lambda each: each.__name__)
def test_the_mesh_whose_ranks_lend_each_other_memory(promise, folder):
    promise(of_meshes(folder=folder))


@pytest.mark.mpi(min_size=MESH_RANKS)
def test_a_mesh_that_brings_a_message_twice_fails_in_every_process():
    def twice(mesh):
        poll = mesh.poll
        mesh.poll = lambda: poll() * 2
        return mesh

    with pytest.raises(AssertionError):
        every_mesh.a_message_arrives_once(of_meshes(twice))


@pytest.mark.mpi(min_size=2)
def test_all_ranks_are_on_the_mesh():
    from hpcd4p.transport import mpi
    from hpcd4p.transport.mpi_mesh import MpiMesh

    mesh = MpiMesh()
    assert (mesh.rank, mesh.size) == (mpi.world_rank(), mpi.world_size())
    assert not mesh.receiving


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize("size", [0, 100, 1 << 15, 1 << 20])
def test_what_rank_0_shares_every_rank_gets(size):
    from hpcd4p.transport import mpi

    data = bytes(range(256)) * (size // 256) + b"end"
    assert mpi.share(data if mpi.world_rank() == 0 else None) == data
