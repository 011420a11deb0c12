"""Which outputs leave in order, what is refused, and what `plan` says of it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hpcd4p import GenericPE, KeyedPE, WorkflowGraph
from hpcd4p.errors import WorkflowError
from hpcd4p.plan.describe import as_json, describe
from hpcd4p.plan.leaving import leaving_lines, orders
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.model import COLLECTOR, ORDERED_COLLECTOR, Role
from hpcd4p.plan.moving import why_it_stays
from hpcd4p.plan.order import order_of
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.elements import Hop, Source

ASKED = EngineSettings(ordered_outputs=True)


class Two(Hop):
    def __init__(self, said=None):
        super().__init__()
        self._add_output("other")
        if said is not None:
            self.ordered_outputs = said


class Total(KeyedPE):
    ordered = True

    def process_key(self, key, value, state):
        return value


class One(GenericPE):
    """One instance with state."""

    stateful = True
    ordered: bool | None = True

    def __init__(self):
        super().__init__()
        self._add_input("input", grouping="global")
        self._add_output("output")

    def process(self, inputs):
        return {"output": inputs["input"]}


class Loose(One):
    ordered = False


def chain(*elements):
    graph = WorkflowGraph()
    graph.add(elements[0])
    for before, after in pairwise(elements):
        graph.connect(before, "output", after, "input")
    return graph


def joined(first, second, end):
    graph = WorkflowGraph()
    for each in (first, second):
        graph.add(each)
    for each in (first, second):
        graph.connect(each, "output", end, "input")
    return graph


def planned(graph, settings=ASKED, size=6, mapping="hybrid"):
    return make_plan(graph, size, settings, mapping=mapping)[0]


def test_where_nothing_is_asked_nothing_changes():
    plan = planned(chain(Source(), Hop()), EngineSettings())
    assert [e.role for e in plan.elements[:2]] == [Role.ROOT, Role.POOL]
    assert [e.name for e in plan.elements[2:]] == [COLLECTOR]
    assert plan.collectors == (plan.collector,) == (2,)
    assert order_of(plan) is None
    assert orders(plan) == {}
    assert "rder" not in describe(plan)
    assert as_json(plan)["leaves_in_order"] == []


@pytest.mark.parametrize("size", [1, 2, 6])
def test_outputs_that_leave_in_order_go_to_a_collector_of_their_own(size):
    plan = planned(chain(Source(), Hop()), size=size)
    in_order, rest = plan.elements[2:]
    assert (in_order.name, in_order.role, in_order.ordered) == (ORDERED_COLLECTOR, Role.COLLECT, True)
    assert (rest.name, rest.role, rest.ordered) == (COLLECTOR, Role.COLLECT, False)
    assert plan.collectors == (2, 3)
    assert (in_order.inputs, rest.inputs) == (("Hop1.output",), ())
    assert in_order.reason == "built in: receives the outputs that leave in order: --ordered-outputs"
    assert plan.owner(2, 0) == 0
    assert (2, 0) in plan.hosted(0)
    assert plan.undeclared(1).target == plan.collector == 3


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        (None, False, set()),
        (None, True, {"Two1.output", "Two1.other"}),
        (True, False, {"Two1.output", "Two1.other"}),
        (False, True, set()),
        (("other",), False, {"Two1.other"}),
        (["other"], True, {"Two1.other"}),
        ((), True, set()),
    ],
)
def test_an_element_may_say_which_of_its_outputs_do(said, asked, expected):
    plan = planned(chain(Source(), Two(said)), EngineSettings(ordered_outputs=asked))
    assert orders(plan).keys() == expected
    assert {r.input for r in plan.collected()} == {"Two1.output", "Two1.other"}
    assert len(plan.collectors) == 1 + bool(expected)
    lines = leaving_lines(plan)
    assert len(lines) == (2 if expected else 0)
    assert sum("leaves in any order" in line for line in lines) == (2 - len(expected) if expected else 0)


def test_an_output_that_is_connected_may_be_named():
    plan = planned(chain(Source(), Two(("output",)), Hop()), EngineSettings())
    assert orders(plan) == {}
    assert len(plan.collectors) == 1


def test_only_tasks_that_lead_to_such_an_output_have_places():
    graph, source, ordered, other = WorkflowGraph(), Source(), Two(True), Hop()
    graph.connect(source, "output", ordered, "input")
    graph.connect(source, "output", other, "input")
    plan = planned(graph, EngineSettings())
    order = order_of(plan)
    names = {plan.elements[e].name for e in order.reach}
    assert names == {"Two1"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("other", r"Two1 says ordered_outputs = 'other'; expected True, .*, as in \('other',\)"),
        (
            "no",
            "Two1 says ordered_outputs = 'no'; expected True, False, None or a tuple of names of its outputs",
        ),
        (1, "Two1 says ordered_outputs = 1; expected True, False"),
        ((1,), r"Two1 says ordered_outputs = \(1,\); expected True, False"),
        (
            ("output", "out"),
            r"Two1 says ordered_outputs = \('output', 'out'\), and declares no output 'out'; its outputs are "
            "'output', 'other'",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(said, expected):
    with pytest.raises(WorkflowError, match=expected):
        planned(chain(Source(), Two(said)), EngineSettings())


def test_all_that_cannot_be_meant_is_told_at_once():
    with pytest.raises(WorkflowError) as refused:
        planned(chain(Source(), Two("a"), Two(("b",))), EngineSettings())
    assert len(refused.value.problems) == 2


ORDERS = {
    "of a source": (lambda: chain(Source()), {"Source0.output": ""}),
    "through the pool": (lambda: chain(Source(), Hop(), Hop()), {"Hop2.output": ""}),
    "of one instance": (lambda: chain(Source(), Hop(), One(), Hop()), {"Hop3.output": ""}),
    "of two sources": (
        lambda: joined(Source(), Source(), Hop()),
        {"Hop2.output": "no order between what is written by Source0 and Source1"},
    ),
    "of an instance of two sources": (
        lambda: joined(Source(), Source(), One()),
        {"One2.output": "no order between what is written by Source0 and Source1"},
    ),
    "of partitions": (
        lambda: chain(Source(), Total()),
        {"Total1.output": "no order between the 64 partitions of Total1"},
    ),
    "of one instance behind partitions": (
        lambda: chain(Source(), Total(), One(), Hop()),
        {"Hop3.output": "no order between the 64 partitions of Total1"},
    ),
    "of one that goes by no order": (
        lambda: chain(Source(), Hop(), Loose(), Hop()),
        {"Hop3.output": "Loose2 gets its tuples in any order"},
    ),
    "of one that gets all from one rank": (lambda: chain(Source(), Loose(), Hop()), {"Hop2.output": ""}),
}


@pytest.mark.parametrize(("build", "expected"), ORDERS.values(), ids=list(ORDERS))
def test_an_output_has_one_order_if_its_tuples_have_one_writer(build, expected):
    plan = planned(build())
    assert orders(plan) == expected
    for name, but in expected.items():
        line = f"{name}: leaves in order; {but}" if but else f"{name}: leaves in the order of one process"
        assert line in describe(plan)
    assert [(row["output"], row["but"]) for row in as_json(plan)["leaves_in_order"]] == [*expected.items()]


def test_an_output_of_a_source_and_of_state_behind_it_has_two_writers():
    source, state, end = Source(), One(), Hop()
    graph = joined(source, state, end)
    graph.connect(source, "output", state, "input")
    assert orders(planned(graph)) == {"Hop2.output": "no order between what is written by Source0 and One1"}


def test_paths_meet_at_an_output_and_not_at_two():
    source, left, right = Source(), Hop(), Hop()
    graph = joined(left, right, Hop())
    for each in (left, right):
        graph.connect(source, "output", each, "input")
    plan = planned(graph)
    (index,) = (e.index for e in plan.elements if e.name == source.id)
    assert plan.elements[index].forks == ("output",)
    end = plan.elements[plan.collectors[0] - 1].name
    said = (
        f"{end}.output: paths from {source.id} meet here: tuple by tuple; ordered_outputs = False if nobody"
    )
    assert said in describe(plan)
    (row,) = as_json(plan)["leaves_in_order"]
    assert row["meet_here"] == [source.id]

    graph, source = WorkflowGraph(), Source()
    for each in (Hop(), Hop()):
        graph.connect(source, "output", each, "input")
    assert not any(e.forks for e in planned(graph).elements)


def test_in_the_static_mapping_what_leads_there_has_one_instance():
    plan = planned(chain(Source(), Hop(), Hop()), mapping="static", size=9)
    assert [e.partitions for e in plan.elements if e.role is Role.PINNED] == [1, 1]
    assert (
        "one instance, for what comes of it leaves in order (ordered_outputs = False there gives it more)"
        in (plan.elements[1].reason)
    )
    loose = planned(chain(Source(), Hop(), Hop()), EngineSettings(), mapping="static", size=9)
    assert min(e.partitions for e in loose.elements if e.role is Role.PINNED) > 1


def test_in_the_static_mapping_what_is_between_a_fork_and_an_output_runs_where_its_input_is_written():
    source, left, right = Source(), Hop(), Hop()
    graph = joined(left, right, Hop())
    for each in (left, right):
        graph.connect(source, "output", each, "input")
    plan = planned(graph, mapping="static")
    between = [e for e in plan.elements if e.name.startswith("Hop")]
    assert [e.role for e in between] == [Role.POOL] * 3
    assert all("runs where its input is written" in e.reason for e in between)
    assert set(orders(plan).values()) == {""}


class ByDefault(One):
    ordered = None


@pytest.mark.parametrize("mapping", ["hybrid", "static"])
def test_where_paths_meet_at_state_there_is_one_order(mapping):
    source, left, right, state = Source(), Hop(), Hop(), ByDefault()
    graph = chain(source)
    for each in (left, right, state):
        graph.add(each)
    for each in (left, right):
        graph.connect(source, "output", each, "input")
        graph.connect(each, "output", state, "input")
    assert orders(planned(graph, mapping=mapping)) == {"ByDefault3.output": ""}


def test_partitions_of_what_leaves_in_order_stay():
    for settings, why in ((ASKED, "what it writes leaves in order"), (EngineSettings(), "")):
        plan, elements = make_plan(chain(Source(), Total()), 6, settings)
        assert why_it_stays(plan, 1, elements[1]).startswith(why)
        assert bool(why_it_stays(plan, 1, elements[1])) == bool(why)


def test_a_workflow_with_thousands_of_outputs_is_planned_at_once():
    graph, source = WorkflowGraph(), Source()
    for _ in range(2000):
        graph.connect(source, "output", Hop(), "input")
    plan = planned(graph)
    assert set(orders(plan).values()) == {""}
    assert len(orders(plan)) == 2000
    assert len(order_of(plan).reaches) == 1
