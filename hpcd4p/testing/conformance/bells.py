"""What the pool's broker keeps of bells: who is rung, who is idle, who is parked."""

from __future__ import annotations

from hpcd4p.testing.conformance.worlds import STREAMS, BrokerWorld
from hpcd4p.transport.broker import Heard
from hpcd4p.wire.ask import Ask, Availability
from hpcd4p.wire.messages import Commit
from hpcd4p.wire.orders import Park, Wake


def a_bell_that_rings_before_the_wait_is_not_lost(world: BrokerWorld) -> None:
    assert world.look_for(4) is None
    world.publish((0, 1, b"a"))
    assert world.hears(4)
    assert world.take(4).payload == b"a"


def as_many_idle_ranks_are_rung_as_there_are_tasks(world: BrokerWorld) -> None:
    for rank in (4, 5, 6):
        assert world.look_for(rank) is None
    assert world[7].step(Commit()).idle == 3
    reply = world.publish((0, 1, b"a"), (1, 1, b"b"))
    assert reply.idle == 1
    assert len(world.rung(4, 5, 6)) == 2


def a_rank_is_rung_once_for_being_idle_once(world: BrokerWorld) -> None:
    world.look_for(4)
    world.publish((0, 1, b"a"))
    assert world.hears(4)
    world.publish((0, 1, b"b"))
    assert world.rung(4) == []  # it has not looked yet, and will find both


def a_rank_that_has_found_a_task_is_not_idle(world: BrokerWorld) -> None:
    world.look_for(4)
    world.publish((0, 1, b"a"))
    world.quiet(4)
    world.take(4)
    assert world.publish((0, 1, b"b")).idle == 0
    assert world.rung(4) == []


def a_rank_rings_whom_it_will(world: BrokerWorld) -> None:
    world[4].step(Commit(), Ask(ring=[5, 6]))
    assert world.rung(4, 5, 6) == [5, 6]


def two_rings_before_the_wait_wake_once(world: BrokerWorld) -> None:
    world[4].step(Commit(), Ask(ring=[5]))
    world[4].step(Commit(), Ask(ring=[5]))
    assert world.hears(5)
    assert world.rung(5) == []


def a_rank_may_wake_itself(world: BrokerWorld) -> None:
    world[4].wake()
    assert world.hears(4)
    assert world.rung(4) == []


def a_bell_says_whether_there_is_more_than_a_message(world: BrokerWorld) -> None:
    world[4].step(Commit(), Ask(ring=(5,)))
    assert world.hear(5) is Heard.MAIL
    world[4].step(Commit(), Ask(ring=(5,)))
    world[0].order([5], Wake())
    heard = world.hear(5)
    assert Heard.BELL in {heard, world.hear(5) if heard is Heard.MAIL else heard}


def a_rank_in_the_middle_of_a_call_that_finds_no_task_is_not_idle(world: BrokerWorld) -> None:
    assert world[4].step(Commit(), Ask(take=(1,), availability=Availability.IN_CALL)).task is None
    assert world[5].step(Commit(), Ask(take=(1,))).task is None
    assert world.publish((1, 1, b"x"), (1, 1, b"y")).idle == 0
    assert world.rung(4, 5) == [5]


def a_rank_that_gets_an_order_with_its_look_is_not_idle_yet(world: BrokerWorld) -> None:
    world[0].order([4], Park())
    world[4].step(Commit(), Ask(take=STREAMS))
    assert world[0].observe(alive=False).idle == frozenset()
    world.quiet(4)
    world.look_for(4)
    assert world[0].observe(alive=False).idle == {4}


def relief_rings_the_idle_and_the_head(world: BrokerWorld) -> None:
    world[4].step(Commit(), Ask(congest=[1]))
    world.look_for(5)
    world.look_for(6)
    assert world.rung(0, 5, 6) == []
    world[4].step(Commit(), Ask(relieve=[1]))
    assert world.rung(0, 5, 6) == [0, 5, 6]


