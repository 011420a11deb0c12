from __future__ import annotations

import pickle
import random

import pytest

from hpcd4p.live.forecast import MOST_WINDOWS, Forecast


def of(parts, every_s: float = 1.0) -> Forecast:
    forecast = Forecast()
    for look, part in enumerate(parts):
        forecast.add(look * every_s, part)
    return forecast


def test_too_early_nothing_is_said():
    assert Forecast().left(0.0) is None
    assert of([0.0, 0.1, 0.2]).left(2.0) is None


def test_while_hardly_anything_is_done_nothing_is_said():
    assert of(second * 1e-5 for second in range(100)).left(99.0) is None


def test_a_steady_run_is_expected_to_go_on_so_for_sure():
    expected = of(second / 100 for second in range(51)).left(50.0)
    assert expected is not None
    assert (expected.left_s, expected.soonest_s, expected.latest_s) == pytest.approx((50.0, 50.0, 50.0))


def test_since_the_last_word_time_has_passed():
    expected = of(second / 100 for second in range(51)).left(60.0)
    assert expected is not None
    assert expected.left_s == pytest.approx(40.0)


def test_a_run_that_goes_on_counts_what_it_did_itself():
    expected = of(0.5 + second / 100 for second in range(11)).left(10.0)
    assert expected is not None
    assert expected.left_s == pytest.approx(40.0)


def test_one_that_has_become_slow_may_take_as_long_as_it_is_slow():
    quick = [second / 100 for second in range(41)]
    slow = [0.4 + second / 1000 for second in range(1, 41)]
    expected = of(quick + slow).left(80.0)
    assert expected is not None
    assert expected.latest_s is None or expected.latest_s > 0.56 / 0.001
    assert expected.soonest_s < expected.left_s < 0.56 / 0.001


def test_one_that_stands_still_now_and_then_may_take_for_ever():
    parts, done = [0.0], 0.0
    for window in range(6):
        done += 0.05 if window == 2 else 0.0
        parts.append(done)
    expected = of(parts).left(6.0)
    assert expected is not None
    assert expected.latest_s is None


def test_a_long_run_keeps_few_looks():
    forecast = of(second / 100_000 for second in range(50_000))
    assert len(pickle.dumps(forecast)) < 40 * MOST_WINDOWS
    expected = forecast.left(49_999.0)
    assert expected is not None
    assert expected.left_s == pytest.approx(50_001.0)


def steps(seed: int) -> list[float]:
    """Parts of a run, second by second, whose speed scatters: an exponential time for each hundredth."""
    dice = random.Random(seed)
    ends, at = [], 0.0
    for _ in range(200):
        at += dice.expovariate(2.0)
        ends.append(at)
    return [sum(end <= second for end in ends) / 200 for second in range(int(at) + 2)]


def test_the_end_comes_as_soon_or_as_late_as_was_said_in_eight_of_ten_runs():
    inside = 0
    for seed in range(100):
        parts = steps(seed)
        half = next(second for second, part in enumerate(parts) if part >= 0.5)
        expected = of(parts[: half + 1]).left(float(half))
        assert expected is not None
        left_s = len(parts) - 1 - half
        assert expected.soonest_s <= expected.left_s
        inside += expected.soonest_s - 1 <= left_s <= (expected.latest_s or 1e9) + 1
    assert 70 <= inside <= 97
