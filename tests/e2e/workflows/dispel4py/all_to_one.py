"""The first of several instances gets everything; the others end with nothing."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class Payments(ProducerPE):
    def _process(self, inputs):
        return inputs["amount"]


class Rounded(IterativePE):
    def _process(self, data):
        return round(data)


class Till(GenericPE):
    def __init__(self):
        GenericPE.__init__(self, numprocesses=2)
        self._add_input("input", grouping="global")
        self._add_output("output")
        self.total = 0

    def process(self, inputs):
        self.total += inputs["input"]

    def _postprocess(self):
        self.write("output", self.total)


payments, rounded, till = Payments(), Rounded(), Till()
graph = WorkflowGraph()
graph.connect(payments, "output", rounded, "input")
graph.connect(rounded, "output", till, "input")