def the_waiting_of_idle_ranks_is_added_up(world: BrokerWorld) -> None:
    before = world[0].observe(alive=False).waited_us
    world.look_for(4)
    world.look_for(5)
    world.pass_time(0.05)
    world.publish((0, 1, b"a"))  # one of them is rung
    world.pass_time(0.05)
    waited = (world[0].observe(alive=False).waited_us - before) * 1e-6
    assert 0.15 <= waited < 3.0, waited  # 2 x 0.05 + 1 x 0.05, and what the calls took


# ---- parked ranks


def a_parked_rank_is_rung_by_nobody_but_the_head(world: BrokerWorld) -> None:
    world.look_for(4)
    world[4].step(Commit(), Ask(availability=Availability.PARKS))
    assert world[0].observe(alive=False).parked == {4}
    assert world.publish((0, 1, b"a")).idle == 0
    world[5].step(Commit(), Ask(relieve=[1]))
    assert world.rung(4) == []
    world[0].order([4], Wake())
    assert world.hears(4)
    reply = world[4].step(Commit(), Ask(take=STREAMS, availability=Availability.WAKES))
    assert reply.orders == [Wake()]
    assert reply.task is not None
    assert reply.task.payload == b"a"
    assert world[0].observe(alive=False).parked == frozenset()


def a_bell_for_a_rank_that_parks_meanwhile_rings_another(world: BrokerWorld) -> None:
    world.look_for(4)
    world.look_for(5)
    world.publish((0, 1, b"a"))  # rings 4
    world[4].step(Commit(), Ask(availability=Availability.PARKS))
    assert world.hears(5)
    assert world.take(5).payload == b"a"


def ranks_that_lend_themselves_are_rung_after_the_others(world: BrokerWorld) -> None:
    lends = Ask(take=(0,), availability=Availability.LENDS)
    assert world[1].step(Commit(), lends).task is None
    for rank in (5, 6):
        assert world.look_for(rank) is None
    world.publish((0, 1, b"a"), (0, 1, b"b"))
    assert world.rung(1, 5, 6) == [5, 6]
    world.publish((0, 1, b"c"))
    assert world.rung(1, 5, 6) == [1]


def a_rank_that_lends_itself_is_parked_no_longer(world: BrokerWorld) -> None:
    world[4].step(Commit(), Ask(availability=Availability.PARKS))
    assert world[0].observe(alive=False).parked == {4}
    assert world[4].step(Commit(), Ask(take=(0,), availability=Availability.LENDS)).task is None
    assert world[0].observe(alive=False).parked == frozenset()
    world.publish((0, 1, b"a"))
    assert world.hears(4)


def the_head_is_rung_last_of_those_that_lend_themselves(world: BrokerWorld) -> None:
    for rank in (0, 1, 2):
        assert world[rank].step(Commit(), Ask(take=(0,), availability=Availability.LENDS)).task is None
    world.publish((0, 1, b"a"), (0, 1, b"b"))
    assert world.rung(1, 2) == [1, 2]
    assert 0 in world[0].observe(alive=False).idle


def a_rank_that_passes_has_another_one_rung(world: BrokerWorld) -> None:
    for rank in (4, 5):
        assert world.look_for(rank) is None
    world.publish((0, 1, b"a"))
    assert world.rung(4, 5) == [4]
    world[4].step(Commit(), Ask(availability=Availability.PASSES))
    assert world.rung(4, 5) == [5]
    assert world[0].observe(alive=False).parked == frozenset()


def a_rank_that_passes_and_was_not_rung_rings_nobody(world: BrokerWorld) -> None:
    for rank in (4, 5):
        assert world.look_for(rank) is None
    world[4].step(Commit(), Ask(availability=Availability.PASSES))
    assert world.rung(4, 5) == []
    assert world.publish((0, 1, b"a"), (0, 1, b"b")).idle == 0
    assert world.rung(4, 5) == [5]
