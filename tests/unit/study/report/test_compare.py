"""Ratios with bootstrap intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcd4p.study.report.compare import mean_ratio, ratio, resampled_medians


def test_a_ratio_is_that_of_the_medians():
    found = ratio([2.0, 9.0, 2.2], [1.0, 1.1, 0.1])
    assert found.value == pytest.approx(2.2)
    assert (found.n, found.base_n) == (3, 3)


def test_no_interval_below_three_repeats_on_either_side():
    three, two = [1.0, 1.1, 1.2], [1.0, 1.1]
    assert ratio(three, three).interval is not None
    assert ratio(two, three).interval is None
    assert ratio(three, two).interval is None
    assert ratio(two, three).value == pytest.approx(1.05 / 1.1)


def test_nothing_to_compare_is_unknown():
    assert not ratio([], [1.0]).known
    assert not ratio([1.0], [0.0]).known
    assert not mean_ratio([]).known


def test_the_dice_are_the_same_each_time():
    samples, base = [1.0, 1.3, 0.9, 1.1], [2.0, 2.1, 1.9]
    assert ratio(samples, base) == ratio(samples, base)
    assert not np.array_equal(resampled_medians(samples, 0), resampled_medians(samples, 1))


def test_at_least_2000_resamples():
    assert len(resampled_medians([1.0, 2.0, 3.0])) >= 2000


@pytest.mark.parametrize(("n", "least"), [(3, 0.87), (5, 0.92), (10, 0.92)])
def test_intervals_hold_the_true_ratio_about_as_often_as_they_say(n, least):
    dice = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        a, b = np.exp(0.1 * dice.standard_normal((2, n)))
        interval = ratio(0.8 * a, b).interval
        held += interval.low <= 0.8 <= interval.high
    assert least <= held / 300 <= 1.0


def test_more_repeats_make_shorter_intervals():
    dice = np.random.default_rng(5)

    def width(n):
        widths = []
        for _ in range(30):
            a, b = np.exp(0.1 * dice.standard_normal((2, n)))
            interval = ratio(a, b).interval
            widths.append(interval.high - interval.low)
        return np.mean(widths)

    assert width(20) < 0.7 * width(5)


def test_a_difference_is_clear_if_the_interval_leaves_one_out():
    assert ratio([0.8, 0.81, 0.79], [1.0, 1.01, 0.99]).clear
    assert not ratio([0.98, 1.05, 0.99], [1.0, 1.01, 0.97]).clear
    assert not ratio([0.8], [1.0]).clear


def test_the_mean_over_points_is_geometric_and_says_the_fewest_repeats():
    found = mean_ratio([([2.0] * 3, [1.0] * 4), ([0.5] * 5, [1.0] * 3), ([], [1.0])])
    assert found.value == pytest.approx(1.0)
    assert (found.n, found.base_n) == (3, 3)
    assert found.interval == pytest.approx((1.0, 1.0))


def test_a_mean_has_no_interval_if_one_of_its_ratios_has_none():
    found = mean_ratio([([2.0] * 3, [1.0] * 3), ([0.5], [1.0] * 3)])
    assert found.interval is None
    assert math.isfinite(found.value)
