"""The order of one sender's tuples, whichever way they come."""

from __future__ import annotations

import pytest

from hpcd4p.plan.model import ElementPlan, Plan, Role
from hpcd4p.runtime.commit.gates import Gates
from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.commit.owners import Owners
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import MARK, PASSED, STATE, Arrival, Notice, Segment

PLAN = Plan(
    "test",
    6,
    (
        ElementPlan(0, "state", Role.STATE, False, 2, ("input",), (), "", False),
        ElementPlan(1, "collector", Role.COLLECT, False, 1, (), (), "", False),
    ),
    (),
    (1,),
    (2, 3, 4, 5),
)
FORMER, SENDER, OTHER = 1, 4, 5


def tuples(*values, partition=0):
    return Segment(0, partition, "input", list(values))


def mark(*senders, epoch=1):
    return Segment(0, 0, MARK, [(sender, epoch) for sender in senders])


def state():
    return Segment(0, 0, STATE, [(b"", 1)])


@pytest.fixture
def gates():
    made = Gates()
    made.admit(FORMER, state())
    return made


def test_without_moves_everything_passes():
    assert Gates().admit(SENDER, tuples(1)) == [tuples(1)]


def test_what_the_former_owner_sends_on_passes(gates):
    assert gates.admit(FORMER, tuples(1)) == [tuples(1)]


def test_a_direct_message_waits_until_its_senders_mark_has_come_the_former_way(gates):
    assert gates.admit(SENDER, tuples(3)) == []
    assert gates.admit(SENDER, tuples(4)) == []
    assert gates.admit(FORMER, tuples(2)) == [tuples(2)]
    assert gates.admit(FORMER, mark(SENDER)) == [mark(SENDER), tuples(3), tuples(4)]
    assert gates.admit(SENDER, tuples(5)) == [tuples(5)]


def test_each_sender_has_a_mark_of_its_own(gates):
    assert gates.admit(SENDER, tuples(1)) == gates.admit(OTHER, tuples(2)) == []
    assert gates.admit(FORMER, mark(OTHER)) == [mark(OTHER), tuples(2)]
    assert gates.admit(SENDER, tuples(3)) == []


def test_a_mark_for_a_later_move_waits_with_the_rest_of_its_sender(gates):
    gates.admit(SENDER, tuples(1))
    assert gates.admit(SENDER, mark(SENDER, epoch=2)) == []
    passed = gates.admit(FORMER, mark(SENDER))
    assert passed == [mark(SENDER), tuples(1), mark(SENDER, epoch=2)]


def test_other_partitions_do_not_wait(gates):
    assert gates.admit(SENDER, tuples(1, partition=1)) == [tuples(1, partition=1)]


# ---- what has a place


@pytest.fixture
def by_place():
    made = Gates({0})
    made.admit(FORMER, state())
    return made


def passed(*origins):
    return Segment(0, 0, PASSED, list(origins))


def test_what_has_a_place_waits_until_its_origin_has_passed_the_former_owner(by_place):
    assert by_place.admit(SENDER, tuples(2), (7, "g0102")) == []
    assert by_place.admit(OTHER, tuples(3), (7, "g0103")) == []
    assert by_place.admit(FORMER, mark(SENDER, OTHER)) == [mark(SENDER, OTHER)]
    assert by_place.admit(FORMER, tuples(1)) == [tuples(1)]
    assert by_place.admit(FORMER, passed(7)) == [passed(7), tuples(2), tuples(3)]
    assert by_place.admit(OTHER, tuples(4), (7, "g0104")) == [tuples(4)]


def test_origins_do_not_wait_for_each_other(by_place):
    assert by_place.admit(SENDER, tuples(1), (7, "g0102")) == []
    assert by_place.admit(FORMER, passed(8)) == [passed(8)]
    assert by_place.admit(SENDER, tuples(2), (8, "g0102")) == [tuples(2)]
    assert by_place.is_open((0, 0), 8)
    assert not by_place.is_open((0, 0), 7)
    assert by_place.is_open((0, 1), 7)


def test_of_elements_that_are_not_ordered_only_the_sender_counts(gates):
    gates.admit(FORMER, mark(SENDER))
    assert gates.admit(SENDER, tuples(1), (7, "g0102")) == [tuples(1)]


def test_what_waits_is_known_with_its_place_and_with_what_it_waits_for(by_place):
    by_place.admit(SENDER, tuples(1), (7, "g0102"))
    by_place.admit(OTHER, tuples(2))
    assert list(by_place.waits()) == []  # the move was not told yet
    for number in (1, 4):  # the second is that with which it goes
        by_place.moved((0, 0), number)
    assert list(by_place.waits()) == [(7, "g01")]
    assert list(by_place.held()) == [(tuples(1), (7, "g0102")), (tuples(2), None)]


def test_a_copy_goes_on_by_itself(by_place):
    by_place.admit(SENDER, tuples(1), (7, "g0102"))
    assert by_place.copy().admit(FORMER, passed(7)) == [passed(7), tuples(1)]
    assert by_place.admit(FORMER, passed(7)) == [passed(7), tuples(1)]


