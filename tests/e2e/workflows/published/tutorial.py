"""What the tutorials show: a divisor, a writer of many, a composite, the test elements, a timed element."""

from dispel4py.base import CompositePE, IterativePE, SimpleFunctionPE
from dispel4py.examples.graph_testing import testing_PEs as t
from dispel4py.new.monitoring import ProcessTimingPE
from dispel4py.workflow_graph import WorkflowGraph


class MyFirstPE(IterativePE):
    def __init__(self, divisor):
        IterativePE.__init__(self)
        self.divisor = divisor

    def _process(self, data):
        if data % self.divisor:
            return data


class Both(IterativePE):
    """Writes, and returns with a name that it has not declared."""

    def process(self, inputs):
        self.write("output", inputs["input"])
        return {"halved": inputs["input"] / 2}


def square(number):
    return number * number


def create(graph):
    first, last = MyFirstPE(3), SimpleFunctionPE(square)
    graph.connect(first, "output", last, "input")
    graph._map_input("in", first, "input")
    graph._map_output("out", last, "output")


graph, many, both = WorkflowGraph(), t.TestMultiProducer(20), ProcessTimingPE(Both())
composite, delayed = CompositePE(create), ProcessTimingPE(t.TestDelayOneInOneOut(0.001))
graph.connect(many, "output", composite, "in")
graph.connect(composite, "out", both, "input")
graph.connect(both, "output", delayed, "input")
