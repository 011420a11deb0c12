"""What is wrong with a workflow: each problem is found, named, and told with all the others."""

from __future__ import annotations

import threading

import pytest

from hpcd4p import CompositePE, GenericPE, ProducerPE, SimpleFunctionPE, WorkflowGraph, create_iterative_chain
from hpcd4p.errors import InputError, WorkflowError
from hpcd4p.plan.inputs import resolve_inputs
from hpcd4p.plan.make import make_plan
from hpcd4p.plan.settings import EngineSettings
from tests.unit.plan.elements import Batch, Count, Empty, Make, NoSuper, Pass, Ports, See


def problems_of(graph, **options):
    with pytest.raises(WorkflowError) as caught:
        make_plan(graph, 4, EngineSettings(), **options)
    return caught.value.problems


def only_problem(*edges, add=()):
    graph = WorkflowGraph()
    for edge in edges:
        graph.connect(*edge)
    for member in add:
        graph.add(member)
    (problem,) = problems_of(graph)
    return problem


def changed(pe, **attributes):
    for name, value in attributes.items():
        setattr(pe, name, value)
    return pe


def test_empty_workflow():
    assert "empty" in only_problem()


@pytest.mark.parametrize("thing", [abs, 3, "Make", None])
def test_member_that_is_no_element(thing):
    assert "is not an element" in only_problem(add=[thing])


def test_class_instead_of_an_instance():
    assert "Make is a class; add an instance of it: Make()" in only_problem(add=[Make])


def test_element_without_super_init():
    assert "call super().__init__() in NoSuper.__init__" in only_problem(add=[NoSuper()])


def test_unknown_output_lists_the_valid_ones():
    problem = only_problem((Ports(), "z", Pass(), "input"))
    assert "'Ports' has no output 'z', connected to 'input' of 'Pass'; its outputs are: 'x', 'y'" in problem


def test_unknown_input_lists_the_valid_ones():
    see = See()
    problem = only_problem((Make(), "output", see, "input"), (Make(), "output", see, "in"))
    assert "'See' has no input 'in', connected to 'output' of 'Make'; its inputs are: 'input'" in problem


def test_input_of_an_element_that_has_none():
    assert "it has no inputs" in only_problem((Make(), "output", Make(), "input"))


def test_input_left_unconnected_beside_a_connected_one():
    problem = only_problem((Make(), "output", Ports(a=None, b=None), "a"))
    assert "input 'b' of element 'Ports' is not connected" in problem


def test_cycle_is_shown():
    a, b = Pass(), changed(Pass(), name="back")
    problem = only_problem(
        (Make(), "output", a, "input"), (a, "output", b, "input"), (b, "output", a, "input")
    )
    assert "cycle: Pass -> back -> Pass" in problem


def test_of_a_long_cycle_the_first_and_the_last_are_shown():
    members = [changed(Pass(), name=f"e{n}") for n in range(500)]
    following = [*members[1:], members[0]]
    problem = only_problem(*((a, "output", b, "input") for a, b in zip(members, following, strict=True)))
    assert len(problem) < 300
    assert "(500 elements in all)" in problem


def test_element_that_feeds_itself():
    a = Pass()
    assert "cycle: Pass -> Pass" in only_problem((a, "output", a, "input"))


def test_two_elements_of_one_given_name_have_ids_of_their_own():
    graph = WorkflowGraph()
    for _ in range(2):
        graph.add(changed(Make(), name="read"))
    plan, elements = make_plan(graph, 1, EngineSettings())
    assert [pe.id for pe in elements] == ["read0", "read1"]
    assert resolve_inputs(plan, elements, {"read0": 2, "read1": 3}) == {0: 2, 1: 3}
    with pytest.raises(InputError, match="which several elements are called: read0, read1; use one of these"):
        resolve_inputs(plan, elements, {"read": 2})


def test_two_elements_of_one_class_need_no_name():
    graph = WorkflowGraph()
    graph.add(Make())
    graph.add(Make())
    graph.connect(create_iterative_chain([abs, abs]), "output", See(), "input")
    plan, _ = make_plan(graph, 2, EngineSettings())
    assert len({e.name for e in plan.elements}) == 6


@pytest.mark.parametrize("name", ["", " ", 3, None, "a\nb"])
def test_name_that_is_none(name):
    pe = Make()
    pe.name = name
    if name is None:  # as if none had been given
        graph = WorkflowGraph()
        graph.add(pe)
        assert make_plan(graph, 1, EngineSettings())[0].elements[0].name == "Make0"
    else:
        assert "a name is a printable string" in only_problem(add=[pe])


def test_grouping_on_a_port_that_is_not_there():
    pe = Pass()
    pe.inputconnections["inptu"] = {"grouping": [0]}
    problem = only_problem((Make(), "output", pe, "input"))
    assert "grouping on 'inptu', which is not an input of it; its inputs are: 'input'" in problem


def test_grouping_on_an_output():
    pe = Make()
    pe.outputconnections["output"]["grouping"] = [0]
    assert "groupings belong to inputs" in only_problem(add=[pe])


def test_stateful_grouping_without_an_input():
    assert "but it has no inputs" in only_problem(add=[changed(Make(), stateful="global")])


@pytest.mark.parametrize("grouping", ["globl", [], [1.5], 3.5])
def test_grouping_that_is_none(grouping):
    problem = only_problem((Make(), "output", Ports(a=grouping), "a"))
    assert problem.startswith("element 'Ports', input 'a':")


def test_stateful_that_is_none():
    assert "stateful" in only_problem((Make(), "output", changed(Pass(), stateful="yes"), "input"))


