"""The mesh on MPI keeps the contract of the one in memory: the same conversations, each rank its own part."""

from __future__ import annotations

import time

import pytest

from tests.contract.conversations import CONVERSATIONS

DEADLINE_S = 20.0


class OnMpi:
    """Ranks 0 and 1 play; the others only come to the meetings."""

    def __init__(self, mesh):
        self.mesh = mesh
        self.heard = {0: [], 1: []}

    def act(self, rank):
        return self.mesh if self.mesh.rank == rank else None

    def settle(self, condition):
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, "it never happens"

    def meet(self):
        from mpi4py import MPI

        request = MPI.COMM_WORLD.Ibarrier()
        self.settle(request.Test)


@pytest.fixture(scope="module")
def mesh():
    from hpcd4p.transport.mpi_mesh import MpiMesh

    return MpiMesh()


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c.__name__)
def test_on_mpi(mesh, conversation):
    mesh._gone.clear()
    world = OnMpi(mesh)
    conversation(world)
    world.meet()  # before the next conversation begins


@pytest.mark.mpi(min_size=2)
def test_all_ranks_are_on_the_mesh(mesh):
    from hpcd4p.transport import mpi

    assert (mesh.rank, mesh.size) == (mpi.world_rank(), mpi.world_size())
    assert not mesh.receiving


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize("size", [0, 100, 1 << 15, 1 << 20])
def test_what_rank_0_shares_every_rank_gets(mesh, size):
    from hpcd4p.transport import mpi

    data = bytes(range(256)) * (size // 256) + b"end"
    assert mpi.share(data if mesh.rank == 0 else None) == data
