"""Functions and classes without a name of their own: in functions, and lambdas."""

from dispel4py.base import IterativePE, ProducerPE, SimpleFunctionPE
from dispel4py.workflow_graph import WorkflowGraph


def make_graph(limit):
    class Upto(ProducerPE):
        def _process(self, inputs):
            for number in range(limit):
                self.write("output", number)

    class Largest(IterativePE):
        def _process(self, data):
            return Pair(data, limit - data)

    class Pair:
        def __init__(self, *both):
            self.both = both

    def times(data, factor):
        return [each * factor for each in data.both]

    graph = WorkflowGraph()
    upto, largest = Upto(), Largest()
    squares = SimpleFunctionPE(times, {"factor": limit})
    last = IterativePE()
    last.name = "last"
    last._process = lambda data: max(data)
    graph.connect(upto, "output", largest, "input")
    graph.connect(largest, "output", squares, "input")
    graph.connect(squares, "output", last, "input")
    return graph


graph = make_graph(25)
