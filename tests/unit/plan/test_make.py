"""The plan: roles, partitions, routes and places."""

from __future__ import annotations

import pickle
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpcd4p import SimpleFunctionPE, WorkflowGraph, create_iterative_chain
from hpcd4p.errors import SettingsError
from hpcd4p.plan.make import make_plan, place
from hpcd4p.plan.model import COLLECTOR, Role, Spread
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.elements import Batch, Count, Last, Make, Pass, Ports, See

SETTINGS = EngineSettings()
SIZES = (1, 2, 3, 4, 5, 8, 16, 64, 10_000)


def plan_of(*edges, size=4, settings=SETTINGS):
    graph = WorkflowGraph()
    for edge in edges:
        graph.connect(*edge)
    return make_plan(graph, size, settings)


def chain(*elements):
    return [(a, "output", b, "input") for a, b in pairwise(elements)]


def fed(pe, *inputs):
    return [(Make(), "output", pe, name) for name in inputs or pe.inputconnections]


def role_of(pe, *inputs):
    plan, pes = plan_of(*fed(pe, *inputs))
    return plan.elements[pes.index(pe)]


# ---- roles


@pytest.mark.parametrize(
    ("pe", "partitions", "because"),
    [
        (Count(), 64, "one state per key"),
        (Last(), 1, "defines _postprocess"),
        (Ports(a=[0]), 1, "grouping (group by 0)"),
        (Ports(3, a=[0, "n"]), 3, "grouping (group by 0, 'n')"),
        (Ports(2, a="all"), 2, "grouping (all)"),
        (Ports(a="global"), 1, "grouping (global)"),
        (Ports(a=None, b=None), 1, "joins 2 inputs"),
    ],
)
def test_element_that_holds_state(pe, partitions, because):
    element = role_of(pe)
    assert (element.role, element.partitions) == (Role.STATE, partitions)
    assert because in element.reason


@pytest.mark.parametrize("pe", [Pass(), SimpleFunctionPE(abs), See(), Batch(), Ports(5, a=None)])
def test_element_without_state_is_in_the_pool(pe):
    element = role_of(pe)
    assert (element.role, element.partitions) == (Role.POOL, 0)
    assert "stateless" in element.reason


def test_several_edges_into_one_input_are_no_join():
    pe = Pass()
    assert role_of(pe, "input", "input").role is Role.POOL


def test_what_an_element_says_of_itself():
    joins, says, nature = Ports(a=None, b=None), Pass(), Pass(numprocesses=2)
    joins.stateful, says.stateful, nature.stateful = False, True, "nature"
    assert role_of(joins).role is Role.POOL
    assert role_of(says).role is Role.STATE
    assert (role_of(nature).role, role_of(nature).partitions) == (Role.STATE, 2)


@pytest.mark.parametrize(
    ("stateful", "spread", "key"),
    [
        ("all", Spread.ALL, None),
        ("global", Spread.ONE, None),
        ([1, "k"], Spread.KEY, (1, "k")),
        (True, Spread.SHUFFLE, None),
    ],
)
def test_stateful_may_be_a_grouping(stateful, spread, key):
    pe = Pass(numprocesses=3)
    pe.stateful = stateful
    plan, _ = plan_of(*fed(pe))
    assert (plan.routes[0].spread, plan.routes[0].key) == (spread, key)
    assert plan.elements[plan.routes[0].target].partitions == 3


def test_grouping_or_postprocess_weighs_more_than_stateful_false():
    last, grouped = Last(), Ports(a=[0])
    last.stateful = grouped.stateful = False
    assert role_of(last).role is Role.STATE
    assert role_of(grouped).role is Role.STATE


def test_postprocess_on_the_instance_counts():
    pe = Pass()
    pe._postprocess = lambda: None
    from hpcd4p.plan.roles import reason_for_state

    assert "_postprocess" in reason_for_state(pe, {"input"})


def test_single_means_one_instance():
    pe, counted = Ports(8, a=[0]), Count()
    pe.single = counted.single = True
    assert role_of(pe).partitions == 1
    assert role_of(counted).partitions == 1


