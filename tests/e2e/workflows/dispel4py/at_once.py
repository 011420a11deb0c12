"""A script that runs its graph when it is loaded, as in a notebook, and has a main part that is for Python alone."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.new.simple_process import process, process_and_return
from dispel4py.workflow_graph import WorkflowGraph, draw


class OnceNumbers(ProducerPE):
    def _process(self, inputs):
        return inputs.get("number", 1)


class Add(IterativePE):
    def __init__(self, number):
        IterativePE.__init__(self)
        self.number = number

    def _process(self, data):
        return data + self.number


producer = OnceNumbers()
add = Add(1)
graph = WorkflowGraph()
graph.connect(producer, "output", add, "input")
found = process_and_return(graph, {producer: [{"number": 5}, {"number": 6}]})
add.number = sum(found[add.id]["output"])
process(graph, {producer: 2})
assert draw(graph).startswith("digraph")

if __name__ == "__main__":
    raise SystemExit("not for loading")