# ---- in an inbox


def send(inbox, source, tx, *segments):
    inbox.arrived(Arrival(source, tx, [bytes(f) for f in Codec(b"").pack(list(segments))]))
    inbox.noticed(Notice(source, tx))
    while inbox.sealed:
        assert not inbox.open()


@pytest.fixture
def inbox():
    made = Inbox([0], 3, 10**6)
    send(made, FORMER, 1, state())
    return made


def drain(inbox):
    got = []
    while inbox.tuples[0]:
        got.append(inbox.next(0, 100)[1:])
    return got


def test_what_waits_is_not_in_line_but_congests(inbox):
    drain(inbox)
    send(inbox, SENDER, 1, tuples(1, 2))
    assert not inbox.tuples
    assert inbox.held == {0: 2}
    assert not inbox.has_news
    send(inbox, SENDER, 2, tuples(3, 4))
    assert inbox.take_news() == ([0], [])
    send(inbox, FORMER, 2, mark(SENDER))
    assert not inbox.held
    assert drain(inbox) == [(MARK, [(SENDER, 1)]), ("input", [1, 2]), ("input", [3, 4])]
    assert inbox.take_news() == ([], [0])


def test_what_this_rank_writes_itself_waits_for_its_own_mark(inbox):
    drain(inbox)
    inbox.admit([tuples(7)], 3)
    assert not inbox.tuples
    send(inbox, FORMER, 2, mark(3))
    assert drain(inbox) == [(MARK, [(3, 1)]), ("input", [7])]


def test_what_is_for_a_partition_that_has_gone_does_not_wait_in_line():
    inbox = Inbox([0], 100, 10**6)
    send(inbox, SENDER, 1, tuples(1), tuples(2, partition=1), tuples(3))
    inbox.gone(0, 0)
    assert list(inbox.onward) == [tuples(1), tuples(3)]
    assert inbox.tuples == {0: 1}
    send(inbox, SENDER, 2, tuples(4), tuples(5, partition=1))
    assert list(inbox.onward) == [tuples(1), tuples(3), tuples(4)]
    assert drain(inbox) == [("input", [2]), ("input", [5])]
    assert inbox.passes
    inbox.onward.clear()
    assert not inbox.passes


def test_what_is_unpickled_is_known_by_partition():
    inbox = Inbox([0], 100, 10**6)
    send(inbox, SENDER, 1, tuples(1, 2), tuples(3, partition=1), tuples(4))
    assert inbox.known(0) == {0: 3, 1: 1}


# ---- the senders' side


def test_owners_are_those_of_the_plan_until_something_is_heard():
    owners = Owners(PLAN, SENDER)
    assert owners.of(0, 0) == FORMER
    owners.moved(0, 0, 3, 1)
    assert (owners.of(0, 0), owners.of(0, 1)) == (3, FORMER)


def test_one_mark_goes_the_former_way_before_the_first_that_takes_the_new_one():
    owners = Owners(PLAN, SENDER)
    assert owners.take_mark((0, 0)) is None
    owners.moved(0, 0, 3, 1)
    assert owners.take_mark((0, 0)) == (FORMER, 1)
    assert owners.take_mark((0, 0)) is None
    owners.moved(0, 0, 5, 2)
    assert owners.take_mark((0, 0)) == (3, 2)


def test_of_two_moves_heard_before_anything_is_sent_the_mark_goes_the_first_way_for_the_second():
    owners = Owners(PLAN, SENDER)
    owners.moved(0, 0, 3, 1)
    owners.moved(0, 0, 5, 2)
    assert owners.take_mark((0, 0)) == (FORMER, 2)


def test_a_former_owner_keeps_its_own_on_the_way_of_all_that_it_sends_on():
    owners = Owners(PLAN, FORMER)
    owners.handed_over((0, 0), 3, 1)
    owners.moved(0, 0, 3, 1)
    assert owners.of(0, 0) == FORMER
    assert owners.heir((0, 0)) == (3, 1)
    assert owners.take_mark((0, 0)) is None


def test_what_has_a_place_goes_where_all_of_its_time_goes_whatever_its_sender_has_heard():
    owners = Owners(PLAN, SENDER)
    owners.moved(0, 0, 3, 1, 2)
    owners.moved(0, 0, 5, 2, 7)
    assert [owners.at(0, 0, moves) for moves in (0, 1, 2, 6, 7, 9)] == [FORMER, FORMER, 3, 3, 5, 5]
    assert owners.at(0, 1, 9) == FORMER


def test_so_it_is_on_a_rank_that_is_on_the_way_itself():
    owners = Owners(PLAN, FORMER)
    owners.handed_over((0, 0), 3, 1)
    owners.moved(0, 0, 3, 1, 2)
    assert (owners.at(0, 0, 1), owners.at(0, 0, 2)) == (FORMER, 3)
    assert owners.gone() == {(0, 0): 1}
