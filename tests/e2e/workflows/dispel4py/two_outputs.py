"""An element with two outputs, which returns a dict or writes."""

from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class SplitNumbers(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_output("small")
        self._add_output("large")

    def process(self, inputs):
        number = inputs["number"]
        if number < 10:
            self.write("small", number)
        else:
            return {"large": number, "small": -number}


class Copy(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("in")
        self._add_output("out")

    def process(self, inputs):
        return {"out": inputs["in"]}


split, small, large = SplitNumbers(), Copy(), Copy()
graph = WorkflowGraph()
graph.connect(split, "small", small, "in")
graph.connect(split, "large", large, "in")
