"""Calls that write very many tuples each."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class FloodSource(ProducerPE):
    def _process(self, inputs):
        for number in range(5000):
            self.write("output", number)


class Divisors(IterativePE):
    def _process(self, data):
        if data % 500 == 0:
            for divisor in range(1, data + 1):
                if data % divisor == 0:
                    self.write("output", (data, divisor))


graph = WorkflowGraph()
graph.connect(FloodSource(), "output", Divisors(), "input")
