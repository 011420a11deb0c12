"""The graph: adding, connecting, composites, chains."""

from __future__ import annotations

import pickle
import sys

import pytest

from hpcd4p import CompositePE, IterativePE, SimpleFunctionPE, WorkflowGraph, create_iterative_chain
from hpcd4p.workflow.graph import flattened


class Pass(IterativePE):
    def _process(self, data):
        return data


def test_connect_adds_both_ends_once():
    graph, a, b = WorkflowGraph(), Pass(), Pass()
    graph.connect(a, "output", b, "input")
    graph.connect(a, "output", b, "input")
    assert graph.getContainedObjects() == [a, b]
    assert len(graph.connections) == 2  # two edges between the same ports are two edges


def test_ids_are_name_and_running_number():
    graph, a, b = WorkflowGraph(), Pass(), Pass()
    b.name = "last"
    node = graph.add(a)
    graph.add(b)
    assert (a.id, b.id) == ("Pass0", "last1")
    assert node.getContainedObject() is a
    assert graph.objToNode[b].get_contained_object() is b


def test_composite_is_connected_at_the_ports_that_it_maps():
    inner_a, inner_b, before, after = Pass(), Pass(), Pass(), Pass()

    def fill(composite, extra):
        composite.connect(inner_a, "output", inner_b, "input")
        composite._map_input("in", inner_a, "input")
        composite._map_output("out", inner_b, "output")
        assert extra == 1

    composite = CompositePE(fill, {"extra": 1})
    graph = WorkflowGraph()
    graph.connect(before, "output", composite, "in")
    graph.connect(composite, "out", after, "input")
    flat = flattened(graph)
    assert flat.members == [before, after, inner_a, inner_b]
    edges = {(c.source, c.target) for c in flat.connections}
    assert edges == {(before, inner_a), (inner_a, inner_b), (inner_b, after)}
    assert composite in graph.get_contained_objects()  # the graph itself is as it was
    graph.flatten()
    assert graph.get_contained_objects() == flat.members


def test_composites_nest():
    innermost = create_iterative_chain([abs, abs])
    middle = CompositePE()
    middle._map_input("in", innermost, "input")
    middle._map_output("out", innermost, "output")
    outer = CompositePE()
    outer._map_input("i", middle, "in")
    outer._map_output("o", middle, "out")
    graph, a, b = WorkflowGraph(), Pass(), Pass()
    graph.connect(a, "output", outer, "i")
    graph.connect(outer, "o", b, "input")
    flat = flattened(graph)
    assert len(flat.members) == 4
    assert len(flat.connections) == 3
    assert not flat.problems


def test_unmapped_name_is_a_problem_that_lists_the_mapped_ones():
    graph, chain = WorkflowGraph(), create_iterative_chain([abs])
    graph.connect(Pass(), "output", chain, "inptu")
    assert "no input 'inptu'; it maps: 'input'" in flattened(graph).problems[0]
    with pytest.raises(ValueError, match="inptu"):
        graph.flatten()


def test_composite_that_contains_itself_is_a_problem():
    loop = CompositePE()
    loop.add(loop)
    graph = WorkflowGraph()
    graph.add(loop)
    assert "contains itself" in flattened(graph).problems[0]


def test_chain_names_its_elements_and_passes_parameters():
    chain = create_iterative_chain([abs, (round, {"ndigits": 1})], name_prefix="step_", name_suffix="_x")
    first, second = chain.get_contained_objects()
    assert [first.name, second.name] == ["step_abs_x", "step_round_x"]
    assert second.process({"input": 1.26}) == {"output": 1.3}
    assert chain.inputmappings == {"input": (first, "input")}
    assert chain.outputmappings == {"output": (second, "output")}


def test_empty_chain_is_refused():
    with pytest.raises(ValueError, match="at least one function"):
        create_iterative_chain([])


def test_graph_travels():
    graph, a = WorkflowGraph(), SimpleFunctionPE(abs)
    graph.connect(a, "output", SimpleFunctionPE(round), "input")
    twin = pickle.loads(pickle.dumps(graph))
    assert [pe.id for pe in twin.get_contained_objects()] == ["PE_abs0", "PE_round1"]
    assert twin.connections[0].source is twin.get_contained_objects()[0]


def test_types_are_told_downstream():
    heard = {}

    class Listen(Pass):
        def set_input_types(self, types):
            heard.update(types)

    source, graph = Pass(), WorkflowGraph()
    source.outputconnections["output"]["type"] = ["number"]
    graph.connect(source, "output", Listen(), "input")
    graph.propagate_types()
    assert heard == {"input": ["number"]}


class Typed(IterativePE):
    def __init__(self, types=None):
        super().__init__()
        if types is not None:
            self.outputconnections["output"]["type"] = types


class Filter(IterativePE):
    """Its output is of the type of its input, in the old spelling and in the new one."""

    def set_input_types(self, types):
        self.types = types

    def get_output_types(self):
        return {"output": self.types["input"]}


class OldFilter(IterativePE):
    def setInputTypes(self, types):
        self.types = types

    def getOutputTypes(self):
        return {"output": self.types["input"]}


def test_types_are_told_from_the_sources_on_whatever_the_order_of_adding():
    graph, source, first, second, last = WorkflowGraph(), Typed(["number"]), Filter(), OldFilter(), Filter()
    graph.connect(second, "output", last, "input")
    graph.connect(first, "output", second, "input")
    graph.connect(source, "output", first, "input")
    graph.propagate_types()
    assert first.types == second.types == last.types == {"input": ["number"]}


def test_a_chain_is_made_of_any_class_that_takes_no_arguments():
    class Named(SimpleFunctionPE):
        def __init__(self):
            SimpleFunctionPE.__init__(self)

    chain = create_iterative_chain([abs, [round, {"ndigits": 1}]], Named, "F_", "_x")
    first, second = chain.get_contained_objects()
    assert (first.name, second.name) == ("F_abs_x", "F_round_x")
    assert second.process({"input": 2.34}) == {"output": 2.3}


def test_types_are_told_along_a_chain_that_is_longer_than_calls_may_be_deep():
    graph, last = WorkflowGraph(), Typed(["number"])
    elements = [Filter() for _ in range(2 * sys.getrecursionlimit())]
    for element in reversed(elements):
        graph.add(element)
    for element in elements:
        graph.connect(last, "output", element, "input")
        last = element
    graph.propagate_types()
    assert last.types == {"input": ["number"]}


def test_each_element_is_told_its_types_once():
    told = []

    class Counts(Filter):
        def set_input_types(self, types):
            super().set_input_types(types)
            told.append(self)

        def get_output_types(self):
            return {"output": ["number"]}

    graph = WorkflowGraph()
    first, second, third = Counts(), Counts(), Counts()
    for pe in (third, first, second):
        graph.add(pe)
    graph.connect(first, "output", second, "input")
    graph.connect(first, "output", third, "input")
    graph.connect(second, "output", third, "input")
    graph.propagate_types()
    assert told == [first, second, third]
