"""Two inputs that are joined with lists in the element."""

from dispel4py.base import BasePE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class JoinNumbers(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self.next = 0

    def _process(self, inputs):
        self.next += 1
        return self.next


class Square(IterativePE):
    def _process(self, data):
        return data * data


class Join(BasePE):
    def __init__(self):
        BasePE.__init__(self, inputs=["plain", "square"], outputs=["pair"])
        self.plain = []
        self.square = []

    def process(self, inputs):
        if "plain" in inputs:
            self.plain.append(inputs["plain"])
        if "square" in inputs:
            self.square.append(inputs["square"])

    def _postprocess(self):
        for pair in zip(sorted(self.plain), sorted(self.square)):
            self.write("pair", pair)


numbers, square, join = JoinNumbers(), Square(), Join()
graph = WorkflowGraph()
graph.connect(numbers, "output", join, "plain")
graph.connect(numbers, "output", square, "input")
graph.connect(square, "output", join, "square")
