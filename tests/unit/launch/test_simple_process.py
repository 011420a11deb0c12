"""`dispel4py.new.simple_process`: a graph run at once, in this process."""

from __future__ import annotations

import pytest

from hpcd4p import GenericPE, ProducerPE, WorkflowGraph, create_iterative_chain
from hpcd4p.launch.simple_process import process, process_and_return


class Count(ProducerPE):
    def __init__(self):
        super().__init__()
        self.count = 0

    def _process(self, inputs):
        self.count += inputs.get("by", 1)
        return self.count


class Halves(GenericPE):
    def __init__(self):
        super().__init__()
        self._add_input("number")
        self._add_output("even")
        self._add_output("odd")

    def process(self, inputs):
        return {"odd" if inputs["number"] % 2 else "even": inputs["number"]}


def example():
    graph, count, halves = WorkflowGraph(), Count(), Halves()
    graph.connect(count, "output", halves, "number")
    graph.connect(halves, "odd", create_iterative_chain([float, str]), "input")
    return graph, count, halves


def test_gives_what_was_written_by_id_and_output():
    graph, count, _ = example()
    expected = {"Halves1": {"even": [2, 4]}, "PE_str3": {"output": ["1.0", "3.0", "5.0"]}}
    for key in (count, "Count", "Count0"):
        assert process_and_return(graph, {key: 5}) == expected
    assert process_and_return(graph, {"Count": [{"by": 2}, {}]})["Halves1"] == {"even": [2]}
    assert count.count == 0  # the element itself is as it was


def test_outputs_that_nobody_wrote_on_are_left_out():
    graph, _, _ = example()
    assert process_and_return(graph, 1) == {"PE_str3": {"output": ["1.0"]}}


def test_result_mappings_name_the_outputs_that_are_wanted():
    graph, count, halves = example()
    wanted = {"Count0": ["output"], "Halves1": ["even"]}
    assert process_and_return(graph, {count: 3}, wanted) == {
        "Count0": {"output": [1, 2, 3]},
        "Halves1": {"even": [2]},
    }
    assert graph.get_contained_objects()[:2] == [count, halves]  # the graph is as it was
    assert len(graph.connections) == 2


def test_process_prints_inputs_and_outputs(capsys):
    graph, count, _ = example()
    assert process(graph, {count: 2}) is None
    assert capsys.readouterr().out == (
        "Inputs: {'Count0': 2}\nOutputs: {'Halves1': {'even': [2]}, 'PE_str3': {'output': ['1.0']}}\n"
    )


def test_process_on_another_rank_prints_nothing(capsys, monkeypatch):
    monkeypatch.setattr("hpcd4p.launch.simple_process.launched_rank", lambda: 3)
    graph, count, _ = example()
    process(graph, {count: 2}, None)
    assert capsys.readouterr().out == ""


def test_a_graph_that_is_wrong_is_told_as_by_a_run():
    graph, _, halves = example()
    graph.connect(halves, "even", create_iterative_chain([abs]), "nowhere")
    with pytest.raises(ValueError, match="no input 'nowhere'") as caught:
        graph.flatten()
    with pytest.raises(Exception, match="no input 'nowhere'") as caught:
        process_and_return(graph, 1)
    assert type(caught.value).__name__ == "WorkflowError"


class Aside(ProducerPE):
    def _process(self, inputs):
        self.write("aside", 1)
        return 2


def test_what_is_written_on_an_undeclared_output_is_a_result():
    graph, aside = WorkflowGraph(), Aside()
    graph.add(aside)
    assert process_and_return(graph, 2) == {"Aside0": {"output": [2, 2], "aside": [1, 1]}}
    assert process_and_return(graph, 2, {"Aside0": ["aside"]}) == {"Aside0": {"aside": [1, 1]}}
    assert process_and_return(graph, 2, {"Aside0": ["nothing"]}) == {}
