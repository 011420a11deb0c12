"""What elements write when their sources have ended, through elements that do the same."""

from dispel4py.base import ConsumerPE, IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class EndSource(ProducerPE):
    def __init__(self):
        ProducerPE.__init__(self)
        self.calls = 0

    def _process(self, inputs):
        self.calls += 1
        return self.calls

    def _postprocess(self):
        self.write("output", -self.calls)


class Sort(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.kept = []

    def _process(self, data):
        self.kept.append(data)

    def _postprocess(self):
        for place, value in enumerate(sorted(self.kept)):
            self.write("output", (place, value))


class Note(ConsumerPE):
    def __init__(self):
        ConsumerPE.__init__(self)
        self._add_output("notes")
        self.notes = []

    def _process(self, data):
        self.notes.append("%d:%d" % data)

    def _postprocess(self):
        self.write("notes", " ".join(sorted(self.notes)))


source, sort, note = EndSource(), Sort(), Note()
graph = WorkflowGraph()
graph.connect(source, "output", sort, "input")
graph.connect(sort, "output", note, "input")
