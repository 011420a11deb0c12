"""Service times and arrivals: what is drawn is what was asked for, and what cannot be is refused."""

from __future__ import annotations

import numpy as np
import pytest

from hpcd4p.errors import SettingsError
from hpcd4p.simulation.arrivals import read_arrivals
from hpcd4p.simulation.service import Draws, read_service


@pytest.mark.parametrize("text", ["constant:0.2", "exponential:0.2", "lognormal:0.2,0.7", "beta:2,5,0.7"])
def test_the_mean_is_the_one_that_was_asked_for(text):
    service = read_service(text)
    drawn = service.draw(np.random.default_rng(1), 200_000)
    assert service.mean_s == pytest.approx(0.2)
    assert drawn.mean() == pytest.approx(0.2, rel=0.02)
    assert (drawn > 0).all()


def test_numbers_of_a_file_are_drawn(tmp_path):
    file = tmp_path / "times"
    file.write_text("# seconds\n0.1\n0.3\n")
    service = read_service(f"empirical:{file}")
    assert service.mean_s == pytest.approx(0.2)
    assert set(service.draw(np.random.default_rng(1), 100)) == {0.1, 0.3}


def test_a_slice_ends_with_the_tuple_that_passes_it():
    draws = Draws(read_service("constant:0.004"), np.random.default_rng(1))
    assert draws.take(3, 0.02, 0.001) == (3, pytest.approx(0.012))
    assert draws.take(100, 0.0201, 0.001) == (6, pytest.approx(0.024))
    assert draws.take(6, 0.0201, 0.009) == (6, pytest.approx(0.024))  # what is left is not worth it


def test_nothing_is_lost_between_blocks():
    draws = Draws(read_service("constant:1"), np.random.default_rng(1))
    assert draws.take(200_000, 1e9, 0.0) == (200_000, pytest.approx(200_000.0))


def came(text, tuples=None):
    arrivals = read_arrivals(text)
    return list(arrivals.batches(arrivals.total(tuples), np.random.default_rng(1)))


def test_arrivals_come_when_they_should(tmp_path):
    assert came("all", 7) == [(0.0, 7)]
    assert came("steady:10", 3) == [(0.0, 1), (0.1, 1), (0.2, 1)]
    assert came("burst:4,2", 10) == [(0.0, 4), (2.0, 4), (4.0, 2)]
    assert came("step:1,2,4", 6) == [(0.0, 1), (1.0, 1), (2.0, 1), (2.25, 1), (2.5, 1), (2.75, 1)]
    assert came("step:0,3,1", 2) == [(3.0, 1), (4.0, 1)]
    file = tmp_path / "trace"
    file.write_text("0 2\n0.5 0\n3.5, 1\n")
    assert came(f"trace:{file}") == [(0.0, 2), (3.5, 1)]
    assert came(f"trace:{file}", 2) == [(0.0, 2)]


@pytest.mark.parametrize("rate", [3, 500, 50_000])
def test_quick_arrivals_come_in_batches_and_none_is_lost(rate):
    for kind in ("steady", "poisson"):
        batches = came(f"{kind}:{rate}", 2000)
        assert sum(many for _, many in batches) == 2000
        assert batches[-1][0] == pytest.approx(2000 / rate, rel=0.15, abs=0.01)
        assert [at for at, _ in batches] == sorted(at for at, _ in batches)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gamma:1", "no distribution 'gamma'"),
        ("constant", "expected a number above 0"),
        ("constant:0", "expected a number above 0"),
        ("exponential:-1", "above 0"),
        ("lognormal:0.1", "expected 2 numbers"),
        ("beta:2,5", "expected 3 numbers"),
        ("constant:nan", "above 0"),
        ("empirical:/nowhere", "cannot read"),
    ],
)
def test_no_distribution_is_one_message(text, said):
    with pytest.raises(SettingsError, match=said):
        read_service(text)


@pytest.mark.parametrize(
    "text",
    ["sometimes", "steady", "steady:0", "burst:2", "burst:1.5,1", "step:1,2", "step:1,5,2,3,4", "poisson:x"],
)
def test_no_arrivals_are_one_message(text):
    with pytest.raises(SettingsError, match="--arrivals"):
        read_arrivals(text)


@pytest.mark.parametrize("lines", ["", "1 2 3\n", "2 1\n1 1\n", "1 0.5\n", "-1 2\n", "0 0\n", "a b\n"])
def test_a_trace_that_is_none_is_one_message(tmp_path, lines):
    file = tmp_path / "trace"
    file.write_text(lines)
    with pytest.raises(SettingsError, match="--arrivals trace:"):
        read_arrivals(f"trace:{file}")
