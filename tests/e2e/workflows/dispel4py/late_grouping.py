"""The grouping is given after the element was made and connected."""

from dispel4py.base import IterativePE, ProducerPE
from dispel4py.workflow_graph import WorkflowGraph


class LetterSource(ProducerPE):
    def _process(self, inputs):
        for letter in inputs["text"]:
            self.write("output", {"letter": letter})


class Tally(IterativePE):
    def __init__(self):
        IterativePE.__init__(self)
        self.seen = {}

    def _process(self, data):
        letter = data["letter"]
        self.seen[letter] = self.seen.get(letter, 0) + 1
        return letter, self.seen[letter]


letters, tally = LetterSource(), Tally()
graph = WorkflowGraph()
graph.connect(letters, "output", tally, "input")
tally.inputconnections["input"]["grouping"] = ["letter"]
tally.numprocesses = 4
