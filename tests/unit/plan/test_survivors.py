"""The plan of those ranks that live: everything has a place, and what was done before is where it was."""

from __future__ import annotations

import random

import pytest

from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.plan.survivors import LEAST, among
from tests.sim.gallery import GALLERY


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("case", GALLERY.values(), ids=list(GALLERY))
def test_every_partition_and_the_pool_are_on_ranks_that_live(case, mapping):
    for seed in range(20):
        chance = random.Random(seed)
        size = chance.choice((2, 3, 4, 5, 8, 16, 64))
        settings = EngineSettings(stateful_ranks=chance.choice((0, 0, 3)))
        plan, _ = make_plan(case.build()[0], size, settings, mapping=mapping)
        ranks = [0, *sorted(chance.sample(range(1, size), chance.randint(LEAST - 1, size - 1)))]
        left = among(plan, ranks, settings)
        assert left.elements == plan.elements
        assert {0, *left.others} == set(ranks)
        hosts = {left.owner(e.index, p) for e in left.elements for p in range(e.partitions)}
        assert hosts <= set(ranks)
        assert sorted(key for rank in ranks for key in left.hosted(rank)) == sorted(
            key for rank in range(size) for key in plan.hosted(rank)
        )
        if mapping == "hybrid":
            assert left.pool_ranks
            assert len(ranks) == 2 or not set(left.pool_ranks) & set(left.stateful_ranks)
        if len(ranks) == size:
            assert left == plan
