"""The aggregates of dispel4py.new.aggregate, alone and in parallel."""

from dispel4py.base import ProducerPE
from dispel4py.new.aggregate import (
    AverageReducePE,
    CountPE,
    MinPE,
    SumPE,
    parallel_aggregate,
    parallel_avg,
    parallel_count,
    parallel_max,
    parallel_min,
    parallel_std_dev,
    parallel_sum,
)
from dispel4py.workflow_graph import WorkflowGraph


class RowSource(ProducerPE):
    def _process(self, inputs):
        for number in range(inputs["first"], inputs["last"]):
            self.write("output", [number, (7 * number) % 11, -number])


rows = RowSource()
graph = WorkflowGraph()
many = [
    parallel_count(),
    parallel_sum([0, 1]),
    parallel_min([1]),
    parallel_max([1, 0]),
    parallel_avg(0),
    parallel_std_dev(1),
    parallel_aggregate(SumPE([2]), SumPE([0])),
]
for composite in many:
    composite.getContainedObjects()[0].numprocesses = 4
for aggregate in [*many, CountPE(), SumPE([0]), MinPE([0])]:
    graph.connect(rows, "output", aggregate, "input")
graph.connect(many[4], "output", AverageReducePE(), "input")
