"""Ranks that are parked and woken change nothing about the answer."""

from __future__ import annotations

import pytest

from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing import turns
from tests.sim.compare import seeds, simulate
from tests.sim.gallery import GALLERY
from tests.sim.test_cluster import SMALL

CHAOS = EngineSettings(autoscale="tests.sim.chaos:Chaos", scale_s=0.0003)


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)


def each(gallery):
    return pytest.mark.parametrize("case", gallery.values(), ids=list(gallery))


@pytest.mark.parametrize(
    "settings",
    [CHAOS, SMALL._replace(autoscale=CHAOS.autoscale, scale_s=0.0003)],
    ids=["usual", "small"],
)
@pytest.mark.parametrize("size", [3, 5, 16])
@each(GALLERY)
def test_a_pool_in_chaos_gives_the_answer_of_one_process(case, size, settings):
    for seed in seeds(2):
        simulate(case, size, seed, settings=settings)


@pytest.mark.parametrize("size", [5, 8])
@each(GALLERY)
def test_ranks_that_die_in_a_chaotic_pool_change_nothing(case, size):
    for seed in seeds(2):
        simulate(case, size, seed, kills=2, settings=CHAOS)


@pytest.mark.parametrize("policy", ["none", "fixed:1", "fixed:2", "queue", "idle", "knee"])
@each(GALLERY)
def test_every_policy_gives_the_answer_of_one_process(case, policy):
    for seed in seeds(2):
        simulate(case, 8, seed, settings=EngineSettings(autoscale=policy, scale_s=0.0003))
