"""`dispel4py.examples.graph_testing`: the graphs of its examples, made anew for each import.

Names, elements and connections are those of dispel4py (Apache-2.0, The University of Edinburgh).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hpcd4p.workflow.composite import create_iterative_chain
from hpcd4p.workflow.dispel4py import testing_elements as t
from hpcd4p.workflow.dispel4py.monitoring import ProcessTimingPE
from hpcd4p.workflow.graph import WorkflowGraph


def _chain(*elements: Any) -> WorkflowGraph:
    return _chained(WorkflowGraph(), *elements)


def _chained(graph: WorkflowGraph, *elements: Any) -> WorkflowGraph:
    for source, target in pairwise(elements):
        graph.connect(source, "output", target, "input")
    return graph


def _copies(count: int) -> list[Any]:
    return [t.TestOneInOneOut() for _ in range(count)]


def _instances(pe: Any, count: int, grouping: Any = None) -> Any:
    pe.numprocesses = count
    if grouping is not None:
        pe.inputconnections["input"]["grouping"] = grouping
    return pe


def _stays(pe: Any) -> Any:
    pe.stateful = "nature"
    return pe


def pipeline(graph: WorkflowGraph) -> WorkflowGraph:
    """Add a producer and five elements that copy to `graph`."""
    return _chained(graph, t.TestProducer(), *_copies(5))


def unconnected() -> WorkflowGraph:
    """Two pipelines that have nothing to do with each other."""
    return pipeline(pipeline(WorkflowGraph()))


def delayed_pipeline() -> WorkflowGraph:
    """A pipeline whose last element takes a second, and is timed."""
    return _chain(t.TestProducer(), *_copies(1), ProcessTimingPE(t.TestDelayOneInOneOut()))


def grouped(instances: int = 1) -> WorkflowGraph:
    """Random words, counted behind three elements that copy."""
    words, copies, count = t.RandomWordProducer(), _copies(3), _instances(t.WordCounter(), instances)
    graph = _chain(words, *copies, count)
    graph.__dict__["partitions"] = [[words], copies, [count]]
    return graph


def all_to_one(producer: Any = None) -> WorkflowGraph:
    """Five instances that copy, and all to one."""
    first, last = (_instances(pe, 5) for pe in _copies(2))
    return _chain(producer or t.TestProducer(), first, _instances(last, 5, "global"))


def one_to_all(producer: Any = None) -> WorkflowGraph:
    """Two instances that each get all."""
    return _chain(producer or t.TestProducer(), _instances(t.TestOneInOneOut(), 2, "all"))


def _through(source: Any, middle: list[Any], last: Any) -> WorkflowGraph:
    graph = WorkflowGraph()
    for each in middle:
        graph.connect(source, "output", each, "input")
    for each in middle:
        graph.connect(each, "output", last, "input")
    return graph


def grouping_split_merge() -> WorkflowGraph:
    """Random words through two filters into one count."""
    return _through(t.RandomWordProducer(), [t.RandomFilter(), t.RandomFilter()], t.WordCounter())


def split_merge() -> WorkflowGraph:
    """Two outputs, each copied, joined by an element with two inputs."""
    graph, prod, last = WorkflowGraph(), t.TestProducer(2), t.TestTwoInOneOut()
    copies = [t.TestOneInOneOut(), t.TestOneInOneOutWriter()]
    for i, copy in enumerate(copies):
        graph.connect(prod, f"output{i}", copy, "input")
    for i, copy in enumerate(copies):
        graph.connect(copy, "output", last, f"input{i}")
    return graph


def tee() -> WorkflowGraph:
    """A producer whose output two elements get."""
    return _split(t.TestProducer())


def large_teecopy(numIterations: int = 1) -> WorkflowGraph:
    """The same behind an element that copies, from a producer that writes `numIterations` for a call."""
    return _split(t.NumberProducer(numIterations), t.TestOneInOneOut())


def parallel_pipeline() -> WorkflowGraph:
    """The same with numbers that count the calls."""
    return _split(t.TestProducer(), t.TestOneInOneOut())


def _split(*pipeline: Any) -> WorkflowGraph:
    graph = _chain(*pipeline)
    for copy in _copies(2):
        graph.connect(pipeline[-1], "output", copy, "input")
    return graph


def partition_parallel_pipeline() -> WorkflowGraph:
    """The same with partitions."""
    graph = parallel_pipeline()
    *first, last = graph.get_contained_objects()
    graph.__dict__["partitions"] = [first, [last]]
    return graph


def producer_tee() -> WorkflowGraph:
    """A producer whose output two elements get, and a third behind the first of them."""
    prod, first, second, third = t.TestProducer(), *_copies(3)
    graph = _chain(prod, first)
    graph.connect(prod, "output", second, "input")
    return _chained(graph, first, third)


def word_count() -> WorkflowGraph:
    """Random words, counted in three instances."""
    return _chain(t.RandomWordProducer(), _instances(t.WordCounter(), 3))


def word_count_filter() -> WorkflowGraph:
    """The same behind a filter."""
    return _chain(t.RandomWordProducer(), _instances(t.RandomFilter(), 5), _instances(t.WordCounter(), 3))


def addTwo(data: Any) -> Any:
    """Give `data` + 2."""
    return 2 + data


def multiplyByFour(data: Any) -> Any:
    """Give 4 * `data`."""
    return 4 * data


def divideByTwo(data: Any) -> Any:
    """Give `data` / 2."""
    return data / 2


def subtract(data: Any, n: Any) -> Any:
    """Give `data` - `n`."""
    return data - n


def pipeline_composite() -> WorkflowGraph:
    """A producer and a chain of four functions."""
    chain = create_iterative_chain([addTwo, multiplyByFour, divideByTwo, (subtract, {"n": 1})])
    return _chain(t.TestProducer(), chain)


Example = tuple[Callable[[], WorkflowGraph], dict[str, Any]]

EXAMPLES: dict[str, Example] = {
    "delayed_pipeline": (delayed_pipeline, {}),
    "group_by": (grouped, {"test_grouping": grouped}),
    "group_by_stateful": (lambda: grouped(2), {"testGrouping": lambda: grouped(2)}),
    "grouping_alltoone": (all_to_one, {"test_all_to_one": all_to_one}),
    "grouping_alltoone_stateful": (lambda: all_to_one(_stays(t.TestProducer())), {}),
    "grouping_onetoall": (one_to_all, {"test_one_to_all": one_to_all}),
    "grouping_onetoall_stateful": (lambda: one_to_all(_stays(t.TestProducer())), {}),
    "grouping_split_merge": (grouping_split_merge, {"test_grouping": grouping_split_merge}),
    "large_teecopy": (large_teecopy, {"testTee": large_teecopy}),
    "parallel_pipeline": (parallel_pipeline, {"testParallelPipeline": parallel_pipeline}),
    "partition_parallel_pipeline": (partition_parallel_pipeline, {}),
    "pipeline_composite": (
        pipeline_composite,
        {f.__name__: f for f in (addTwo, multiplyByFour, divideByTwo, subtract)},
    ),
    "pipeline_test": (lambda: pipeline(WorkflowGraph()), {"testPipeline": pipeline}),
    "producer_tee": (producer_tee, {}),
    "split_merge": (split_merge, {"testSplitMerge": split_merge}),
    "teecopy": (tee, {"testTee": tee}),
    "unconnected_pipeline": (unconnected, {"testUnconnected": unconnected}),
    "word_count": (word_count, {}),
    "word_count_filter": (word_count_filter, {}),
}
"""Module → what makes its graph, and its other names."""


def contents(module: str) -> dict[str, Any]:
    """The names of an example: its functions, and its graph, made now."""
    make, others = EXAMPLES[module]
    return {**others, "graph": make()}
