"""Nothing is in line before it is known to be committed, and then in the order in which it was sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.runtime.commit.inbox import Inbox
from hpcd4p.wire.codec import Codec
from hpcd4p.wire.messages import STATE, Arrival, Notice, Segment

ELEMENT = 1
CODEC = Codec(b"test")


def inbox(high_tuples: int = 100, high_bytes: int = 1000) -> Inbox:
    return Inbox([ELEMENT], high_tuples, high_bytes)


def arrive(box: Inbox, source: int, tx: int, *values: object, size: int = 0) -> None:
    frames = CODEC.pack([Segment(ELEMENT, 0, "input", list(values))])
    box.arrived(Arrival(source, tx, [*frames, bytes(size)]))


def take_all(box: Inbox) -> list[object]:
    found = []
    while box.tuples[ELEMENT]:
        if not box.lines[ELEMENT]:
            assert box.open() == []
        found += box.next(ELEMENT, 3)[2]
    return found


def test_what_is_not_committed_is_kept_aside():
    box = inbox()
    arrive(box, 2, 1, "a")
    assert not box.tuples[ELEMENT]
    assert box.uncommitted


def test_a_notice_puts_all_up_to_it_in_line():
    box = inbox()
    for tx in (1, 2, 3):
        arrive(box, 2, tx, tx)
    box.noticed(Notice(2, 2))
    assert take_all(box) == [1, 2]
    assert box.uncommitted
    box.noticed(Notice(2, 3))
    assert take_all(box) == [3]
    assert not box.uncommitted


def test_a_partition_may_come_before_the_word_that_it_will():
    box = inbox()
    moved = Segment(ELEMENT + 1, 0, STATE, [(b"its state", 1)])
    box.arrived(Arrival(2, 1, CODEC.pack([moved])))
    box.noticed(Notice(2, 1))
    assert box.waiting() == [ELEMENT + 1]
    assert not box.line(ELEMENT + 1)
    assert box.open() == []
    assert [*box.line(ELEMENT + 1)] == [(0, STATE, [(b"its state", 1)])]


def test_a_notice_speaks_for_its_sender_only():
    box = inbox()
    arrive(box, 2, 1, "mine")
    box.noticed(Notice(3, 9))
    assert take_all(box) == []


def test_what_arrives_after_its_notice_goes_in_line_at_once():
    box = inbox()
    box.noticed(Notice(2, 5))
    arrive(box, 2, 5, "late")
    assert take_all(box) == ["late"]


def test_an_older_notice_takes_nothing_back():
    box = inbox()
    box.noticed(Notice(2, 5))
    box.noticed(Notice(2, 3))
    arrive(box, 2, 4, "a")
    assert take_all(box) == ["a"]


def test_of_a_lost_rank_only_what_it_had_not_committed_is_forgotten():
    box = inbox()
    arrive(box, 2, 1, "committed")
    arrive(box, 2, 2, "not committed")
    arrive(box, 3, 1, "of another")
    box.noticed(Notice(2, 1))
    box.drop(2)
    box.noticed(Notice(3, 1))
    assert take_all(box) == ["committed", "of another"]
    assert not box.uncommitted


def test_a_segment_is_given_out_in_parts_and_in_order():
    box = inbox()
    box.admit([Segment(ELEMENT, 4, "left", list(range(7))), Segment(ELEMENT, 5, "right", [7])], 1)
    parts = [box.next(ELEMENT, 3) for _ in range(4)]
    assert parts == [(4, "left", [0, 1, 2]), (4, "left", [3, 4, 5]), (4, "left", [6]), (5, "right", [7])]
    assert not box.tuples
    assert box.waiting() == []


def test_above_the_mark_senders_are_asked_to_hold_and_below_half_of_it_they_may_go_on():
    box = inbox(high_tuples=10)
    box.admit([Segment(ELEMENT, 0, "input", list(range(10)))], 1)
    assert box.take_news() == ([], [])
    box.admit([Segment(ELEMENT, 0, "input", [10])], 1)
    assert box.has_news
    assert box.take_news() == ([ELEMENT], [])
    assert box.take_news() == ([], [])
    box.next(ELEMENT, 6)
    assert not box.has_news
    assert box.take_news() == ([], [])
    box.next(ELEMENT, 1)
    box.next(ELEMENT, 1)
    assert box.take_news() == ([], [ELEMENT])
    assert box.take_news() == ([], [])


def test_a_few_heavy_tuples_are_too_many_as_well():
    box = inbox(high_tuples=100, high_bytes=1000)
    box.noticed(Notice(2, 9))
    arrive(box, 2, 1, "heavy", "heavy", size=1001)
    assert box.take_news() == ([ELEMENT], [])
    box.open()
    box.next(ELEMENT, 1)
    assert box.take_news() == ([], [])
    box.next(ELEMENT, 1)
    assert box.take_news() == ([], [ELEMENT])


class Unreadable:
    def __reduce__(self):
        return int, ("this is no number",)


def test_a_tuple_that_cannot_be_unpickled_is_out_of_line_and_says_why_and_its_companion_stays():
    box = inbox()
    box.noticed(Notice(2, 9))
    arrive(box, 2, 1, Unreadable(), 1)
    arrive(box, 2, 2, "good")
    assert box.tuples == {ELEMENT: 3}
    (lost,) = box.open()
    assert (lost.element, lost.tuples) == (ELEMENT, 1)
    assert "no number" in str(lost.error)
    assert box.tuples == {ELEMENT: 2}
    assert take_all(box) == [1, "good"]


@given(st.lists(st.tuples(st.sampled_from(["send", "notice"]), st.integers(1, 3)), max_size=60))
def test_whatever_the_order_everything_committed_comes_out_once_and_in_the_order_of_its_sender(story):
    box = inbox()
    sent = {1: 0, 2: 0, 3: 0}
    told = dict(sent)
    for what, source in story:
        if what == "send":
            sent[source] += 1
            arrive(box, source, sent[source], (source, sent[source]))
        else:
            told[source] = sent[source]
            box.noticed(Notice(source, sent[source]))
    out = take_all(box)
    for source, count in told.items():
        assert [tx for who, tx in out if who == source] == list(range(1, count + 1))
    assert box.uncommitted == (sent != told)
