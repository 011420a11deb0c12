"""Inputs: every form, and everything that can be wrong with one."""

from __future__ import annotations

import numpy as np
import pytest

from hpcd4p import WorkflowGraph
from hpcd4p.errors import InputError
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.elements import Make, Pass, Ports, See


def named(pe, name):
    pe.name = name
    return pe


@pytest.fixture
def two():
    """Sources 'first' (0) and 'second' (1), and a sink."""
    graph, see = WorkflowGraph(), See()
    for pe in (named(Make(), "first"), named(Make(), "second")):
        graph.connect(pe, "output", see, "input")
    return make_plan(graph, 4, EngineSettings())


def alone(pe):
    graph = WorkflowGraph()
    graph.add(pe)
    return make_plan(graph, 4, EngineSettings())


def test_one_call_of_each_source_by_default(two):
    sources = {i: 1 for i, e in enumerate(two[0].elements) if e.role == "source"}
    assert len(sources) == 2
    assert resolve_inputs(*two) == sources


@pytest.mark.parametrize("number", [0, 5, np.int64(7)])
def test_number_is_for_every_source(two, number):
    assert set(resolve_inputs(*two, number).values()) == {number}


def test_by_element_name_and_id(two):
    plan, pes = two
    first, second = (next(pe for pe in pes if pe.name == name) for name in ("first", "second"))
    at = {pe.name: i for i, pe in enumerate(pes)}
    wanted = {at["first"]: 3, at["second"]: [{"a": 1}]}
    assert resolve_inputs(plan, pes, {first: 3, second: [{"a": 1}]}) == wanted
    assert resolve_inputs(plan, pes, {"first": 3, "second": [{"a": 1}]}) == wanted
    assert resolve_inputs(plan, pes, {first.id: 3, second.id: [{"a": 1}]}) == wanted
    assert resolve_inputs(plan, pes, {"first": 3}) == {at["first"]: 3, at["second"]: 1}


def test_list_is_for_the_only_source():
    assert resolve_inputs(*alone(Pass()), [{"input": 1}, 2, None]) == {
        0: [{"input": 1}, {"input": 2}, {"input": None}]
    }
    assert resolve_inputs(*alone(Pass()), range(2)) == {0: [{"input": 0}, {"input": 1}]}
    assert resolve_inputs(*alone(Pass()), np.arange(2)) == {0: [{"input": 0}, {"input": 1}]}
    assert resolve_inputs(*alone(Pass()), []) == {0: []}


def test_generator_is_read():
    assert resolve_inputs(*alone(Pass()), {"Pass": (n for n in (4, 5))}) == {0: [{"input": 4}, {"input": 5}]}


def test_producer_takes_any_dict():
    assert resolve_inputs(*alone(Make()), [{"whatever": 1}, {}]) == {0: [{"whatever": 1}, {}]}


def wrong(planned, given):
    with pytest.raises(InputError) as caught:
        resolve_inputs(*planned, given)
    return str(caught.value)


def test_unknown_element_lists_the_sources(two):
    text = wrong(two, {"frist": 1})
    assert "'frist'" in text
    assert "first0 (or first)" in text
    assert "second2 (or second)" in text


def test_element_that_is_no_source(two):
    assert "come from other elements" in wrong(two, {"See": 1})
    assert "not an element of the workflow" in wrong(two, {See(): 1})


def test_name_of_several_elements():
    graph = WorkflowGraph()
    graph.add(Make())
    graph.add(Make())
    text = wrong(make_plan(graph, 2, EngineSettings()), {"Make": 1})
    assert "Make0, Make1" in text


def test_element_given_twice(two):
    assert "given twice" in wrong(two, {"first": 1, two[1][0]: 2} if two[1][0].name == "first" else {})


def test_list_for_several_sources(two):
    assert "there are 2 sources" in wrong(two, [{}])


@pytest.mark.parametrize("given", [-1, {"first": -3}])
def test_negative_number(two, given):
    assert "expected 0 or more" in wrong(two, given)


@pytest.mark.parametrize(
    "given", ["ten", 1.5, True, {"first": "ten"}, {"first": None}, {"first": {"input": 1}}]
)
def test_neither_number_nor_list(two, given):
    assert "expected a number of calls or a list of inputs" in wrong(two, given)


def test_bare_items_need_one_input():
    assert "has no input" in wrong(alone(Make()), [3])
    assert "has 2 inputs (a, b)" in wrong(alone(Ports(a=None, b=None)), [3])


def test_item_with_an_unknown_input_lists_the_valid_ones():
    assert "item 1: Pass0 has no input 'inptu'; its inputs are: input" in wrong(
        alone(Pass()), [{"input": 1}, {"inptu": 2}]
    )


def test_source_that_works_on_data_cannot_be_called_without():
    assert '{"Pass": [{"input": value}, ...]}' in wrong(alone(Pass()), 3)
    assert "Pass0 works on data" in wrong(alone(Pass()), None)
    assert "it is empty" in wrong(alone(Pass()), [{}])
    assert resolve_inputs(*alone(Pass()), 0) == {0: 0}
    assert resolve_inputs(*alone(Ports(a=None)), 2) == {0: 2}  # its process may do without