def test_setting_overrides_the_partitions_of_keyed_elements_only():
    plan, _ = plan_of(*chain(Make(), Count(), Ports(3, input=[0])), settings=EngineSettings(partitions=7))
    assert [e.partitions for e in plan.elements] == [0, 7, 3, 1]


def test_roots():
    plan, _ = plan_of((Make(), "output", Pass(), "input"), (Last(), "output", See(), "input"))
    movable, fixed = (e for e in plan.elements if e.role is Role.ROOT)
    assert (movable.role, movable.partitions, movable.movable) == (Role.ROOT, 0, True)
    assert (fixed.role, fixed.partitions, fixed.movable) == (Role.ROOT, 1, False)


def test_single_element_is_a_workflow():
    graph = WorkflowGraph()
    graph.add(Pass())
    plan, pes = make_plan(graph, 4, SETTINGS)
    assert [e.role for e in plan.elements] == [Role.ROOT, Role.COLLECT]
    assert len(pes) == 1


# ---- numbers, names, routes


def test_elements_are_in_topological_order_else_as_added():
    graph = WorkflowGraph()
    last, middle, first = Pass(), Pass(), Make()
    for pe in (last, middle, first):
        graph.add(pe)
    graph.connect(first, "output", middle, "input")
    graph.connect(middle, "output", last, "input")
    plan, pes = make_plan(graph, 2, SETTINGS)
    assert pes == [first, middle, last]
    assert [e.name for e in plan.elements] == ["Make2", "Pass1", "Pass0", COLLECTOR]
    assert [e.index for e in plan.elements] == [0, 1, 2, 3]
    assert all(r.source < r.target for r in plan.routes)


def test_names_are_unique_even_where_numbers_run_together():
    graph = WorkflowGraph()
    first = Make()
    first.name = "a1"
    graph.add(first)  # a10
    for _ in range(9):
        graph.add(Make())
    late = Make()
    late.name = "a"
    graph.add(late)  # would be a10
    plan, pes = make_plan(graph, 1, SETTINGS)
    names = [e.name for e in plan.elements]
    assert len(set(names)) == len(names)
    assert [pe.id for pe in pes] == names[:-1]


def test_collector_gets_every_unconnected_output():
    ports = Ports(a=None)
    plan, _ = plan_of((Make(), "output", ports, "a"), (ports, "x", See(), "input"))
    collector = plan.elements[plan.collector]
    assert (collector.name, collector.role, collector.partitions) == (COLLECTOR, Role.COLLECT, 1)
    assert collector.inputs == ("Ports1.y",)
    (route,) = [r for r in plan.routes if r.target == plan.collector]
    assert (route.output, route.input, route.spread) == ("y", "Ports1.y", Spread.ONE)
    assert plan.owner(plan.collector, 0) == 0


def test_collector_is_there_with_nothing_to_collect():
    plan, _ = plan_of((Make(), "output", See(), "input"))
    assert plan.elements[plan.collector].inputs == ()


def test_two_edges_between_the_same_ports_are_two_routes():
    a, b = Make(), See()
    plan, _ = plan_of((a, "output", b, "input"), (a, "output", b, "input"))
    assert len(plan.routes) == 2


def test_each_input_has_its_own_grouping():
    pe = Ports(2, a=[0], b="all", c="global", d=None)
    plan, _ = plan_of(*fed(pe))
    by_input = {r.input: (r.spread, r.key) for r in plan.routes if r.input in "abcd"}
    assert by_input == {
        "a": (Spread.KEY, (0,)),
        "b": (Spread.ALL, None),
        "c": (Spread.ONE, None),
        "d": (Spread.SHUFFLE, None),
    }


def test_grouping_set_after_the_port_was_made_counts():
    pe = Pass()
    pe.inputconnections["input"]["grouping"] = [1]
    assert role_of(pe).role is Role.STATE


def test_keyed_element_is_grouped_by_its_key_even_if_that_was_set_late():
    pe = Count()
    pe.key = ("k", 2)
    plan, _ = plan_of(*fed(pe))
    assert plan.routes[0].key == ("k", 2)


