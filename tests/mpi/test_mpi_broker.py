"""The brokers of the static mapping keep what every broker keeps: the head holds, the others tell it.

They are not tried for what the pool's broker keeps (`conformance.POOL`): in this mapping there are no tasks,
leases and claims; no rank is rung, parked or spared; and a reply tells of others only what is congested.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hpcd4p.testing.conformance import BROKER_RANKS, EVERY_BROKER
from hpcd4p.transport.broker import Heard
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.messages import Commit
from tests.mpi.ranks import Brokers

DEADLINE_S = 60.0


@pytest.fixture
def world() -> Iterator[Brokers]:
    made = Brokers()
    yield made
    made.close()


@pytest.mark.mpi(min_size=BROKER_RANKS)
@pytest.mark.parametrize("promise", EVERY_BROKER, ids=lambda each: each.__name__)
def test_the_brokers(world, promise):
    promise(world)


@pytest.mark.mpi(min_size=2)
def test_there_is_no_pool_to_claim_an_element_of(world):
    if not world.is_head:
        with pytest.raises(NotImplementedError):
            world.own.claim(1)


@pytest.mark.mpi(min_size=2)
def test_a_message_of_the_mesh_wakes_whoever_waits(world):
    if world.is_head:
        world.mesh.notice(1, 5)
    if world.mesh.rank == 1:
        assert world.own.wait(DEADLINE_S) == Heard.MAIL
        assert [notice.tx for notice in world.mesh.poll()] == [5]
    world.meet()


# Here all ranks talk at the same time, where the promises have one after the other.


def until(broker, condition):
    """Wait as a rank does until `condition` holds."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, "it never happens"
        broker.wait(0.01)


@pytest.mark.mpi(min_size=2)
def test_what_all_ranks_commit_at_once_the_head_sees(world):
    others = world.mesh.size - 1
    if world.is_head:
        until(world.own, lambda: world.own.observe(alive=False).pending.get(1) == 300 * others)
        committed = world.own.observe(alive=False).committed
        assert committed == {rank: 100 if rank else 0 for rank in range(world.mesh.size)}
    else:
        for tx in range(1, 101):
            assert world.own.step(Commit(tx, {1: 3})).accepted
    world.meet()


@pytest.mark.mpi(min_size=2)
def test_congestion_that_comes_and_goes_while_all_look_leaves_the_last_word(world):
    own = world.own
    if world.mesh.rank == world.mesh.size - 1:
        for _ in range(200):
            own.step(Commit(), Ask(congest=[1]))
            own.step(Commit(), Ask(relieve=[1]))
        own.step(Commit(), Ask(congest=[3]))
    until(own, lambda: own.step(Commit()).congested == {3})
    world.meet()
