"""The ring of a rank that keeps what it did."""

from __future__ import annotations

import threading
from collections import namedtuple
from struct import Struct

import pytest

from hpcd4p.record.spans import BESIDE, FIELDS, FORMAT, OWN, PADDING, SEVERAL, SIZE, Kind
from hpcd4p.runtime.clock import Clock
from hpcd4p.runtime.execute.spans import TELL_S, Spans

FORM = Struct(FORMAT)


Row = namedtuple("Row", FIELDS)  # type: ignore[misc]  # of which there is one list


def rows(data: bytes) -> list[Row]:
    return [Row(*FORM.unpack_from(data, at)) for at in range(0, len(data), SIZE)]


def ring(most: int = 8, rank: int = 1) -> tuple[Spans, list[float]]:
    hands = [100.0]
    return Spans(rank, most, Clock(lambda: hands[0], 100.0)), hands


def test_the_size_is_that_of_the_form():
    assert FORM.size == SIZE
    assert FORMAT.endswith(f"{PADDING}x")


def test_what_is_written_is_told_once_in_seconds_since_the_start_of_the_rank():
    spans, _ = ring()
    spans.writer(3, 2)(101.0, 101.5, 40)
    told = spans.told()
    assert rows(told.spans) == [(1.0, 1.5, 0.5, 3, 2, 40, 0, OWN, Kind.RUN)]
    assert (told.rank, told.began, told.dropped) == (1, 100.0, 0)
    assert rows(spans.told().spans) == []


def test_of_more_than_it_holds_the_oldest_go_and_are_counted():
    spans, _ = ring(most=4)
    ran = spans.writer(0, 0)
    for second in range(10):
        ran(100.0 + second, 100.5 + second, second)
    told = spans.told()
    assert [row.tuples for row in rows(told.spans)] == [6, 7, 8, 9]
    assert told.dropped == 6
    ran(111.0, 111.5, 10)
    told = spans.told()
    assert ([row.tuples for row in rows(told.spans)], told.dropped) == ([10], 0)


def test_waits_that_follow_each_other_are_one():
    spans, _ = ring()
    for begin in (101.0, 101.101, 101.202):
        spans.waited(begin, begin + 0.1)
    spans.waited(102.0, 102.1)  # long after
    spans.writer(0, 0)(102.1, 102.2, 1)
    spans.waited(102.2, 102.3)  # something was between
    waits = [
        (round(row[0], 3), round(row[1], 3)) for row in rows(spans.told().spans) if row.kind == Kind.WAIT
    ]
    assert waits == [(1.0, 1.302), (2.0, 2.1), (2.2, 2.3)]


def test_a_wait_that_was_told_is_not_changed_any_more():
    spans, _ = ring()
    spans.waited(101.0, 101.1)
    assert len(rows(spans.told().spans)) == 1
    spans.waited(101.1, 101.2)
    assert [row[:2] for row in rows(spans.told().spans)] == [(101.1 - 100, 101.2 - 100)]


def test_what_a_source_does_in_its_thread_does_not_end_a_wait():
    spans, _ = ring()
    spans.waited(101.0, 101.1)
    spans.writer(0, 0, lane=1)(101.05, 101.06, 1)
    spans.waited(101.1, 101.2)
    assert len([row for row in rows(spans.told().spans) if row.kind == Kind.WAIT]) == 1


def test_while_it_is_parked_its_waits_are_a_part_of_that():
    spans, _ = ring()
    spans.waited(100.5, 101.0)
    spans.parks()
    spans.waited(101.0, 104.0)
    spans.parked(101.0, 104.0)
    spans.waited(104.0, 104.5)
    assert [(row.kind, row[0], row[1]) for row in rows(spans.told().spans)] == [
        (Kind.WAIT, 0.5, 1.0), (Kind.PARK, 1.0, 4.0), (Kind.WAIT, 4.0, 4.5),
    ]  # fmt: skip


def test_what_ran_beside_follows_each_other():
    spans, _ = ring()
    spans.beside(2, 101.0, 0.5, 10)
    spans.beside(2, 101.0, 0.25, 5)  # the second part of the same task
    spans.beside(2, 103.0, 0.5, 1)
    told = rows(spans.told().spans)
    assert [row[:2] for row in told] == [(1.0, 1.5), (1.5, 1.75), (3.0, 3.5)]
    assert {row.lane for row in told} == {BESIDE}


