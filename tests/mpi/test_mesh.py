"""The mesh on MPI keeps what every mesh keeps: one process for each rank."""

from __future__ import annotations

import time
from contextlib import nullcontext

import pytest

from hpcd4p.launch.blocks_folder import blocks_folder, folder_name
from hpcd4p.testing.conformance import EVERY_MESH, MESH_RANKS, every_mesh
from tests.mpi.ranks import KEPT, of_meshes


@pytest.mark.mpi(min_size=MESH_RANKS)
@pytest.mark.parametrize("promise", EVERY_MESH, ids=lambda each: each.__name__)
def test_the_mesh(promise):
    promise(of_meshes())


@pytest.fixture
def folder():
    """In shared memory, for the ranks of the job."""
    from hpcd4p.transport import mpi

    with blocks_folder(folder_name()) if mpi.world_rank() == 0 else nullcontext() as made:
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


@pytest.mark.mpi(min_size=2)
@pytest.mark.parametrize("size", [10, 1 << 20], ids=["small", "large"])
def test_what_was_sent_before_the_run_went_back_is_not_heard(size):
    from hpcd4p.transport import mpi
    from hpcd4p.transport.mpi_mesh import MpiMesh

    before = MpiMesh()
    sent = [before.send(1, 7, [b"old", bytes(size)]), before.notice(1, 7)] if before.rank == 0 else []
    mpi.share(b"" if before.rank == 0 else None)
    # one rank has missed an incarnation
    mesh = MpiMesh(before=before, incarnation=2)
    if mesh.rank == 0:
        ticket = mesh.send(1, 8, [b"new", b"x"])
        until(lambda: mesh.poll() == [] and mesh.sent(ticket))
        mesh.notice(1, 8)
        until(lambda: before.sent(sent[0]))  # its sender does not wait for ever
    if mesh.rank == 1:
        heard = []
        until(lambda: heard.extend(mesh.poll()) or len(heard) == 2)
        arrival, notice = heard
        assert [bytes(frame) for frame in arrival.frames] == [b"new", b"x"]
        assert (arrival.tx, notice.tx) == (8, 8)
    mpi.share(b"" if mesh.rank == 0 else None)
    if mesh.rank == 1:
        assert mesh.poll() == []
    KEPT.append((before, mesh, sent))


def until(condition):
    """Look until `condition` holds."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it never happens"
        time.sleep(0.001)


@pytest.mark.mpi(min_size=2)
def test_small_messages_from_before_are_not_heard_either():
    from hpcd4p.transport import mpi
    from hpcd4p.transport.mpi_post import Post

    before = Post(None)
    if before.rank == 1:
        before.send(0, 3, b"old" * 10_000)
    mpi.share(b"" if before.rank == 0 else None)
    post = Post(None, before, incarnation=1)
    if post.rank == 1:
        post.send(0, 3, b"new")
    if post.rank == 0:
        heard = []
        until(lambda: heard.extend(post.fetch()) or heard)
        assert heard == [(1, 3, b"new")]
    mpi.share(b"" if post.rank == 0 else None)
    KEPT.append((before, post))
