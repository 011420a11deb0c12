from __future__ import annotations

import pytest

from hpcd4p.live.rates import LATELY_S, Rates


def test_before_two_looks_nothing_is_known():
    rates = Rates()
    assert rates.of("a") == 0.0
    rates.add(0.0, {"a": 100.0})
    assert rates.of("a") == 0.0


def test_it_is_that_of_the_last_seconds_only():
    rates = Rates()
    for second in range(20):
        rates.add(float(second), {"a": 1000.0 * min(second, 10)})
    assert rates.of("a") == 0.0


def test_looks_that_are_far_between_still_give_one():
    rates = Rates()
    for look in range(4):
        rates.add(look * 3 * LATELY_S, {"a": look * 30 * LATELY_S})
    assert rates.of("a") == pytest.approx(10.0)


def test_what_has_gone_back_to_a_checkpoint_has_no_negative_rate():
    rates = Rates()
    rates.add(0.0, {"a": 10})
    rates.add(1.0, {"a": 4})
    assert rates.of("a") == 0.0
