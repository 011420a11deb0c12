"""Functions as elements, with parameters."""

from dispel4py.base import ProducerPE, SimpleFunctionPE
from dispel4py.workflow_graph import WorkflowGraph


class FunctionInputs(ProducerPE):
    def _process(self, inputs):
        return inputs["number"]


def scale(data, factor=1, offset=0):
    return data * factor + offset


def nothing_for_odd(data):
    if data % 2 == 0:
        return {"even": data}


class Half(SimpleFunctionPE):
    def __init__(self):
        SimpleFunctionPE.__init__(self, scale, {"factor": 0.5})


numbers = FunctionInputs()
graph = WorkflowGraph()
for pe in (
    SimpleFunctionPE(scale),
    SimpleFunctionPE(scale, {"factor": 3, "offset": 1}),
    SimpleFunctionPE(compute_fn=nothing_for_odd, params={}),
    Half(),
):
    graph.connect(numbers, "output", pe, "input")
