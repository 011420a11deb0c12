"""What an element knows of itself: its rank, its id, its name, its log."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class Speeches(ProducerPE):
    def _process(self, inputs):
        return inputs["words"]


class Speaker(IterativePE):
    def _preprocess(self):
        self.prepared = "%s is %s" % (self.name, self.id[: len(self.name)])

    def _process(self, data):
        self.log("says %s" % data)
        assert self.id.startswith("Speaker")
        return self.prepared, data, isinstance(self.rank, int)


graph = WorkflowGraph()
graph.connect(Speeches(), "output", Speaker(), "input")
