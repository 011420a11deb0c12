"""Nothing gets in line before its turn: committed, before the watermark, behind nothing still to come."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.runtime.commit.reorder import Reorder
from hpcd4p.runtime.commit.turn_times import TurnTimes
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import Arrival, Notice, Segment
from hpcd4p.wire.place import END, LAST, PAST

CODEC = Codec(b"test")
E = 1


@pytest.fixture
def mesh():
    return SimpleNamespace(matched=0, whole=0)


@pytest.fixture
def box(mesh):
    inbox = Inbox([E], 3, 10_000)
    inbox.order = Reorder([(0, 0), (0, 4)], mesh, TurnTimes(lambda: 0.0))
    return inbox


def arrive(box, source, tx, place, *values):
    frames = CODEC.pack([Segment(E, 0, "input", list(values))], place)
    box.arrived(Arrival(source, tx, frames))


def commit(box, source, tx, place, *values):
    arrive(box, source, tx, place, *values)
    box.noticed(Notice(source, tx))


def take_all(box):
    box.release()
    found = []
    while box.tuples[E]:
        if not box.lines[E]:
            box.open()
        found += box.next(E, 9)[2]
    return found


def test_what_has_no_place_does_not_wait(box):
    commit(box, 2, 1, "", "direct")
    assert take_all(box) == ["direct"]


def test_what_is_committed_waits_for_the_watermark(box):
    commit(box, 2, 1, "0:0200", "second")
    commit(box, 3, 1, "0:0100", "first")
    assert take_all(box) == []
    box.order.hear({0: "0200"})
    assert take_all(box) == ["first"]
    box.order.hear({0: "03"})
    assert take_all(box) == ["second"]
    assert box.held == {}


def test_origins_do_not_wait_for_each_other(box):
    commit(box, 2, 1, "0:0200", "a")
    commit(box, 3, 1, "4:0900", "b")
    box.order.hear({0: "0100", 4: "0a"})
    assert take_all(box) == ["b"]


def test_it_waits_for_what_is_aside_and_comes_before_it(box):
    arrive(box, 2, 1, "0:0100", "first")  # its task is finished, the notice is on its way
    commit(box, 3, 1, "0:0200", "second")
    box.order.hear({0: "05"})
    assert take_all(box) == []
    box.noticed(Notice(2, 1))
    assert take_all(box) == ["first", "second"]


def test_it_does_not_wait_for_what_was_dropped(box):
    arrive(box, 2, 1, "0:0100", "of the dead")
    commit(box, 3, 1, "0:0200", "second")
    box.order.hear({0: "05"})
    box.drop(2)
    assert take_all(box) == ["second"]


def test_a_watermark_counts_when_all_that_was_matched_by_then_is_here(box, mesh):
    mesh.matched, mesh.whole = 7, 6
    commit(box, 3, 1, "0:0200", "second")
    box.order.hear({0: "05"})
    mesh.matched = 9
    assert take_all(box) == []
    assert box.may_release
    mesh.whole = 7
    commit(box, 2, 1, "0:0100", "first")
    assert take_all(box) == ["first", "second"]
    assert not box.may_release


def test_nothing_gets_in_line_while_the_rank_stands_for_a_cut(box):
    commit(box, 2, 1, "0:0100", "first")
    box.order.stands = True
    box.order.hear({0: "02"})  # the task may have been finished after the cut
    assert take_all(box) == []
    box.order.stands = False
    assert take_all(box) == ["first"]


def test_messages_of_one_transaction_keep_their_order(box):
    for value in "abc":
        arrive(box, 2, 1, "0:0100", value)
    box.noticed(Notice(2, 1))
    box.order.hear({0: "02"})
    assert take_all(box) == ["a", "b", "c"]


def test_what_the_rank_has_written_itself_waits_as_well_and_overtakes_no_message(box):
    box.admit([Segment(E, 0, "input", ["second"])], 1, (0, "0200"))
    commit(box, 2, 1, "0:0100", "first")
    assert take_all(box) == []
    box.order.hear({0: "03"})
    assert take_all(box) == ["first", "second"]


def test_what_waits_counts_against_the_marks(box):
    commit(box, 2, 1, "0:0100", *"abcd")
    assert box.take_news() == ([E], [])
    assert box.starves
    assert box.order.waits() == {(0, 0): "0100"}
    assert box.has_news  # the broker is to know for what it waits
    box.order.said = box.order.waits()
    assert not box.has_news
    box.order.hear({0: "02"})
    box.release()
    assert not box.starves
    assert take_all(box) == [*"abcd"]
    assert box.take_news() == ([], [E])


def test_what_is_new_waits_for_all_of_the_past(box):
    box.order.resume()
    assert box.order.watch == ((0, PAST), (0, 0), (0, 4))
    commit(box, 2, 1, "0:0100", "new")
    box.order.hear({PAST: "0500", 0: "02"})
    assert take_all(box) == []
    assert box.order.waits() == {(0, PAST): LAST, (0, 0): "0100"}
    box.order.hear({PAST: END, 0: "02"})
    assert take_all(box) == ["new"]


def test_what_a_checkpoint_had_is_the_past_and_keeps_its_order(box):
    commit(box, 2, 1, "0:0300", "third")
    commit(box, 3, 1, "0:0200", "second")
    arrive(box, 3, 2, "0:0400", "fourth")
    arrive(box, 3, 3, "0:0500", "not committed")
    commit(box, 2, 2, "", "first")
    segments, messages, held, _ = box.image([0, 0, 2, 2])
    assert segments == []
    assert [message.tx for message in messages] == [2]
    lined = [(Codec.unpack(m.frames)[0], None) for m in messages]
    lined += [(Codec.unpack(what.frames)[0], turn) for turn, what in held]
    assert [segment.values for segment, _ in lined] == [["first"], ["second"], ["third"], ["fourth"]]

    again = Inbox([E], 3, 10_000)
    again.order = Reorder([(0, 0)], SimpleNamespace(matched=0, whole=0), TurnTimes(lambda: 0.0))
    again.order.resume()
    again.restore(lined, 7)
    assert take_all(again) == ["first"]
    again.order.hear({PAST: END})
    assert take_all(again) == ["second", "third", "fourth"]