def test_composites_are_opened():
    made, steps, see = Make(), create_iterative_chain([abs, round]), See()
    plan, pes = plan_of((made, "output", steps, "input"), (steps, "output", see, "input"))
    assert [pe.name for pe in pes] == ["Make", "PE_abs", "PE_round", "See"]
    assert [(r.source, r.target) for r in plan.routes] == [(0, 1), (1, 2), (2, 3)]


def test_planning_twice_gives_the_same_and_leaves_the_graph():
    graph = WorkflowGraph()
    for edge in chain(Make(), create_iterative_chain([abs, abs]), Count(), See()):
        graph.connect(*edge)
    members = graph.get_contained_objects()
    assert make_plan(graph, 8, SETTINGS) == make_plan(graph, 8, SETTINGS)
    assert graph.get_contained_objects() == members


def test_plan_does_not_depend_on_the_number_of_ranks_but_for_places():
    def shape(size):
        plan, _ = plan_of(*chain(Make(), Pass(), Count(), See()), size=size)
        return plan.elements, plan.routes

    assert len({shape(size) for size in SIZES}) == 1


# ---- places


@pytest.mark.parametrize(
    ("size", "stateful", "pool"),
    [
        (1, (), (0,)),
        (2, (1,), (1,)),
        (3, (1,), (2,)),
        (4, (1,), (2, 3)),
        (5, (1,), (2, 3, 4)),
        (8, (1,), tuple(range(2, 8))),
        (16, (1, 2, 3), tuple(range(4, 16))),
        (64, tuple(range(1, 16)), tuple(range(16, 64))),
        (10_000, tuple(range(1, 65)), tuple(range(65, 10_000))),
    ],
)
def test_places_of_a_keyed_workflow(size, stateful, pool):
    began = time.perf_counter()
    plan, _ = plan_of(*chain(Make(), Pass(), Count()), size=size)
    assert (plan.stateful_ranks, plan.pool_ranks) == (stateful, pool)
    assert len(pickle.dumps(plan)) < 100_000
    assert time.perf_counter() - began < 0.5  # it takes a millisecond; a rank count squared would not


@pytest.mark.parametrize("size", SIZES)
def test_without_state_every_rank_but_the_head_is_in_the_pool(size):
    plan, _ = plan_of(*chain(Make(), Pass(), See()), size=size)
    assert plan.stateful_ranks == ()
    assert plan.pool_ranks == (tuple(range(1, size)) or (0,))


def test_a_root_with_state_needs_no_stateful_rank():
    plan, _ = plan_of(*chain(Last(), Pass()), size=8)
    assert plan.stateful_ranks == ()


@given(st.integers(1, 300), st.integers(0, 200), st.integers(0, 400))
def test_every_rank_has_one_place_and_the_pool_is_never_empty(size, partitions, wanted):
    stateful, pool = place(size, partitions, EngineSettings(stateful_ranks=wanted))
    assert pool
    assert bool(stateful) == (partitions > 0 and size > 1)
    assert len(stateful) <= partitions
    if size > 2:
        assert sorted(stateful + pool) == list(range(1, size))
        if partitions and wanted:
            assert len(stateful) == min(wanted, partitions, size - 2)


@pytest.mark.parametrize("size", SIZES)
def test_every_partition_has_one_host(size):
    plan, _ = plan_of(
        *chain(
            Make(),
            Count(),
            Ports(3, input=[0]),
        ),
        size=size,
    )
    hosted = [pair for rank in (0, *plan.stateful_ranks) for pair in plan.hosted(rank)]
    wanted = [
        (e.index, p)
        for e in plan.elements
        if e.role in (Role.STATE, Role.COLLECT)
        for p in range(e.partitions)
    ]
    assert sorted(hosted) == wanted


def test_impossible_numbers():
    graph = WorkflowGraph()
    graph.add(Make())
    with pytest.raises(SettingsError, match="number of ranks is 0"):
        make_plan(graph, 0, SETTINGS)
    with pytest.raises(SettingsError, match="stateful_ranks is -1"):
        make_plan(graph, 4, EngineSettings(stateful_ranks=-1))
    with pytest.raises(SettingsError, match="partitions is -2"):
        make_plan(graph, 4, EngineSettings(partitions=-2))
