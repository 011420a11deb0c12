"""Service times drawn from what a record has counted."""

from __future__ import annotations

import numpy as np
import pytest

from hpcd4p.histogram import Histogram
from hpcd4p.simulation.recorded import MOST_DRAWS, Part, of_parts


def part(*counted, mean_s, per_tuple=1.0) -> Part:
    histogram = Histogram()
    for seconds, tuples in counted:
        histogram.add(seconds, tuples)
    return Part(histogram.pairs(), mean_s, per_tuple)


def draws(*parts, n=50_000):
    service = of_parts("the record x.h5", parts)
    return service, service.draw(np.random.default_rng(3), n)


def test_two_kinds_of_tuples_stay_two_kinds():
    service, times = draws(part((0.001, 95), (0.1, 5), mean_s=0.00595))
    assert service.mean_s == 0.00595
    assert times.mean() == pytest.approx(0.00595, rel=0.05)
    assert np.quantile(times, 0.5) == pytest.approx(0.001, rel=0.06)
    assert np.quantile(times, 0.99) == pytest.approx(0.1, rel=0.06)
    assert "0.00595 s on average" in service.text


def test_the_mean_is_that_which_was_measured():
    _, times = draws(part((0.01, 10), mean_s=0.02))
    assert times.mean() == pytest.approx(0.02, rel=0.01)


def test_what_follows_in_other_elements_is_added():
    _, times = draws(
        part((0.01, 1), mean_s=0.01),
        part((0.002, 1), mean_s=0.002, per_tuple=3.0),
        part((0.5, 1), mean_s=0.5, per_tuple=0.1),
    )
    assert times.mean() == pytest.approx(0.01 + 0.006 + 0.05, rel=0.03)
    assert np.quantile(times, 0.5) == pytest.approx(0.016, rel=0.06)
    assert np.quantile(times, 0.95) == pytest.approx(0.516, rel=0.06)


def test_many_tuples_of_one_take_what_they_take_on_average():
    _, times = draws(part((0.001, 9), (0.1, 1), mean_s=0.0109, per_tuple=10.0 * MOST_DRAWS))
    assert times.min() == times.max() == pytest.approx(1.744)


def test_an_element_without_a_histogram_takes_its_mean():
    _, times = draws(Part([], 0.25, 1.0))
    assert times.min() == times.max() == 0.25
