"""A composite in a composite, made in both ways."""

from dispel4py.base import CompositePE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class LeafNumbers(ProducerPE):
    def _process(self, inputs):
        return inputs["number"]


class Add(IterativePE):
    def __init__(self, number):
        IterativePE.__init__(self)
        self.number = number

    def _process(self, data):
        return data + self.number


def add_twice(composite, first, second):
    one, two = Add(first), Add(second)
    composite.connect(one, "output", two, "input")
    composite._map_input("in", one, "input")
    composite._map_output("out", two, "output")


class AddTwice(CompositePE):
    def __init__(self, first, second):
        CompositePE.__init__(self, add_twice, {"first": first, "second": second})


outer = WorkflowGraph()
inner, last = AddTwice(1, 10), Add(100)
outer.connect(inner, "out", last, "input")
outer.inputmappings = {"start": (inner, "in")}
outer.outputmappings = {"end": (last, "output"), "middle": (inner, "out")}

numbers = LeafNumbers()
graph = WorkflowGraph()
graph.connect(numbers, "output", outer, "start")
graph.connect(outer, "end", Add(1000), "input")
graph.connect(outer, "middle", Add(5000), "input")
