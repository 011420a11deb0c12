"""When a rank was busy and when it was parked, in bins."""

from __future__ import annotations

import random
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.runtime.rank.timeline import FEW_BINS, FIRST_S, MOST_BINS, Timeline, bins_for

times = st.floats(0, 1e5, allow_nan=False)
spans = st.lists(st.tuples(times, times).map(sorted), max_size=30)


@given(busy=spans, parked=spans, lent=spans, most=st.sampled_from([2, 8, 64, 256]))
def test_every_second_is_in_one_bin(busy, parked, lent, most):
    line = Timeline(most)
    for begin, end in busy:
        line.busy(begin, end)
    for begin, end in parked:
        line.parked(begin, end)
    for begin, end in lent:
        line.lent(begin, end)
    _, were_busy, were_parked, were_lent = line.bins()
    assert sum(were_busy) == pytest.approx(sum(e - b for b, e in busy), rel=1e-5, abs=1e-4)
    assert sum(were_parked) == pytest.approx(sum(e - b for b, e in parked), rel=1e-5, abs=1e-4)
    assert sum(were_lent) == pytest.approx(sum(e - b for b, e in lent), rel=1e-5, abs=1e-4)
    assert max(len(were_busy), len(were_parked), len(were_lent)) <= most


@given(end=st.floats(0.001, 1e6), most=st.sampled_from([8, 256]))
def test_a_long_run_fills_at_least_half_of_the_bins_and_never_more_than_there_are(end, most):
    line = Timeline(most)
    line.busy(0, end)
    width, busy, _, _ = line.bins()
    assert width * (len(busy) - 1) <= end * (1 + 1e-6)
    assert width == FIRST_S or len(busy) >= most // 2
    # what is before its end is full: a call of an hour is busy all along
    assert all(b == pytest.approx(width, rel=1e-5) for b in busy[:-1])


def test_what_is_told_late_is_where_it_was():
    line = Timeline(8)
    for second in range(0, 64, 2):
        line.busy(second, second + 1)
    width, busy, parked, _ = line.bins()
    assert width > 1
    assert list(busy) == pytest.approx([width / 2] * len(busy), abs=width / 2)
    assert sum(busy) == pytest.approx(32)
    assert list(parked) == []


def test_widths_do_not_matter_to_a_random_life():
    dice = random.Random(5)
    fine, coarse = Timeline(256), Timeline(64)
    at = 0.0
    for _ in range(2000):
        begin = at + dice.random() * 0.01
        at = begin + dice.random() * 0.02
        for line in (fine, coarse):
            line.busy(begin, at)
    (fine_s, many, *_), (coarse_s, few, *_) = fine.bins(), coarse.bins()
    step = round(coarse_s / fine_s)
    for i in range(len(many) // step):
        assert sum(many[i * step : (i + 1) * step]) == pytest.approx(few[i], abs=1e-4)


def test_what_a_call_waited_is_taken_out_of_it():
    line = Timeline(8)
    line.not_busy(0.002, 0.006)
    line.busy(0.0, 0.010)
    assert list(line.bins()[1]) == pytest.approx([0.002, 0, 0, 0.002, 0.002], abs=1e-9)


def test_an_update_takes_about_a_microsecond():
    line = Timeline()
    line.busy(0, 100)
    at = min(timeit.repeat(lambda: line.busy(50.001, 50.002), number=2000, repeat=20)) / 2000
    assert at < 3e-6  # 0.4 µs on an idle core of 2023


def test_many_ranks_have_few_bins_each():
    assert (bins_for(16), bins_for(10_000)) == (MOST_BINS, FEW_BINS)
