"""Chains that are longer than Python's calls may be deep give the answer of one process."""

from __future__ import annotations

import sys

import pytest

from hpcd4p.plan.settings import EngineSettings
from hpcd4p.runtime.execute import instance
from hpcd4p.testing import turns
from tests.sim.compare import simulate
from tests.sim.elements import Given
from tests.sim.gallery import Case, chain, items
from tests.unit.runtime.execute.test_depth import Counts, Large, More

LONG = sys.getrecursionlimit() // 4
"""Each element takes five calls or more where they run inside each other."""


class Once(Large):
    def process(self, inputs):
        self.write("output", inputs["input"])


class Holds(Once):
    stateful = True


def long_chain(*kinds, tuples=12, elements=LONG):
    return Case(lambda: (chain(Given(), *(kinds[i % len(kinds)]() for i in range(elements))), items(tuples)))


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    monkeypatch.setattr(turns, "MOST_TURNS", 400_000)


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("kinds", [[More], [Counts], [More, Counts]], ids=["stateless", "stateful", "mixed"])
def test_a_long_chain_gives_the_answer_of_one_process(kinds, size, mapping):
    simulate(long_chain(*kinds), size, mapping=mapping)


def test_a_long_chain_gives_it_when_ranks_die():
    for seed in range(3):
        simulate(long_chain(More), 6, seed, kills=2, suspects=1)


@pytest.mark.parametrize("settings", [None, EngineSettings(high_tasks_per_rank=1, inbox_high_tuples=1)])
@pytest.mark.parametrize("size", [2, 5])
def test_calls_that_write_much_may_lie_in_each_other(monkeypatch, size, settings):
    monkeypatch.setattr(instance, "FIRST_LOOK_TUPLES", 1)
    monkeypatch.setattr(instance, "OVERFLOW_TUPLES", 1)

    simulate(long_chain(Once, Once, Holds, tuples=6, elements=LONG // 2), size, settings=settings)
