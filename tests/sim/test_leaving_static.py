"""In the static mapping outputs leave in order through one instance of whatever leads to them."""

from __future__ import annotations

import random

import pytest

from tests.sim.compare import seeds
from tests.sim.test_leaving import (
    ALONG,
    FLOODS,
    MEETINGS,
    TIGHT,
    USUAL,
    deadline,
    goes_on,
    narrow,
    simulate,
)
from tests.sim.test_order import SIZES, build_of, each

__all__ = ["deadline", "narrow"]  # fixtures


@pytest.mark.parametrize("size", [*SIZES, 16])
@each(ALONG | MEETINGS)
def test_each_output_has_the_order_of_one_process(build, size):
    for seed in seeds(2):
        simulate(build, size, seed, mapping="static")
        simulate(build, size, seed, settings=TIGHT, mapping="static")


@each(FLOODS)
def test_a_call_that_commits_in_part_keeps_its_place(build, narrow):
    for seed in seeds(2):
        chance = random.Random(seed)
        settings = chance.choice([USUAL, TIGHT])
        simulate(build, chance.choice(SIZES), seed, settings=settings, mapping="static")


def test_any_graph_leaves_in_order():
    for seed in seeds(80):
        chance = random.Random(seed)
        settings = chance.choice([USUAL, TIGHT])
        simulate(build_of(seed), chance.choice(SIZES), seed, settings=settings, mapping="static")


@each(ALONG | MEETINGS)
def test_a_run_that_goes_on_keeps_the_order(build):
    for seed in seeds(3):
        goes_on(build, seed, mapping="static")
