"""What ranks send adds up to what is read."""

from __future__ import annotations

import pytest

from hpcd4p.wire.statistics import (
    NO_WORK,
    Cause,
    FailureCounts,
    Statistics,
    Work,
    add,
    count_cores,
    count_failures,
    count_work,
)


def test_what_ranks_send_is_read_by_element_with_its_units():
    sums: dict[str, int] = {}
    for before, now in ((NO_WORK, Work(2, 30, 4, 500, 1, 10)), (Work(2, 30, 4, 500, 1, 10), Work(5, 90, 7))):
        growth: dict[str, int] = {}
        count_work(growth, 12, before, now)
        add(sums, growth)
    stats = Statistics(sums)
    assert stats.work(12) == Work(5, 90, 7)
    assert stats.work(1) == NO_WORK
    assert (stats.tuples, stats.busy_us) == (5, 90)


def test_what_is_done_grows_with_tuples_outputs_and_failures_and_not_with_time():
    growth: dict[str, int] = {}
    count_work(growth, 3, NO_WORK, Work(2, 30, 4, 500, 1, 10))
    count_failures(growth, 3, Cause.RAISED, 1)
    assert Statistics(growth).done == 7
    count_cores(growth, 10, 7)
    count_work(growth, 3, Work(), Work(0, 30))
    assert Statistics(growth).done == 7


def test_only_what_has_changed_is_sent():
    growth: dict[str, int] = {}
    count_work(growth, 3, Work(2, 30, 4), Work(2, 35, 4))
    count_cores(growth, 0, 7)
    assert growth == {"u:3": 5, "queue": 7}


def test_failures_are_counted_in_all_and_by_cause():
    growth: dict[str, int] = {}
    for cause, tuples in ((Cause.RAISED, 1), (Cause.UNSENT, 2), (Cause.UNREAD, 3), (Cause.OTHER, 4)):
        count_failures(growth, 3, cause, tuples)
    stats = Statistics(growth)
    assert stats.failures(3) == FailureCounts(tuples=10, raised=1, unsent=2, unread=3)
    assert stats.failed == 10


def test_the_hash_of_redis_is_read_as_it_was_added_up():
    stats = Statistics.read([(b"n:1", b"3"), (b"cpu", b"70"), (b"queue", b"5")])
    assert (stats.work(1).tuples, stats.cpu_us, stats.queue_us) == (3, 70, 5)
    with pytest.raises(ValueError, match="x"):
        Statistics.read([(b"n:1", b"x")])


def test_a_tuple_takes_what_the_later_ones_took_and_what_is_written_costs_as_well():
    sums: dict[str, int] = {}
    count_work(sums, 1, NO_WORK, Work(tuples=10, busy_us=5000))
    count_work(sums, 2, NO_WORK, Work(tuples=10, busy_us=5000, later_tuples=9, later_busy_us=900))
    count_work(sums, 3, NO_WORK, Work(tuples=10, busy_us=0, written_bytes=20_000))
    assert Statistics(sums).service_us() == {1: 500.0, 2: 100.0, 3: 2.0}


@pytest.mark.parametrize(
    ("fields", "share"),
    [
        ({"u:1": 1000, "cpu": 100}, 0.1),
        ({"u:1": 600, "u:2": 400, "cpu": 200, "queue": 200}, 0.25),
        ({"u:1": 1000, "cpu": 5000}, 1.0),
        ({"u:1": 1000, "cpu": 250, "queue": 750}, 1.0),
        ({"u:1": 1000}, None),
        ({"cpu": 10}, None),
    ],
)
def test_how_much_of_the_time_inside_elements_needs_a_core(fields, share):
    assert Statistics(fields).core_share() == share