def test_a_task_has_its_number_until_it_ends():
    spans, _ = ring()
    ran = spans.writer(0, 0)
    spans.begin_task()
    ran(101.0, 101.1, 1)
    spans.task = 0
    ran(102.0, 102.1, 1)
    spans.begin_task()
    ran(103.0, 103.1, 1)
    assert [row.task for row in rows(spans.told().spans)] == [1, 0, 2]


def test_a_task_that_is_given_back_has_not_been_done():
    spans, _ = ring()
    ran = spans.writer(0, 0)
    ran(101.0, 101.1, 1)
    spans.writer(5, 0, lane=6)(102.05, 102.1, 1)
    ran(102.0, 102.1, 2)
    spans.waited(102.1, 102.2)
    ran(102.2, 102.3, 3)
    spans.undo(102.0)
    kinds = {
        row.tuples: row.kind for row in rows(spans.told().spans) if row.lane == OWN and row.kind != Kind.WAIT
    }
    assert kinds == {1: Kind.RUN, 2: Kind.UNDONE, 3: Kind.UNDONE}


def test_it_is_told_once_a_second_and_never_by_rank_0():
    for rank in (1, 0):
        spans, hands = ring(rank=rank)
        assert not spans.is_due(100.0 + TELL_S)  # there is nothing
        spans.committed(100.1, 100.2)
        assert not spans.is_due(100.0 + TELL_S / 2)
        assert spans.is_due(100.0 + TELL_S) == (rank != 0)
        hands[0] = 100.0 + TELL_S
        spans.told()
        spans.committed(101.1, 101.2)
        assert not spans.is_due(hands[0] + TELL_S / 2)


def test_its_memory_is_looked_at_now_and_then():
    spans, _ = ring(most=100)
    ran = spans.writer(0, 0)
    for tenth in range(50):
        ran(100.0 + tenth / 10, 100.05 + tenth / 10, 1)
    looks = spans.told().memory
    assert 4 <= len(looks) <= 6
    assert all(size > 1_000_000 for _, size in looks)


def test_several_threads_write_and_nothing_is_lost():
    spans, _ = ring(most=40_000)

    def write(element: int) -> None:
        ran = spans.writer(element, 0, lane=element + 1)
        for number in range(10_000):
            ran(100.0, 100.0, number)

    threads = [threading.Thread(target=write, args=(element,)) for element in range(3)]
    for thread in threads:
        thread.start()
    parts = []
    while any(thread.is_alive() for thread in threads):
        parts.append(spans.told())
    parts.append(spans.told())
    told = [row for part in parts for row in rows(part.spans)]
    assert sum(part.dropped for part in parts) == 0
    for element in range(3):
        assert [row.tuples for row in told if row.element == element] == list(range(10_000))


def test_short_calls_of_one_element_that_follow_each_other_are_one_span():
    spans, _ = ring()
    rans = [spans.writer(3, partition) for partition in range(3)]
    for number in range(12):
        rans[number % 3](101.0 + number * 1e-4, 101.00005 + number * 1e-4, 10)
    first, second = rows(spans.told().spans)
    assert (first.begin_s, first.tuples, first.partition, first.element) == (1.0, 100, SEVERAL, 3)
    assert first.end_s == pytest.approx(1.00095)
    assert first.busy_s == pytest.approx(10 * 0.00005, rel=1e-5)
    assert (second.tuples, second.partition) == (20, SEVERAL)


def test_what_is_not_of_one_kind_is_not_one_span():
    spans, _ = ring(most=20)
    ran, other = spans.writer(3, 0), spans.writer(4, 0)
    tick = 1e-5

    def call(what, number, gap=0.0):
        what(101 + number * tick + gap, 101 + number * tick + gap + tick / 2, number)

    call(ran, 1)
    call(other, 2)  # of another element
    call(ran, 3)
    spans.committed(101 + 3.6 * tick, 101 + 3.9 * tick)
    call(ran, 4)  # something was between
    spans.begin_task()
    call(ran, 5)  # of a task
    call(ran, 6)
    spans.begin_task()
    call(ran, 7)  # of the next one
    call(ran, 8, gap=0.0002)  # long after
    told = [row for row in rows(spans.told().spans) if row.kind == Kind.RUN]
    assert [(row.element, row.tuples, row.task) for row in told] == [
        (3, 1, 0), (4, 2, 0), (3, 3, 0), (3, 4, 0), (3, 11, 1), (3, 7, 2), (3, 8, 2),
    ]  # fmt: skip
    assert {row.partition for row in told} == {0}
