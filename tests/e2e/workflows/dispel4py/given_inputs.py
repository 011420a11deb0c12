"""Roots that are given inputs: with several input ports, with one, and with none."""

from dispel4py.base import BasePE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class GivenPair(BasePE):
    def __init__(self):
        BasePE.__init__(self, num_inputs=2, num_outputs=1)

    def process(self, inputs):
        return {"output0": [inputs["input0"], inputs.get("input1", "none")]}


class GivenWord(IterativePE):
    def _process(self, data):
        return data.upper()


class GivenCalls(ProducerPE):
    def _process(self, inputs):
        return "called with %d" % len(inputs)


class Pass(IterativePE):
    def _process(self, data):
        return data


graph = WorkflowGraph()
pair, word, calls = GivenPair(), GivenWord(), GivenCalls()
word.name = "words"
graph.connect(pair, "output0", Pass(), "input")
graph.connect(word, "output", Pass(), "input")
graph.connect(calls, "output", Pass(), "input")
