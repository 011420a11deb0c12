"""The broker of the static mapping: the head holds, the others tell it and are told."""

from __future__ import annotations

import time

import pytest

from hpcd4p.transport.broker import Heard
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.orders import Finish

DEADLINE_S = 20.0


@pytest.fixture(scope="module")
def made():
    from hpcd4p.transport.mpi_broker import RankMpiBroker
    from hpcd4p.transport.mpi_head_broker import HeadMpiBroker
    from hpcd4p.transport.mpi_mesh import MpiMesh

    mesh = MpiMesh()
    everyone = frozenset(range(mesh.size))
    if mesh.rank == 0:
        return mesh, HeadMpiBroker(mesh, lambda: everyone)
    return mesh, RankMpiBroker(mesh, None)


def until(broker, condition):
    """Wait as a rank does until `condition` holds."""
    end = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < end, "it never happens"
        broker.wait(0.01)
    return found


def meet(broker):
    """All ranks; the head goes on serving, as it does whenever it waits."""
    from mpi4py import MPI

    request = MPI.COMM_WORLD.Ibarrier()
    until(broker, request.Test)


def committed(tx, **counts):
    commit = Commit(tx, {int(e[1:]): n for e, n in counts.items()})
    commit.stats = {"n:1": 2}
    return commit


@pytest.mark.mpi(min_size=2)
def test_what_every_rank_commits_the_head_sees(made):
    mesh, broker = made
    others = mesh.size - 1
    before = dict(broker.observe(alive=False).pending) if mesh.rank == 0 else {}
    meet(broker)
    if mesh.rank == 0:
        until(
            broker,
            lambda: broker.observe(alive=False).pending.get(1, 0) - before.get(1, 0) == 3 * others,
        )
        seen = broker.observe(alive=True)
        assert seen.stats.work(1).tuples >= 2 * others
        assert all(seen.committed[rank] == 7 for rank in range(1, mesh.size))
        assert seen.alive == frozenset(range(mesh.size))
    else:
        assert broker.step(committed(7, e1=3)).accepted
    meet(broker)


@pytest.mark.mpi(min_size=2)
def test_orders_come_in_order_with_a_bell(made):
    mesh, broker = made
    meet(broker)
    if mesh.rank == 0:
        broker.order(range(1, mesh.size), Finish(1))
        broker.order([1], Finish(2))
    else:
        expected = [Finish(1), *([Finish(2)] if mesh.rank == 1 else [])]
        got = []
        end = time.monotonic() + DEADLINE_S
        while len(got) < len(expected) and time.monotonic() < end:
            assert broker.wait(DEADLINE_S) == Heard.BELL
            got += broker.step(Commit()).orders
        assert got == expected
        assert broker.step(Commit()).orders == []
    meet(broker)


@pytest.mark.mpi(min_size=2)
def test_what_is_congested_every_rank_learns_and_unlearns(made):
    mesh, broker = made
    meet(broker)
    last = mesh.size - 1
    for words, expected in (({"congest": [1, 2]}, {1, 2}), ({"relieve": [1, 2]}, set())):
        if mesh.rank == last:
            broker.step(Commit(), Ask(**words))
        until(broker, lambda expected=expected: broker.step(Commit()).congested == expected)
        meet(broker)


@pytest.mark.mpi(min_size=2)
def test_congestion_that_comes_and_goes_leaves_the_last_word(made):
    mesh, broker = made
    meet(broker)
    if mesh.rank == mesh.size - 1:
        for _ in range(200):
            broker.step(Commit(), Ask(congest=[1]))
            broker.step(Commit(), Ask(relieve=[1]))
        broker.step(Commit(), Ask(congest=[3]))
    until(broker, lambda: broker.step(Commit()).congested == {3})
    meet(broker)
    if mesh.rank == mesh.size - 1:
        broker.step(Commit(), Ask(relieve=[3]))
    until(broker, lambda: broker.step(Commit()).congested == frozenset())
    meet(broker)


@pytest.mark.mpi(min_size=2)
def test_reports_reach_the_head(made):
    mesh, broker = made
    meet(broker)
    if mesh.rank == 0:
        got: list[bytes] = []
        until(broker, lambda: got.extend(broker.observe(alive=False).reports) or len(got) == mesh.size - 1)
        assert sorted(got) == sorted(b"figures of %d" % r for r in range(1, mesh.size))
    else:
        broker.report(b"figures of %d" % mesh.rank)
    meet(broker)


@pytest.mark.mpi(min_size=2)
def test_a_message_of_the_mesh_wakes_whoever_waits(made):
    mesh, broker = made
    meet(broker)
    if mesh.rank == 0:
        mesh.notice(1, 5)
    if mesh.rank == 1:
        assert broker.wait(DEADLINE_S) == Heard.MAIL
        assert [notice.tx for notice in mesh.poll()] == [5]
    meet(broker)


@pytest.mark.mpi(min_size=2)
def test_a_wait_ends_by_itself_and_the_head_can_be_woken(made):
    mesh, broker = made
    meet(broker)
    while broker.wait(0.0) != Heard.SILENT:
        pass
    assert broker.wait(0.0004) == Heard.SILENT
    if mesh.rank == 0:
        broker.wake()
        assert broker.wait(DEADLINE_S) == Heard.BELL
    meet(broker)
