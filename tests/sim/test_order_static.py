"""In the static mapping order is kept by one instance of whatever leads to an ordered element."""

from __future__ import annotations

import random

import pytest

from hpcd4p import WorkflowGraph
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import Role
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.testing import turns
from hpcd4p.testing.cluster import Cluster
from tests.sim.compare import seeds
from tests.sim.one_process import OneProcess
from tests.sim.test_order import (
    ALL,
    FLOODS,
    SIZES,
    TINY,
    Heard,
    Hop,
    Stays,
    build_of,
    each,
    heard,
    join,
    narrow,
    of_one_process,
    simulate,
    straight,
)

__all__ = ["narrow"]  # a fixture


@pytest.fixture(autouse=True)
def deadline(monkeypatch):
    """A cluster that hangs shows where each rank stands after some seconds, not hours."""
    monkeypatch.setattr(turns, "MOST_TURNS", 300_000)


@pytest.mark.parametrize("size", [*SIZES, 16])
@each(ALL)
def test_each_partition_hears_what_it_hears_in_one_process(build, size):
    for seed in seeds(2):
        simulate(build, size, seed, mapping="static")
        simulate(build, size, seed, settings=TINY, mapping="static")


@pytest.mark.parametrize("settings", [None, TINY], ids=["usual", "tiny"])
@each(FLOODS)
def test_a_call_that_commits_in_part_keeps_its_place(build, settings, narrow):
    for seed in seeds(2):
        simulate(build, random.Random(seed).choice(SIZES), seed, settings=settings, mapping="static")


def test_any_graph_keeps_the_order():
    for seed in seeds(80):
        chance = random.Random(seed)
        settings = chance.choice([None, TINY])
        simulate(build_of(seed), chance.choice(SIZES), seed, settings=settings, mapping="static")


@each(ALL)
def test_a_run_that_goes_on_keeps_the_order(build):
    for seed in seeds(3):
        goes_on(build, seed)


def goes_on(build, seed):
    """Resume a run again and again, each time from one of its checkpoints, on other ranks or on one."""
    chance = random.Random(seed)
    expected = of_one_process(*build())
    resume = None
    for turn in range(4):
        size = chance.choice((1, *SIZES))
        settings = chance.choice([None, TINY])
        every_s = chance.choice((0.0005, 0.003, 0.02))
        graph, inputs = build()
        if size == 1:
            run = OneProcess(graph, inputs, seed + turn, every_s, resume)
        else:
            run = Cluster(
                graph, size, inputs, seed + turn, settings=settings, mapping="static",
                checkpoint_s=every_s, resume=resume,
            )  # fmt: skip
        run.run()
        assert heard(run.sink) == expected, f"seed {seed}, turn {turn}, {size} ranks"
        resume = chance.choice([resume, *run.keeper.complete_ones])


class Unordered(Heard):
    ordered = False


def planned(graph, size):
    plan, _ = make_plan(graph, size, EngineSettings(), mapping="static")
    return {element.name: element for element in plan.elements}


def test_what_leads_to_an_ordered_element_has_one_instance_and_says_why():
    hop = Hop("a")
    hop.numprocesses = 4
    elements = planned(straight(Stays(), hop, Hop("b"), Heard()), 9)
    for name in ("a1", "b2"):
        assert elements[name].role is Role.PINNED
        assert elements[name].partitions == 1
        assert (
            "one instance, for Heard3 gets its tuples in order (ordered = False there"
            in elements[name].reason
        )


def test_what_leads_to_others_has_several():
    elements = planned(straight(Stays(), Hop("a"), Unordered()), 9)
    assert elements["a1"].partitions > 1
    assert "in order" not in elements["a1"].reason
    # and so has what leads there only through others that hold state
    graph, source, state = WorkflowGraph(), Stays(), Unordered()
    first, then, last = Hop("a"), Hop("b"), Heard()
    for before, after in ((source, first), (first, state), (state, then), (then, last)):
        join(graph, before, after)
    elements = planned(graph, 9)
    assert elements["a1"].partitions > 1
    assert elements["b3"].partitions == 1
