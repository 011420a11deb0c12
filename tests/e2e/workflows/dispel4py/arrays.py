"""Arrays of numpy as tuples, and in them."""

import numpy as np

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class ArraySource(ProducerPE):
    def _process(self, inputs):
        return np.arange(inputs["size"], dtype=np.int32)


class Wave(IterativePE):
    def _process(self, data):
        self.write("output", {"size": len(data), "data": data[::2].reshape(1, -1)})


class Scale(IterativePE):
    def _process(self, data):
        data["data"] *= 3  # in place: other receivers must not see it
        return data["data"]


class Sum(IterativePE):
    def _process(self, data):
        return int(data["data"].sum()), data["size"]


source, wave = ArraySource(), Wave()
graph = WorkflowGraph()
graph.connect(source, "output", wave, "input")
graph.connect(wave, "output", Scale(), "input")
graph.connect(wave, "output", Sum(), "input")
