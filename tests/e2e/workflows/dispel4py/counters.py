"""Running counters that nobody declared, in a source and in an element."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class CountingSource(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self.counter = 0

    def _process(self, inputs):
        self.counter += 1
        return self.counter


class CountingElement(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.calls = 0

    def _process(self, data):
        self.calls += 1
        return "call %d" % self.calls


graph = WorkflowGraph()
graph.connect(CountingSource(), "output", CountingElement(), "input")
