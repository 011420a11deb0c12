"""A task takes about as long as it should, and holds no more than it may."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p.control.granularity import (
    COMMIT_S,
    REDIS_SHARE,
    Granularity,
)
from hpcd4p.plan.settings import EngineSettings

SETTINGS = EngineSettings()


@given(st.floats(0, 1e9), st.integers(1, 20_000))
def test_a_task_never_holds_nothing_nor_more_than_it_may(service_us, ranks):
    g = Granularity(SETTINGS, ranks)
    g.learn({0: service_us})
    assert 1 <= g.cut_task(0) <= SETTINGS.max_task_tuples


def test_a_task_takes_as_long_as_it_should():
    g = Granularity(SETTINGS, 10)
    g.learn({0: 100.0})
    assert g.cut_task(0) * 100e-6 == pytest.approx(SETTINGS.task_s)


def test_a_slow_tuple_is_a_task():
    g = Granularity(SETTINGS, 10)
    g.learn({0: 2e6})
    assert g.cut_task(0) == 1
    assert g.service_s(0) == 2.0


def test_while_nothing_is_known_every_rank_gets_one_tuple_before_any_gets_two():
    g = Granularity(EngineSettings(max_task_tuples=3), 2)
    assert not g.known(0)
    assert not g.tried(0)
    assert g.round_tuples(0) == 2
    assert [g.cut_task(0) for _ in range(6)] == [1, 1, 2, 2, 3, 3]
    assert g.tried(0)
    assert g.round_tuples(0) == 6
    assert g.cut_task(1) == 1


def test_so_many_ranks_get_longer_tasks_that_redis_keeps_up():
    few, many = Granularity(SETTINGS, 10), Granularity(SETTINGS, 10_000)
    assert few.task_s == SETTINGS.task_s
    assert 10_000 / many.task_s * COMMIT_S == pytest.approx(REDIS_SHARE)


@pytest.mark.parametrize("service_s", [1e-5, 0.01, 0.37, 0.7, 1.0, 1.19])
@pytest.mark.parametrize("ranks", [1000, 10_000, 100_000])
def test_what_does_not_divide_evenly_is_not_made_up_for_by_redis(service_s, ranks):
    g = Granularity(SETTINGS, ranks)
    g.learn({0: service_s * 1e6})
    if g.cut_task(0) < SETTINGS.max_task_tuples:
        assert ranks / (g.cut_task(0) * service_s) * COMMIT_S <= REDIS_SHARE * 1.0001


def test_a_slice_is_not_shorter_than_the_tasks_of_many_ranks():
    assert Granularity(SETTINGS, 10).slice_s == SETTINGS.slice_s
    assert Granularity(SETTINGS, 10_000).slice_s == pytest.approx(2 * Granularity(SETTINGS, 10_000).task_s)
