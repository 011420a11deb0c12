"""A chain of functions, connected like an element; other classes of elements in it."""

from dispel4py.base import ProducerPE, SimpleFunctionPE, create_iterative_chain
from dispel4py.workflow_graph import WorkflowGraph


class ChainNumbers(ProducerPE):
    def _process(self, inputs):
        return inputs["number"]


class Logged(SimpleFunctionPE):
    def __init__(self):
        SimpleFunctionPE.__init__(self)

    def _process(self, data):
        return self.name, self.compute_fn(data[1] if isinstance(data, tuple) else data, **self.params)


def add_two(data):
    return 2 + data


def multiply_by_four(data):
    return 4 * data


def subtract(data, n):
    return data - n


def only_even(data):
    return data if data % 2 == 0 else None


numbers = ChainNumbers()
chain = create_iterative_chain([add_two, only_even, multiply_by_four, (subtract, {"n": 1})])
logged = create_iterative_chain([add_two, add_two], Logged, name_prefix="Logged_", name_suffix="_x")
graph = WorkflowGraph()
graph.connect(numbers, "output", chain, "input")
graph.connect(chain, "output", logged, "input")
