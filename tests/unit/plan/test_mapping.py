"""What the mappings make of a workflow."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from hpcd4p.errors import SettingsError, WorkflowError
from hpcd4p.plan.describe import describe
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.mapping import read_mapping
from hpcd4p.plan.model import Mapping, Role, Route, Spread
from hpcd4p.plan.routing import Splitter
from hpcd4p.plan.settings import EngineSettings
from hpcd4p.workflow.graph import WorkflowGraph
from tests.unit.plan.elements import Count, Last, Make, Pass, Ports, See


def plan_of(*pes, size, mapping):
    graph = WorkflowGraph()
    for before, after in pairwise(pes):
        graph.connect(before, "output", after, next(iter(after.inputconnections)))
    return make_plan(graph, size, EngineSettings(), mapping=mapping)[0]


def made(kind, **attributes):
    pe = kind()
    for name, value in attributes.items():
        setattr(pe, name, value)
    return pe


def instances(plan):
    return {e.name: e.partitions for e in plan.elements if e.role.fixed}


@pytest.mark.parametrize(
    ("size", "expected"),
    [(2, {"Pass1": 1, "See2": 1}), (3, {"Pass1": 1, "See2": 1}), (11, {"Pass1": 5, "See2": 5})],
)
def test_static_gives_each_stateless_element_its_share_of_the_ranks(size, expected):
    assert instances(plan_of(Make(), Pass(), See(), size=size, mapping="static")) == expected


def test_static_keeps_the_numbers_that_elements_ask_for():
    last = made(Last, numprocesses=2, ordered=False)
    pes = Make(), made(Pass, numprocesses=3), made(Pass, single=True), Pass(), last
    plan = plan_of(*pes, size=13, mapping="static")
    assert instances(plan) == {"Pass1": 3, "Pass2": 1, "Pass3": 6, "Last4": 2}
    assert {e.name: e.role for e in plan.elements if e.role.fixed} == {
        "Pass1": Role.PINNED, "Pass2": Role.PINNED, "Pass3": Role.PINNED, "Last4": Role.STATE,
    }  # fmt: skip


def test_static_has_one_instance_of_what_leads_to_an_element_that_may_go_by_the_order():
    pes = Make(), made(Pass, numprocesses=3), Pass(), made(Last, numprocesses=2)
    plan = plan_of(*pes, size=13, mapping="static")
    assert instances(plan) == {"Pass1": 1, "Pass2": 1, "Last3": 2}
    assert plan.elements[2].reason.endswith(
        "one instance, for Last3 gets its tuples in order (ordered = False there gives it more)"
    )


@pytest.mark.parametrize("size", [2, 5, 13, 64])
def test_static_spreads_instances_evenly_over_all_ranks_but_the_head(size):
    plan = plan_of(Make(), Pass(), Pass(), made(Last, numprocesses=2), size=size, mapping="static")
    load = Counter(plan.owner(e, p) for rank in range(1, size) for e, p in plan.hosted(rank))
    total = sum(instances(plan).values())
    assert sum(load.values()) == total
    assert max(load.values()) - min(load[r] for r in range(1, size)) <= 1
    assert plan.pool_ranks == ()
    assert plan.streams == []


def test_static_has_no_pool_and_keeps_state_where_hybrid_has_it():
    static = plan_of(Make(), Pass(), Count(), size=6, mapping="static")
    hybrid = plan_of(Make(), Pass(), Count(), size=6, mapping="hybrid")
    assert static.elements[2].partitions == hybrid.elements[2].partitions == 64
    assert not any(e.movable for e in static.elements)
    assert [r.spread for r in static.routes[:2]] == [Spread.EVEN, Spread.KEY]
    assert "mapping static" in describe(static)
    assert "mapping" not in describe(hybrid)


def test_static_on_one_rank_is_the_sequential_run():
    plan = plan_of(Make(), Pass(), size=1, mapping="static")
    assert plan._replace(mapping=Mapping.HYBRID) == plan_of(Make(), Pass(), size=1, mapping="hybrid")


def test_dynamic_refuses_every_stateful_element_by_name():
    with pytest.raises(WorkflowError) as refused:
        plan_of(Make(), Pass(), Count(), Last(), size=4, mapping="dynamic")
    assert len(refused.value.problems) == 2
    assert "Count2" in refused.value.problems[0]
    assert "one state per key" in refused.value.problems[0]
    assert "Last3" in refused.value.problems[1]
    assert "--mapping hybrid" in refused.value.problems[1]


def test_dynamic_is_the_pool_alone():
    plan = plan_of(Make(), Pass(), See(), size=4, mapping="dynamic")
    assert plan.stateful_ranks == ()
    assert plan.pool_ranks == (1, 2, 3)


@pytest.mark.parametrize(
    ("word", "size", "says"), [("fast", 1, "unknown mapping"), ("simple", 2, "leave -n")]
)
def test_a_mapping_that_cannot_be_had_is_refused(word, size, says):
    with pytest.raises(SettingsError, match=says):
        read_mapping(word, size)


def test_tuples_go_to_each_instance_in_turn_across_batches():
    splitter = Splitter(Route(0, "output", 1, "input", Spread.EVEN, None), 3, "Pass1")
    got = [[] for _ in range(3)]
    for batch in ([], [0], [1, 2, 3, 4], [5, 6], list(range(7, 20))):
        for partition, values in splitter.split(batch):
            got[partition] += values
    assert got == [list(range(start, 20, 3)) for start in range(3)]


def test_a_join_in_static_holds_its_state_in_one_place():
    graph = WorkflowGraph()
    join = Ports(a=None, b=None)
    graph.connect(Make(), "output", join, "a")
    graph.connect(Make(), "output", join, "b")
    plan, _ = make_plan(graph, 8, EngineSettings(), mapping=Mapping.STATIC)
    assert instances(plan) == {"Ports1": 1}
