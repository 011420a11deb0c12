"""What a former owner says of what it has sent on: when all of an origin has passed it, and not sooner."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.runtime.commit.gates import Gates
from hpcd4p.runtime.commit.passing import Passing
from hpcd4p.runtime.commit.reorder import Reorder
from hpcd4p.runtime.commit.turn_times import TurnTimes
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import PASSED, STATE, Arrival, Segment
from hpcd4p.wire.place import END, LAST, PAST

KEY = (1, 0)
MOVE = "g05"


@pytest.fixture
def order():
    return Reorder([(0, 0), (0, 4)], SimpleNamespace(matched=0, whole=0), TurnTimes(lambda: 0.0))


@pytest.fixture
def passing():
    made = Passing()
    assert made.begin(KEY, [0, 4]) == 2
    return made


def hear(order, **marks):
    order.hear({int(origin[1:]): mark for origin, mark in marks.items()})
    for _ in order.ready():
        pass


def said(passing, order, gates=None):
    passing.look(order, gates)
    return [segment.values for segment in passing.take_due()]


def test_it_is_said_of_each_origin_once_all_before_the_move_is_finished(passing, order):
    passing.moved(KEY, 5)
    hear(order, o0="g0400", o4=MOVE + "00")
    assert said(passing, order) == [[4]]
    hear(order, o0=MOVE + "00", o4=MOVE + "01")
    assert said(passing, order) == [[0]]
    assert said(passing, order) == []
    assert not passing.starves({})


def test_before_the_move_is_told_nobody_knows_what_comes_before_it(passing, order):
    hear(order, o0=END, o4=END)
    assert said(passing, order) == []
    assert list(passing.waits()) == []
    passing.moved(KEY, 5)
    passing.moved(KEY, 9)  # from where it went then
    assert list(passing.waits()) == [(0, MOVE), (4, MOVE)]
    assert said(passing, order) == [[0, 4]]


def test_what_is_aside_or_waits_for_its_turn_comes_first(passing, order):
    passing.moved(KEY, 5)
    frames = Codec(b"").pack([Segment(*KEY, "input", [1])], "0:g0402")
    arrival = Arrival(3, 1, frames)
    order.aside(arrival)
    hear(order, o0=END, o4="")
    assert said(passing, order) == []
    order.not_aside(arrival)
    order.put((0, "g0402"), arrival)
    assert said(passing, order) == []
    assert [what for what, _ in order.ready()] == [arrival]
    assert said(passing, order) == [[0]]


def test_what_an_earlier_owner_still_sends_on_comes_first(passing, order):
    gates = Gates({KEY[0]})
    gates.admit(7, Segment(*KEY, STATE, [(b"", 1)]))
    passing.moved(KEY, 5)
    hear(order, o0=END, o4=END)
    assert said(passing, order, gates) == []
    gates.admit(7, Segment(*KEY, PASSED, [4]))
    assert said(passing, order, gates) == [[4]]


def test_all_that_was_under_way_at_a_checkpoint_comes_first(passing, order):
    order.resume()
    passing.moved(KEY, 5)
    hear(order, o0=END, o4=END)
    assert said(passing, order) == []
    assert order.waits(passing.waits()) == {(0, PAST): LAST}
    order.hear({PAST: END})
    assert list(order.ready()) == []
    assert said(passing, order) == [[0, 4]]


def test_it_waits_for_what_comes_before_the_move_if_nothing_of_the_element_is_in_line(passing, order):
    passing.moved(KEY, 5)
    assert passing.starves({})
    assert not passing.starves({KEY[0]: 3})
    hear(order, o0=MOVE + "03", o4="g0202")
    assert order.waits(passing.waits()) == {(0, 4): MOVE}


def test_what_is_not_said_yet_is_kept_at_a_cut(passing, order):
    passing.moved(KEY, 5)
    hear(order, o0="", o4=END)
    passing.look(order, None)
    assert [segment.values for segment in passing.unsaid()] == [[4], [0]]


def test_of_an_element_to_which_no_tasks_lead_nothing_is_to_be_said():
    passing = Passing()
    assert passing.begin(KEY, []) == 0
    assert not passing.starves({})
