"""The number of instances: a class attribute, an argument, an attribute set later, and `single`."""

from dispel4py.base import ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class InstanceNumbers(ProducerPE):
    def _process(self, inputs):
        for number in range(30):
            self.write("output", (number % 7, number))


class Sum(GenericPE):
    """Each instance writes the sum of what it got."""

    def __init__(self, **given):
        GenericPE.__init__(self, **given)
        self._add_input("input", grouping="all")
        self._add_output("output")
        self.total = 0

    def process(self, inputs):
        self.total += inputs["input"][1]

    def _postprocess(self):
        self.write("output", self.total)


class Five(Sum):
    numprocesses = 5


numbers = InstanceNumbers()
given, later, by_class, single = Sum(numprocesses=2), Sum(), Five(), Five()
later.numprocesses = 3
single.single = True
graph = WorkflowGraph()
for pe in (given, later, by_class, single):
    graph.connect(numbers, "output", pe, "input")
