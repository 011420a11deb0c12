"""Every instance gets every tuple."""

from dispel4py.base import ProducerPE
from dispel4py.core import GenericPE
from dispel4py.workflow_graph import WorkflowGraph


class NewsItems(ProducerPE):
    def _process(self, inputs):
        return inputs["item"]


class Reader(GenericPE):
    def __init__(self):
        GenericPE.__init__(self)
        self._add_input("news", grouping="all")
        self._add_output("known")
        self.known = []

    def process(self, inputs):
        self.known.append(inputs["news"])

    def _postprocess(self):
        self.write("known", sorted(self.known))


news, reader = NewsItems(), Reader()
reader.numprocesses = 3
graph = WorkflowGraph()
graph.connect(news, "output", reader, "news")
