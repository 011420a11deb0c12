"""A guarded broker: what only the run can have said is believed, and all else ends the run."""

from __future__ import annotations

import pytest

from hpcd4p.errors import ForeignBytesError
from hpcd4p.transport.broker import Claim
from hpcd4p.transport.guard import GuardedBroker
from hpcd4p.transport.memory_broker import MemoryBroker
from hpcd4p.transport.memory_store import MemoryStore
from hpcd4p.wire.ask import Ask
from hpcd4p.wire.codec import REPORT, TASK, Codec, about
from hpcd4p.wire.keys import Keys
from hpcd4p.wire.messages import Commit, Publication
from hpcd4p.wire.orders import Finish, Lost, Stop

SECRET = b"secret"
KEYS = Keys("run")


class World:
    """A store, and the guarded brokers of a head and two ranks."""

    def __init__(self):
        self.store = MemoryStore()
        self.codecs = [Codec(SECRET, rank=rank) for rank in range(3)]
        self.ranks = [
            GuardedBroker(MemoryBroker(self.store, rank), codec, rank, KEYS, lambda: 0.0)
            for rank, codec in enumerate(self.codecs)
        ]
        for broker in self.ranks:
            broker.step(Commit())

    def publish(self):
        commit = Commit(1, {1: 2})
        commit.publish = [Publication(1, 2, self.codecs[1].seal(("input", [1, 2]), about(TASK, 1, 2)))]
        self.ranks[1].step(commit)

    def look(self):
        return self.ranks[0].observe(alive=False)


@pytest.fixture
def world():
    return World()


def refuses(world, key):
    with pytest.raises(
        ForeignBytesError, match=f"the key {KEYS.prefix}{key}.*somebody else writes"
    ) as caught:
        world.look()
    assert "--redis-url" in str(caught.value)


def test_what_the_ranks_have_told_is_believed(world):
    world.publish()
    assert world.look().pending == {1: 2}
    task = world.ranks[2].step(Commit(), Ask(take=[1])).task
    done = Commit(1, {1: -2})
    done.done = [(1, task.id)]
    world.ranks[2].step(done)
    assert world.look().pending.get(1, 0) == 0


def test_what_is_wrong_is_told_once_so_that_the_run_can_end(world):
    world.store.pending[1] = 3
    refuses(world, "pending holds 3 under 1 where the ranks have written 0")
    world.ranks[0].order([1], Stop(3, lost=False))
    assert world.look().pending == {1: 3}
    assert world.ranks[1].step(Commit()).orders == [Stop(3, lost=False)]


def test_an_older_account_is_refused(world):
    before = dict(world.store.accounts)
    world.publish()
    world.look()
    world.store.accounts.update(before)
    refuses(world, "accounts holds for rank 1 what that wrote earlier")


def test_the_account_of_another_rank_is_refused(world):
    world.store.accounts[1] = world.store.accounts[2]
    refuses(world, "accounts holds for rank 1 what that has not written")


def test_orders_come_as_they_were_given_and_once(world):
    world.ranks[0].order([1, 2], Finish(4))
    world.ranks[0].order([1], Lost(2, 7))
    given = list(world.store.orders[1])
    assert world.ranks[1].step(Commit()).orders == [Finish(4), Lost(2, 7)]
    world.look()
    world.store.orders[1] = given[:1]
    with pytest.raises(ForeignBytesError, match="orders:1 held 'finish 4', which was not ordered"):
        world.ranks[1].step(Commit())


def test_an_order_for_another_rank_is_not_obeyed(world):
    world.ranks[0].order([2], Finish(4))
    world.store.orders[1] = world.store.orders.pop(2)
    with pytest.raises(ForeignBytesError, match="orders:1"):
        world.ranks[1].step(Commit())


def test_an_order_that_is_gone_is_missed_by_the_head(world):
    world.ranks[0].order([1], Finish(4))
    world.look()
    del world.store.orders[1]
    refuses(world, "orders:1 had 0 orders, and 1 were given")


def test_an_order_that_was_taken_in_the_name_of_a_rank_is_missed_by_that(world):
    world.ranks[0].order([1], Finish(4))
    del world.store.orders[1]
    world.store.ordered[1] = 1
    world.look()
    with pytest.raises(ForeignBytesError, match="orders:1 is not as rank 1 left it"):
        world.ranks[1].step(Commit())


def test_a_report_is_announced_and_missed_until_it_comes(world):
    world.ranks[1].report(world.codecs[1].seal("all is well", about(REPORT)))
    kept = world.store.reports.pop()
    assert world.look().untold == {1}
    world.store.reports.append(kept)
    assert world.look().untold == frozenset()
    world.store.reports.append(kept)
    refuses(world, "reports holds a report a second time")


def test_an_owner_that_loses_its_element_says_so(world):
    assert world.ranks[1].claim(1, Claim.REAL)
    world.ranks[1].step(Commit())
    world.look()
    world.store.owners[1] = 2
    with pytest.raises(ForeignBytesError, match="owners is not as rank 1 knows it"):
        world.ranks[1].step(Commit())
    refuses(world, "owners gives an element to rank 2, which has not asked for it")


def test_the_last_transaction_of_a_lost_rank_is_what_it_vouched_for(world):
    world.publish()
    world.store.committed[1] = 7
    world.ranks[0].fence(1)
    world.store.committed[1] = 1
    refuses(world, "state says that rank 1 has committed 7")


def test_orders_that_come_with_a_report_are_given_with_the_next_answer(world):
    world.ranks[0].order([1], Finish(3))
    world.ranks[1].report(b"sealed")
    world.ranks[0].order([1], Finish(4))
    assert world.ranks[1].step(Commit()).orders == [Finish(3), Finish(4)]
    assert world.ranks[1].step(Commit()).orders == []
