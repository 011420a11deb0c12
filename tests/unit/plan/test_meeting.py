"""Where paths part that meet again, and what `plan` says of it."""

from __future__ import annotations

import pytest

from hpcd4p import GenericPE, KeyedPE, WorkflowGraph
from hpcd4p.plan.describe import as_json, describe
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.meeting import meeting_lines
from hpcd4p.plan.order import order_of
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.elements import Hop, Source


class Sides(Source):
    def __init__(self):
        super().__init__()
        self._add_output("other")


class Series(KeyedPE):
    ordered = True
    partitions = 6

    def process_key(self, key, value, state):
        return value


class Total(Series):
    ordered = False


class Pair(GenericPE):
    stateful = True
    ordered = True

    def __init__(self):
        super().__init__()
        self._add_input("first", grouping="global")
        self._add_input("second", grouping="global")

    def process(self, inputs):
        return None


def planned(*edges, size=6):
    """Edges: source and target, or with an output, or with an input, too."""
    graph = WorkflowGraph()
    for source, target, *ports in edges:
        graph.connect(source, *(ports[:1] or ["output"]), target, *(ports[1:] or ["input"]))
    return make_plan(graph, size, EngineSettings())[0]


def forks(plan):
    return {e.name: e.forks for e in plan.elements if e.forks}


def diamond(end, source=None):
    source, left, right = source or Source(), Hop(), Hop()
    return [(source, left), (source, right), (left, end), (right, end)]


def test_an_element_from_which_two_paths_lead_to_an_ordered_one_is_a_fork():
    plan = planned(*diamond(Series()))
    assert forks(plan) == {"Source0": ("output",)}
    (said,) = meeting_lines(plan)
    assert said.startswith(
        "Series3: paths from Source0 meet here: tuple by tuple; ordered = False if its answer"
    )


def test_paths_that_meet_at_nothing_ordered_or_do_not_meet_part_nowhere():
    assert forks(planned(*diamond(Total()))) == {}
    source, first, second = Source(), Hop(), Hop()
    apart = planned((source, first), (source, second), (first, Series()), (second, Series()))
    assert forks(apart) == {}
    assert meeting_lines(apart) == []
    order = order_of(apart)
    assert (order.forks, order.above_forks) == (frozenset(), frozenset())


def test_one_of_the_paths_may_be_direct():
    source, hop, end = Source(), Hop(), Series()
    plan = planned((source, hop), (hop, end), (source, end))
    assert forks(plan) == {"Source0": ("output",)}
    order = order_of(plan)
    assert order.forks == {(0, "output")}
    assert order.above_forks == frozenset()  # its only task leads nowhere else
    assert order.tasks[0] == {2}


def test_outputs_and_inputs_count_each_for_itself():
    source, end = Sides(), Pair()
    plan = planned((source, end, "output", "first"), (source, end, "other", "second"))
    assert forks(plan) == {"Sides0": ("output", "other")}
    order = order_of(plan)
    assert order.forks == {(0, "output"), (0, "other")}
    assert order.reaches == ()
    assert order.tasks[0] == frozenset()  # nothing goes through the pool: its messages are in order


def test_only_the_outputs_that_meet_are_concerned():
    source, hop, end = Sides(), Hop(), Series()
    plan = planned((source, hop), (hop, end), (source, end), (source, Hop(), "other"))
    assert forks(plan) == {"Sides0": ("output",)}


def test_forks_may_be_anywhere_in_the_pool_and_inside_each_other():
    source, first, last, end = Source(), Hop(), Hop(), Series()
    plan = planned((source, first), *diamond(last, first), (last, end), (first, end))
    assert forks(plan) == {"Hop1": ("output",)}
    order = order_of(plan)
    names = [e.name for e in plan.elements]
    assert {names[e] for e in order.above_forks} == {"Hop1"}
    assert order.tasks[0] == {names.index("Series5")}
    outer = planned(*diamond(last, source), *diamond(end, last), (source, end))
    assert set(forks(outer)) == {"Source0", "Hop3"}
    above = {outer.elements[e].name for e in order_of(outer).above_forks}
    assert above == {"Hop1", "Hop2", "Hop3"}
    assert meeting_lines(outer)[0].startswith("Series6: paths from Source0 and Hop3 meet here")


def test_state_on_the_way_is_a_writer_of_its_own():
    source, series, end = Source(), Series(), Series()
    plan = planned((source, series), (series, end), (source, end))
    assert forks(plan) == {}
    assert meeting_lines(plan) == ["Series2: no order between what is written by Source0 and Series1"]
    behind = planned((source, series), *diamond(end, series))
    assert forks(behind) == {"Series1": ("output",)}


def test_between_two_sources_there_is_no_order_and_plan_says_so():
    first, second, hop, end = Source(), Source(), Hop(), Series()
    plan = planned((first, hop), (hop, end), (second, end))
    assert forks(plan) == {}
    (said,) = meeting_lines(plan)
    assert said == "Series2: no order between what is written by Source0 and Source3"
    assert f"\n\nOrder\n  {said}\n\nRanks\n" in describe(plan)


@pytest.mark.parametrize("size", [1, 2, 6])
def test_forks_are_the_same_on_any_number_of_ranks(size):
    plan = planned(*diamond(Series()), size=size)
    assert forks(plan) == {"Source0": ("output",)}
    *_, end, _ = as_json(plan)["elements"]
    assert (end["ordered"], end["meet_here"]) == (True, ["Source0"])


def test_nothing_is_said_where_nothing_is_ordered():
    plan = planned(*diamond(Total()))
    assert "Order" not in describe(plan).splitlines()
