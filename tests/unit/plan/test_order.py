"""Who is ordered, and which tasks that concerns."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hpcd4p import GenericPE, KeyedPE, WorkflowGraph
from hpcd4p.errors import WorkflowError
from hpcd4p.plan.describe import as_json, describe
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.moving import why_it_stays
from hpcd4p.plan.order import order_of
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.elements import Hop, Source


class Total(KeyedPE):
    ordered = False
    partitions = 6

    def process_key(self, key, value, state):
        return value


class Series(KeyedPE):
    ordered = True
    partitions = 6

    def process_key(self, key, value, state):
        return value


class Undeclared(GenericPE):
    stateful = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping=[0])
        self._add_output("output")

    def process(self, inputs):
        return None


class UndeclaredKeys(KeyedPE):
    partitions = 6

    def process_key(self, key, value, state):
        return value


class OrderedHop(Hop):
    ordered = True


class OrderedSource(Source):
    ordered = True


class TwoMinds(Hop):
    ordered = True
    stateful = False


class Odd(Total):
    ordered = "yes"  # type: ignore[assignment]


SEEN: list[int] = []


class Counting(Hop):
    """Holds state without saying so."""

    def _process(self, item):
        SEEN.append(item)
        return item


class Shares(Hop):
    """Reads what `Counting` changes."""

    def _process(self, item):
        return item, len(SEEN)


class Several(GenericPE):
    stateful = True
    ordered = True

    def __init__(self):
        super().__init__(numprocesses=2)
        self._add_input("input")
        self._add_output("output")

    def process(self, inputs):
        return None


def chain(*elements):
    graph = WorkflowGraph()
    for before, after in pairwise(elements):
        graph.connect(before, "output", after, "input")
    return graph


def planned(graph, size=6, mapping="hybrid"):
    return make_plan(graph, size, EngineSettings(), mapping=mapping)


def refused(graph, **how):
    with pytest.raises(WorkflowError) as caught:
        planned(graph, **how)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def test_nothing_is_ordered_that_says_it_need_not_be():
    plan, _ = planned(chain(Source(), Hop(), Total()))
    assert not any(element.ordered for element in plan.elements)
    assert order_of(plan) is None


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
def test_whoever_holds_state_and_does_not_say_it_is_ordered(mapping):
    plan, _ = planned(chain(Source(), Hop(), Undeclared()), mapping=mapping)
    assert [element.ordered for element in plan.elements] == [False, False, True, False]
    assert plan.elements[2].reason.endswith("; in order by default")


def test_a_keyed_one_has_to_ask_for_it():
    plan, _ = planned(chain(Source(), Hop(), UndeclaredKeys()))
    assert not plan.elements[2].ordered
    assert plan.elements[2].reason == "holds state: one state per key; in any order by default"


def test_so_is_one_of_which_only_reading_shows_that_it_holds_state():
    plan, _ = planned(chain(Source(), Hop(), Counting(), Shares()))
    assert [element.ordered for element in plan.elements] == [False, False, True, True, False]


def test_an_attribute_of_that_name_that_holds_something_else_says_nothing():
    said = {}
    for value in ([3, 1, 2], False, True):
        busy = Undeclared()
        busy.ordered = value
        said[str(value)] = planned(chain(Source(), Hop(), busy))[0].elements[2].ordered
    assert said == {"[3, 1, 2]": True, "False": False, "True": True}


def test_what_comes_straight_from_its_source_need_not_be_put_in_order():
    plan, _ = planned(chain(Source(), Series()))
    assert [element.ordered for element in plan.elements] == [False, True, False]
    assert order_of(plan) is None


def test_tasks_that_lead_there_through_the_pool_alone_are_concerned():
    first = Hop()
    graph = chain(Source(), first, Hop(), Series(), Hop(), Total())
    graph.connect(first, "output", Hop(), "input")  # leads to nothing that is ordered
    plan, _ = planned(graph)
    series, total = (e.index for e in plan.elements if e.name.startswith(("Series", "Total")))
    order = order_of(plan)
    assert order.elements == {series}
    assert {plan.elements[e].name for e in order.reach} == {"Hop1", "Hop2"}
    assert order.reaches == (frozenset({series}),)
    assert order.origins == {0: frozenset({(0, 0)})}
    assert order.writers(frozenset({series, total})) == [(0, 0, 0)]
    assert order.writers(frozenset({total})) == []


def test_a_rank_that_writes_to_the_pool_is_an_origin():
    plan, elements = planned(chain(Source(), Hop(), Total(), Hop(), Series()), size=9)
    order = order_of(plan)
    hosts = {plan.owner(2, p) for p in range(6)}
    assert len(hosts) > 1
    assert order.reach == {3: 0}  # the first hop leads to nothing that is ordered
    assert order.origins == {0: {(2, host) for host in hosts}}
    assert why_it_stays(plan, 4, elements[4]) == ""
    assert "put in order further down" in why_it_stays(plan, 2, elements[2])


def test_in_one_process_there_is_nothing_to_put_in_order():
    plan, _ = planned(chain(Source(), Hop(), Series()), size=1)
    assert plan.elements[2].ordered


def test_several_instances_have_an_order_each_if_every_input_has_a_grouping():
    for grouping in ([0], "all"):
        several = Several()
        several.inputconnections["input"]["grouping"] = grouping
        assert planned(chain(Source(), Hop(), several))[0].elements[2].ordered
    several = Several()
    several.stateful = "all"
    assert planned(chain(Source(), Hop(), several))[0].elements[2].ordered
    several = Several()
    several.single = True
    assert planned(chain(Source(), Hop(), several))[0].elements[2].ordered


def test_an_order_that_means_nothing_is_refused():
    said = refused(chain(Source(), OrderedHop(), Total()))
    assert "OrderedHop1 says ordered = True, and holds no state" in said
    said = refused(chain(Source(), TwoMinds(), Total()))
    assert "TwoMinds1 says both ordered = True and stateful = False" in said
    assert "OrderedSource0 says ordered = True, and is a source" in refused(chain(OrderedSource(), Total()))
    said = refused(chain(Source(), Hop(), Several()))
    assert "Several2 says ordered = True, and has 2 instances and no grouping on its input 'input'" in said
    two = Several()
    two._add_input("more", grouping=[0])
    graph = chain(Source(), Hop(), two)
    graph.connect(Source(), "output", two, "more")
    assert "no grouping on its input 'input'" in refused(graph)
    assert "Odd2 says ordered = 'yes'; expected" in refused(chain(Source(), Hop(), Odd()))


def test_the_dynamic_mapping_takes_what_is_not_ordered_and_refuses_the_state_of_what_is():
    hop = Hop()
    hop.ordered = False
    plan, _ = planned(chain(Source(), hop, Hop()), mapping="dynamic")
    assert order_of(plan) is None
    assert "Series2 cannot run in the mapping dynamic" in refused(
        chain(Source(), Hop(), Series()), mapping="dynamic"
    )


def lines(text, start):
    return [line for line in text.splitlines() if line.strip().startswith(start)]


@pytest.mark.parametrize("size", [1, 2, 6])
def test_the_plan_says_who_is_ordered_and_why_and_between_which_sources_there_is_no_order(size):
    hop, other, series = Hop(), Hop(), Series()
    graph = chain(Source(), hop, series)
    graph.connect(Source(), "output", other, "input")
    graph.connect(other, "output", hop, "input")
    graph.connect(series, "output", Total(), "input")
    plan, _ = planned(graph, size)
    text = describe(plan)
    assert lines(text, "Series")[0].endswith(
        "holds state: one state per key; in order: it says ordered = True"
    )
    assert "in order" not in lines(text, "Total")[0]
    assert "Order\n  Series2: no order between what is written by Source0 and Source3\n" in text
    found = {e["name"]: (e["ordered"], e["no_order_between"]) for e in as_json(plan)["elements"]}
    assert found["Series2"] == (True, ["Source0", "Source3"])
    assert found["Total5"] == (False, [])


def test_one_source_needs_no_word():
    plan, _ = planned(chain(Source(), Hop(), Series()))
    assert "Order\n" not in describe(plan)


def test_of_many_sources_the_first_are_named():
    graph, hop = WorkflowGraph(), Hop()
    for _ in range(12):
        graph.connect(Source(), "output", hop, "input")
    graph.connect(hop, "output", Series(), "input")
    plan, _ = planned(graph)
    (line,) = lines(describe(plan), "Series13: no order between")
    assert "what is written by Source0, Source2, " in line
    assert line.endswith(" and 2 more")