@pytest.mark.parametrize("count", [0, -1, 1.5, "4", True, None, 10**9])
def test_number_of_instances_that_is_none(count):
    assert f"numprocesses is {count!r}" in only_problem(add=[changed(Make(), numprocesses=count)])


@pytest.mark.parametrize(
    ("pe", "attributes", "said"),
    [
        (Count, {"partitions": 0}, "partitions is 0"),
        (Count, {"key": ()}, "key: the list of positions or names is empty"),
        (Count, {"key": 1.5}, "key: 1.5"),
        (Count, {"value": [1]}, "value is [1]"),
        (Batch, {"max_batch": 0}, "max_batch is 0"),
    ],
)
def test_settings_of_keyed_and_batch_elements(pe, attributes, said):
    assert said in only_problem((Make(), "output", changed(pe(), **attributes), "input"))


@pytest.mark.parametrize(
    ("pe", "said"),
    [
        (Empty(), "neither process nor _process"),
        (GenericPE(), "neither process nor _process"),
        (ProducerPE(), "neither process nor _process"),
        (SimpleFunctionPE(), "neither process nor _process"),
        (type("KeyedPE2", (Count.__mro__[1],), {})(), "process_key"),
        (type("BatchPE2", (Batch.__mro__[1],), {})(), "process_batch"),
    ],
)
def test_element_that_does_nothing(pe, said):
    graph = WorkflowGraph()
    graph.add(pe)
    assert any(said in problem for problem in problems_of(graph, by_value=True))


def test_element_that_cannot_be_pickled_names_the_attribute():
    pe = changed(Make(), fine=1, guard=threading.Lock())
    problem = only_problem(add=[pe])
    assert "'Make' cannot be pickled (attribute 'guard')" in problem
    assert "preprocess" in problem


def test_lambda_cannot_travel_by_reference_but_by_value():
    graph = WorkflowGraph()
    graph.connect(Make(), "output", SimpleFunctionPE(lambda x: x), "input")
    (problem,) = problems_of(graph)
    assert "cannot be pickled (attribute 'compute_fn')" in problem
    make_plan(graph, 4, EngineSettings(), by_value=True)


def test_element_that_is_ignored_when_pickled_may_hold_anything():
    pe = changed(Make(), guard=threading.Lock(), pickleIgnore=["guard"])
    graph = WorkflowGraph()
    graph.add(pe)
    make_plan(graph, 4, EngineSettings())


class SaysWhere(Make):
    def position(self):
        return 0


class GoesOn(Make):
    def seek(self, position):
        pass


class Both(SaysWhere, GoesOn):
    pass


class FurtherDown(Pass):
    def seek(self, position):
        pass


def test_source_that_says_where_it_is_and_cannot_go_on_there():
    assert "'SaysWhere' has position() and no seek()" in only_problem(add=[SaysWhere()])
    assert "'GoesOn' has seek() and no position()" in only_problem(add=[GoesOn()])


def test_both_are_right_and_what_is_no_source_may_have_one():
    graph = WorkflowGraph()
    graph.connect(Both(), "output", FurtherDown(), "input")
    graph.add(changed(Make(), position=7))  # no method
    make_plan(graph, 4, EngineSettings())


class BothWithoutState(Both):
    stateful = False


def test_source_that_says_where_it_is_has_state():
    graph = WorkflowGraph()
    for pe in (Make(), Both(), BothWithoutState()):
        graph.add(pe)
    plan, _ = make_plan(graph, 4, EngineSettings())
    assert [e.movable for e in plan.elements[:-1]] == [True, False, True]
    assert "it says where it is" in plan.elements[1].reason


def test_element_in_two_places():
    pe = Pass()
    composite = CompositePE(lambda self: self.add(pe))
    assert "'Pass' is in the workflow 2 times" in only_problem(add=[pe, composite])


def test_unmapped_port_of_a_composite():
    chain = changed(create_iterative_chain([abs]), name="steps")
    assert "composite steps has no input 'in'; it maps: 'input'" in only_problem(
        (Make(), "output", chain, "in")
    )


def test_every_problem_is_told_at_once():
    graph = WorkflowGraph()
    a, b, source = Pass(), Pass(), Make()
    graph.connect(source, "outptu", a, "input")
    graph.connect(a, "output", b, "input")
    graph.connect(b, "output", a, "input")
    graph.connect(source, "output", Ports(a="globl", b=None), "a")
    graph.connect(source, "output", create_iterative_chain([abs]), "in")
    graph.add(SimpleFunctionPE(lambda x: x))
    graph.add(abs)
    graph.add(NoSuper())
    graph.add(changed(Make(), numprocesses=0))
    graph.add(changed(Make(), name="\n"))
    graph.name = "everything"
    problems = problems_of(graph)
    for part in (
        "composite CompositePE has no input 'in'",
        "is not an element",
        "NoSuper was not initialised",
        "a name is a printable string",
        "unknown grouping 'globl'",
        "numprocesses is 0",
        "cannot be pickled",
        "no output 'outptu'",
        "input 'b' of element 'Ports' is not connected",
        "cycle: Pass -> Pass -> Pass",
    ):
        assert any(part in problem for problem in problems), part
    assert len(problems) == 10


def test_message_lists_the_problems_under_the_name_of_the_workflow():
    graph = WorkflowGraph()
    graph.name = "mine"
    graph.add(abs)
    graph.add(NoSuper())
    with pytest.raises(WorkflowError, match=r"mine: 2 problems in the workflow:\n  - .*\n  - "):
        make_plan(graph, 4, EngineSettings())
