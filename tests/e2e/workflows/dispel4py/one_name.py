"""Two elements of one name: their ids tell them apart."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class TwinNumbers(ProducerPE):
    def _process(self, inputs):
        return inputs["number"]


class Add(IterativePE):
    def __init__(self, number):
        IterativePE.__init__(self)
        self.number = number
        self.name = "twin"

    def _process(self, data):
        return data + self.number


numbers, one, two = TwinNumbers(), Add(1), Add(2)
graph = WorkflowGraph()
graph.connect(numbers, "output", one, "input")
graph.connect(one, "output", two, "input")
graph.connect(numbers, "output", Add(100), "input")
