"""dispel4py's own test cases, and its examples and test elements, as ours."""

from __future__ import annotations

import importlib
from collections import Counter
from itertools import pairwise

import pytest

from hpcd4p import WorkflowGraph
from hpcd4p.launch.simple_process import process_and_return
from hpcd4p.workflow.dispel4py import testing_elements as t
from hpcd4p.workflow.dispel4py.drawing import draw
from hpcd4p.workflow.dispel4py.example_graphs import EXAMPLES
from hpcd4p.workflow.dispel4py.names import dispel4py_names
from hpcd4p.workflow.dispel4py.table import GRAPHS, MODULES
from hpcd4p.workflow.load import load_workflow


def chain(*elements):
    graph = WorkflowGraph()
    for one, other in pairwise(elements):
        graph.connect(one, "output", other, "input")
    return graph


def test_a_pipeline_copies_what_is_produced():
    prod = t.TestProducer()
    copies = [t.TestOneInOneOut() for _ in range(5)]
    graph = chain(prod, *copies)
    assert process_and_return(graph, {prod: [{}] * 5}) == {copies[-1].id: {"output": [1, 2, 3, 4, 5]}}
    first, last = copies[0], copies[-1]
    assert process_and_return(chain(*copies), {first: [{"input": i} for i in (1, 2, 3)]}) == {
        last.id: {"output": [1, 2, 3]}
    }
    assert process_and_return(chain(*copies), {first.id: [{"input": 1}]}) == {last.id: {"output": [1]}}


def test_a_square_joins_what_it_has_split():
    with dispel4py_names():
        graph = importlib.import_module(f"{GRAPHS}.split_merge").testSplitMerge()
    prod, *_, last = graph.get_contained_objects()
    assert process_and_return(graph, {prod: [{}]}) == {last.id: {"output": ["1", "1"]}}


def test_a_tee_gives_both_the_same_and_a_writer_writes():
    graph, prod, one, other = (
        WorkflowGraph(),
        t.TestProducer(),
        t.TestOneInOneOut(),
        t.TestOneInOneOutWriter(),
    )
    graph.connect(prod, "output", one, "input")
    graph.connect(prod, "output", other, "input")
    numbers = {"output": [1, 2, 3, 4, 5]}
    assert process_and_return(graph, {prod: [{}] * 5}) == {one.id: numbers, other.id: numbers}


def test_one_element_alone_is_a_workflow():
    graph, prod = WorkflowGraph(), t.TestProducer()
    graph.add(prod)
    assert process_and_return(graph, {prod: [{}]}) == {prod.id: {"output": [1]}}


def test_many_numbers_words_and_what_a_filter_lets_through():
    many, numbers = t.TestMultiProducer(3), t.NumberProducer(2)
    assert process_and_return(chain(many, t.TestDelayOneInOneOut(0)), 2) == {
        "TestDelayOneInOneOut1": {"output": [0, 1, 2, 0, 1, 2]}
    }
    graph = WorkflowGraph()
    graph.add(numbers)
    assert process_and_return(graph, 2) == {numbers.id: {"output": ["1:0", "1:1", "2:0", "2:1"]}}
    counted = process_and_return(chain(t.RandomWordProducer(), t.WordCounter()), 200)["WordCounter1"][
        "output"
    ]
    highest = Counter()
    for word, count in counted:
        highest[word] = max(highest[word], count)
    assert highest.total() == 200
    assert set(highest) <= set(t.RandomWordProducer.words)
    passed = process_and_return(chain(t.RandomWordProducer(), t.RandomFilter()), 200)["RandomFilter1"][
        "output"
    ]
    assert 0 < len(passed) < 200


def test_metadata_are_logged(capsys):
    graph, source, log = WorkflowGraph(), t.TestProducer(), t.ProvenanceLogger()
    graph.connect(source, "output", log, "metadata")
    process_and_return(graph, 1)
    assert capsys.readouterr().out == "ProvenanceLogger1 (rank 0): Logging metadata: 1\n"


def test_types_reach_what_copies_and_a_composite_is_drawn_as_a_frame():
    graph = load_workflow(f"{GRAPHS}.pipeline_composite").graph
    graph.propagate_types()
    assert "subgraph cluster_" in draw(graph)


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_made_anew_and_has_its_functions(name):
    first, second = (load_workflow(f"{GRAPHS}.{name}").graph for _ in range(2))
    assert first is not second
    assert len(first.get_contained_objects()) > 1
    assert f"{GRAPHS}.{name}" in MODULES
    with dispel4py_names():
        module = importlib.import_module(f"{GRAPHS}.{name}")
        for other in EXAMPLES[name][1]:
            assert callable(getattr(module, other))


def test_the_table_and_the_graphs_are_the_same():
    graphs = {module for module in MODULES if module.startswith(f"{GRAPHS}.")} - {f"{GRAPHS}.testing_PEs"}
    assert graphs == {f"{GRAPHS}.{name}" for name in EXAMPLES}
