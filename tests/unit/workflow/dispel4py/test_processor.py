"""`dispel4py.new.processor`: the command line and inputs of scripts that have their own `main`."""

from __future__ import annotations

from argparse import Namespace

import pytest

from hpcd4p import SimpleFunctionPE, WorkflowGraph
from hpcd4p.workflow.dispel4py import processor
from hpcd4p.workflow.dispel4py.names import dispel4py_names
from hpcd4p.workflow.dispel4py.testing_elements import TestProducer


def graph_of_one():
    graph, prod = WorkflowGraph(), TestProducer()
    graph.connect(prod, "output", SimpleFunctionPE(abs), "input")
    return graph, prod


@pytest.mark.parametrize("text", ["{not valid", "{ bla"])
def test_inputs_that_are_no_json_are_refused(tmp_path, text):
    (tmp_path / "inputs.json").write_text(text)
    for args in (
        Namespace(data=text, file=None, iter=1),
        Namespace(data=None, file=tmp_path / "inputs.json"),
    ):
        with pytest.raises(ValueError, match="Expecting"):
            processor.create_inputs(args, WorkflowGraph())
    with pytest.raises(ValueError, match="does not exist"):
        processor.create_inputs(Namespace(data=None, file="/does/not/exist"), WorkflowGraph())


def test_inputs_are_by_id(tmp_path, capsys):
    graph, prod = graph_of_one()
    (tmp_path / "inputs.json").write_text('{"TestProducer": 20}')
    as_file = Namespace(file=str(tmp_path / "inputs.json"), data='{"TestProducer": 1}', iter=1)
    assert processor.create_inputs(as_file, graph) == {prod.id: 20}
    as_text = Namespace(file=None, data='{"TestProducer0": [{}]}', iter=1)
    assert processor.create_inputs(as_text, graph) == {prod.id: [{}]}
    assert capsys.readouterr().out == ""
    for calls, word in ((20, "iterations"), (1, "iteration")):
        assert processor.create_inputs(Namespace(file=None, data=None, iter=calls), graph) == {prod.id: calls}
        assert capsys.readouterr().out == f"Processing {calls} {word}.\n"


def test_inputs_of_an_element_are_found_by_itself_its_name_or_its_id():
    _, prod = graph_of_one()
    for key in (prod, "TestProducer", "TestProducer0"):
        assert processor.get_inputs(prod, {key: 3, "another": 4}) == 3
    assert processor.get_inputs(prod, {"another": 4}) is None
    assert processor.get_inputs("no element", {}) is None


def test_the_command_line_gives_the_graph_of_an_example_and_its_inputs():
    words = ["simple", "dispel4py.examples.graph_testing.pipeline_composite", "-i", "2"]
    with dispel4py_names():
        args = processor.create_arg_parser().parse_args(words)
        graph, inputs = processor.load_graph_and_inputs(args)
    assert inputs == {"TestProducer0": 2}
    assert [pe.name for pe in graph.get_contained_objects()][1:] == [
        "PE_addTwo", "PE_multiplyByFour", "PE_divideByTwo", "PE_subtract",
    ]  # fmt: skip


def test_a_log_line_has_id_and_rank_where_there_is_one(capsys):
    _, prod = graph_of_one()
    processor.simple_logger(prod, "hello")
    processor.simple_logger(Namespace(id="x"), "there")
    assert capsys.readouterr().out == "TestProducer0 (rank 0): hello\nx: there\n"
