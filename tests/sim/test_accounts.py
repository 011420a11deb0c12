"""The accounts of ranks that are parked and woken at random add up, whoever dies."""

from __future__ import annotations

import pytest

from tests.sim.compare import simulate
from tests.sim.gallery import BURSTS, GALLERY
from tests.sim.test_scaling import CHAOS, each

CASES = {**GALLERY, **BURSTS}


def check(cluster):
    """All that must hold between the figures of ranks, their timelines and the summary."""
    summary = cluster.summary
    timelines = {timeline.rank: timeline for timeline in summary.scaling.timelines}
    for figures in summary.ranks_figures:
        if not figures.rank:
            continue
        whole = figures.active_s + figures.parked_s
        if figures.state == "lost":
            assert 0 <= figures.parked_s <= whole <= summary.elapsed_s
            assert figures.rank not in timelines
            continue
        assert whole == pytest.approx(summary.elapsed_s, rel=0.1, abs=0.02)
        assert figures.busy_s + figures.idle_s == pytest.approx(figures.active_s)
        assert 0 <= figures.busy_s <= figures.active_s
        timeline = timelines[figures.rank]
        assert sum(timeline.busy) == pytest.approx(figures.busy_s, rel=1e-4, abs=1e-5)
        assert sum(timeline.parked) == pytest.approx(figures.parked_s, rel=1e-4, abs=1e-5)
        assert min(timeline.busy, default=0) > -1e-6
        for busy, parked in zip(timeline.busy, timeline.parked, strict=False):
            assert busy + parked <= timeline.width_s * (1 + 1e-4)
    pool = [f for f in summary.ranks_figures if "pool" in f.role and f.rank]
    if pool:
        lent_s = sum(f.lent_s for f in summary.ranks_figures)
        assert summary.process_time_s == pytest.approx(lent_s + sum(f.active_s for f in pool))
        assert summary.parked_s == pytest.approx(sum(f.parked_s for f in pool))
    assert 0 <= summary.efficiency <= 1
    return summary


@pytest.mark.parametrize("size", [2, 3, 8])
@each(CASES)
def test_active_and_parked_time_are_the_run_and_busy_and_idle_time_are_the_active(case, size):
    summary = check(simulate(case, size, settings=CHAOS))
    assert (summary.scaler is None) == (summary.scaling.ranks == 0)


@each(GALLERY)
def test_a_rank_that_dies_is_accounted_for_as_the_head_saw_it(case):
    for seed in range(3):
        check(simulate(case, 8, seed, kills=2, settings=CHAOS))


def test_pinned_ranks_have_timelines_and_nobody_scales_them():
    summary = check(simulate(next(iter(GALLERY.values())), 4, mapping="static"))
    assert summary.scaler is None
    assert [timeline.rank for timeline in summary.scaling.timelines] == [1, 2, 3]
