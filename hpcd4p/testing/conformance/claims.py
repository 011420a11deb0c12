"""What the pool's broker keeps of claims: an element that a rank owns is run by nobody else."""

from __future__ import annotations

from hpcd4p.testing.conformance.worlds import BrokerWorld
from hpcd4p.transport.broker import Claim
from hpcd4p.wire.messages import Commit


def only_the_first_to_claim_an_element_gets_its_tasks(world: BrokerWorld) -> None:
    assert world[4].claim(1)
    assert world[4].claim(1)
    assert not world[5].claim(1)
    world.publish((1, 3, b"x"), (2, 1, b"y"))
    assert world.take(5, [1, 2]).element == 2
    assert world.take(4, [1, 2]).element == 1
    assert world[5].step(Commit()).owners == {1: 4}
    assert world[0].observe(alive=False).owners == {1: 4}


def a_task_rings_the_owner_of_its_element_and_no_other(world: BrokerWorld) -> None:
    world[4].claim(1)
    for rank in (3, 4, 5):
        assert world.look_for(rank) is None
    world.quiet(3, 4, 5)
    assert world.publish((1, 1, b"x")).idle == 2
    assert world.hears(4)
    assert world.rung(3, 5) == []
    world.publish((2, 1, b"y"))
    assert world.rung(3, 5) == [3]


def the_owner_is_rung_for_what_a_lost_rank_gives_back(world: BrokerWorld) -> None:
    world.publish((1, 1, b"x"))
    assert world.take(5).element == 1
    world[4].claim(1)
    for rank in (2, 3, 4):
        assert world.look_for(rank) is None
    world.quiet(2, 3, 4)
    world[0].fence(5)
    assert world.hears(4)
    assert world.take(4).element == 1


def a_fill_that_all_find_alike_leaves_an_element_to_all(world: BrokerWorld) -> None:
    assert world[4].claim(1, Claim.FILL, "abc")
    assert not world[5].claim(1, Claim.FILL, "abc")
    world.publish((1, 1, b"x"), (1, 1, b"y"))
    assert world.look_for(5) is None
    world.quiet(5)
    assert world[4].claim(1, Claim.RELEASE, "abc")
    assert world.hears(5)
    assert world.take(5).element == 1
    assert world[5].claim(1, Claim.FILL, "abc")
    assert world[5].step(Commit()).owners == {}


def a_rank_that_finds_another_fill_makes_the_first_one_the_owner(world: BrokerWorld) -> None:
    _contradicted(world, Claim.FILL, "other")


def a_rank_that_finds_no_fill_makes_the_first_one_the_owner(world: BrokerWorld) -> None:
    _contradicted(world, Claim.REAL, "")


def _contradicted(world: BrokerWorld, claim: Claim, digest: str) -> None:
    world[4].claim(1, Claim.FILL, "abc")
    world[4].claim(1, Claim.RELEASE, "abc")
    assert world.look_for(4) is None
    world.quiet(4)
    assert not world[5].claim(1, claim, digest)
    assert world.hears(4)
    assert world[5].step(Commit()).owners == {1: 4}
    assert not world[4].claim(1, Claim.RELEASE, "abc")


def an_owner_that_another_rank_has_contradicted_stays(world: BrokerWorld) -> None:
    world[4].claim(1, Claim.FILL, "abc")
    assert not world[5].claim(1, Claim.REAL)
    assert not world[4].claim(1, Claim.RELEASE, "abc")
    assert world[5].step(Commit()).owners == {1: 4}


def who_asks_for_the_same_fill_comes_to_own_nothing(world: BrokerWorld) -> None:
    assert not world[5].claim(1, Claim.SAME, "abc")  # nobody has filled anything in
    assert world[5].step(Commit()).owners == {}
    world[4].claim(1, Claim.FILL, "abc")
    assert not world[5].claim(1, Claim.SAME, "abc")  # not yet released
    world[4].claim(1, Claim.RELEASE, "abc")
    assert world[5].claim(1, Claim.SAME, "abc")
    assert not world[5].claim(1, Claim.SAME, "other")
    assert world[5].step(Commit()).owners == {}  # and nobody is contradicted by that
    assert world[6].claim(1, Claim.FILL, "abc")
