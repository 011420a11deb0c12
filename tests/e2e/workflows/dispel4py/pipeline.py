"""A producer, an iterative element, a consumer."""

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class PipelineNumbers(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)

    def _process(self, inputs):
        return inputs["number"]


class Even(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)

    def _process(self, data):
        if data % 2 == 0:
            return data


class Print(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)

    def _process(self, data):
        self.log("got %s" % data)


graph = WorkflowGraph()
numbers = PipelineNumbers()
even = Even()
graph.connect(numbers, "output", even, "input")
graph.connect(even, "output", Print(), "input")
again = Even()
graph.connect(even, "output", again, "input")
