"""Histograms of times: how far off a quantile may be, and that they can be merged in any order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.histogram import (
    LEAST,
    MOST,
    PARTS,
    Histogram,
    all_pairs,
    bucket_of,
    lower_edge,
    merge_all,
    middle_of,
)

TIMES = st.floats(1e-9, 1e6)
COUNTED = st.lists(st.tuples(TIMES, st.integers(1, 1000)), max_size=30)

ERROR = 1 / (2 * PARTS)


def histogram(counted) -> Histogram:
    made = Histogram()
    for seconds, tuples in counted:
        made.add(seconds, tuples)
    return made


@given(TIMES)
def test_a_time_lies_in_its_bucket_which_tells_it_to_1_in_32(seconds):
    bucket = bucket_of(seconds)
    assert lower_edge(bucket) <= seconds < lower_edge(bucket + 1)
    assert abs(middle_of(bucket) - seconds) <= ERROR * seconds


@pytest.mark.parametrize("bucket", [LEAST, -1, 0, 1, PARTS, MOST])
def test_buckets_meet_without_a_gap(bucket):
    assert bucket_of(lower_edge(bucket)) == bucket
    assert bucket_of(math.nextafter(lower_edge(bucket + 1), 0.0)) == bucket


@pytest.mark.parametrize(("seconds", "bucket"), [(0.0, LEAST), (-1.0, LEAST), (1e-15, LEAST), (1e12, MOST)])
def test_what_no_clock_can_tell_is_in_the_first_or_the_last_bucket(seconds, bucket):
    assert bucket_of(seconds) == bucket


@given(st.lists(TIMES, min_size=1, max_size=200), st.floats(0.01, 1.0))
def test_a_quantile_is_that_of_the_times_to_1_in_32(times, part):
    exact = sorted(times)[math.ceil(part * len(times)) - 1]
    told = histogram((seconds, 1) for seconds in times).quantile(part)
    assert abs(told - exact) <= ERROR * exact * (1 + 1e-9)


@given(COUNTED, COUNTED, COUNTED)
def test_merging_is_associative_and_loses_nothing(first, second, third):
    one, two, three = histogram(first), histogram(second), histogram(third)
    left = Histogram(one.pairs())
    left.merge(two.pairs())
    left.merge(three.pairs())
    right = Histogram(three.pairs())
    right.merge(two.pairs())
    inner = Histogram(one.pairs())
    inner.merge(right.pairs())
    assert left == inner == histogram([*first, *second, *third])


def test_its_size_is_bounded_whatever_is_counted():
    times = histogram((10.0**exponent * part, 1) for exponent in range(-20, 20) for part in (1, 2.5, 7.7))
    for step in range(100_000):
        times.add(1e-9 * 1.0004**step)
    assert len(times.counts) <= MOST - LEAST + 1 == 848


def test_an_empty_one_says_nothing():
    empty = Histogram()
    assert not empty
    assert (empty.tuples, empty.pairs(), empty.quantile(0.5), empty.mean) == (0, [], 0.0, 0.0)


def test_the_mean_is_that_of_the_times():
    assert histogram([(0.001, 3), (1.0, 1)]).mean == pytest.approx(0.25075, rel=ERROR)


def test_histograms_are_merged_by_what_they_are_of():
    into = {1: histogram([(0.5, 2)])}
    merge_all(into, all_pairs({1: histogram([(0.5, 3)]), 2: histogram([(8.0, 1)])}))
    assert into == {1: histogram([(0.5, 5)]), 2: histogram([(8.0, 1)])}
