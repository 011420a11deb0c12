"""Imports in functions, while the run goes on, and elements of another module."""

from dispel4py.workflow_graph import WorkflowGraph
from dispel4py.base import IterativePE, ProducerPE

from shared_elements import Shout, Word


class LateWords(ProducerPE):
    def _process(self, inputs):
        return Word(inputs["word"])


class Late(IterativePE):
    def _preprocess(self):
        from dispel4py.core import NAME

        self.port = self.inputconnections["input"][NAME]

    def _process(self, data):
        import dispel4py.new.aggregate as aggregate

        count = aggregate.CountPE()
        count.process({"input": data})
        return self.port, data, count.value


graph = WorkflowGraph()
words, shout = LateWords(), Shout()
graph.connect(words, "output", shout, "input")
graph.connect(shout, "output", Late(), "input")
